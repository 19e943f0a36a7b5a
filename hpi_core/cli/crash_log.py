"""Where the details of an unexpected failure are kept: a file of the person's own, never the terminal."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from pathlib import Path


def write_crash_log(error: BaseException) -> str:
    """Write the traceback (calls only, no values of variables) to a private file and return its path, or why not."""
    from hpi_core import __version__

    text = "".join(
        [
            f"hpi {__version__}, Python {platform.python_version()}, {platform.platform()}\n",
            *traceback.format_exception(error),
        ]
    )
    for folder in _folders():
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, path = tempfile.mkstemp(prefix="crash-", suffix=".log", dir=folder)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue
        return path
    return "(no folder could be written to keep them)"


def _folders() -> list[Path]:
    try:
        import platformdirs

        state = [Path(platformdirs.user_state_dir("hpi-tui")) / "crashes"]
    except (ImportError, RuntimeError, OSError):  # no home folder at all
        state = []
    return [*state, Path(tempfile.gettempdir())]
