"""Run the installed `hpi` as a person would, in a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HPI = Path(sys.executable).parent / "hpi"

SIX = """trial_id,status,lr,batch_size,epochs,train_loss,val_loss,runtime_sec
1,completed,0.001,32,10,0.3,0.35,100
2,completed,0.02,32,10,nan,nan,90
3,completed,0.0005,64,10,0.2,0.5,120
4,failed,0.01,64,3,inf,inf,30
5,completed,0.0001,32,10,0.24,0.25,110
6,completed,0.005,128,10,0.28,0.33,80
"""


def hpi(*arguments: str | Path, home: Path, stdin: bytes = b"", **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run `hpi` with `home` as the person's home folder and return what came of it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "HPATH_", "PYTHONWARN"))}
    environment = {**kept, "HOME": str(home), "COLUMNS": "100", **variables}
    return subprocess.run(
        [HPI, *arguments], input=stdin, capture_output=True, cwd=home, env=environment, check=False, timeout=120
    )


def planted(path: Path, rows: int = 300) -> Path:
    """Write a sweep in which every trial above lr 0.1 (a quarter of them) has a NaN loss, and nothing else is wrong."""
    import random

    draw = random.Random(7)
    lines = ["trial_id,status,lr,batch_size,optimizer,val_loss"]
    for row in range(rows):
        lr = 10 ** draw.uniform(-4, 0)
        loss = "nan" if lr > 0.1 else f"{draw.uniform(0.2, 0.9):.4f}"
        lines.append(f"{row},completed,{lr:.5g},{draw.choice((16, 32, 64))},{draw.choice(('adam', 'sgd'))},{loss}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
