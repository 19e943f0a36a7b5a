"""Small sweeps and the installed app for the tests of the terminal app."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tui.terminal import Terminal

APP = str(Path(sys.executable).parent / "hpi-tui")
Open = Callable[..., Terminal]


@pytest.fixture
def sweep_file(tmp_path: Path) -> Path:
    """Sixty trials: every tenth val_loss is nan, trial 7 is the best, three trials failed."""
    chance = random.Random(7)
    lines = ["trial_id,status,lr,batch_size,optimizer,train_loss,val_loss"]
    for trial in range(60):
        loss = "nan" if trial % 10 == 9 else ("0.1111" if trial == 7 else f"{0.2 + chance.random():.4f}")
        status = "failed" if trial in (3, 13, 23) else "completed"
        optimizer = chance.choice(["adam", "sgd", "lion"])
        rate, batch = 10 ** chance.uniform(-5, -1), chance.choice([16, 32, 64])
        lines.append(f"t{trial:03d},{status},{rate:.4g},{batch},{optimizer},0.5,{loss}")
    path = tmp_path / "sweep.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def open_app(tmp_path: Path) -> Open:
    """Return a function that opens the installed app in a pty, with settings of its own."""

    def open_it(*arguments: str, columns: int = 120, rows: int = 40, typed: bytes = b"", **env: str) -> Terminal:
        own = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config"), **env}
        return Terminal([APP, *arguments], columns, rows, own, typed)

    return open_it
