"""A folder of an optimiser whose file of trials is empty, damaged or was not fetched: told so, and nothing else opened.

What lies beside that file (settings, the search space, statistics) is no sweep, though it may look like a table.
"""

from __future__ import annotations

import re
from pathlib import Path

from hpi_core.errors import SourceError
from hpi_core.tables.run_files import AGAIN, bounded
from hpi_core.text import safe

# The claim on such a folder: less than that on a store, more than that on a table.
UNREAD = 40
_LARGEST = 512 << 20
# How the description of a search space begins that ConfigSpace writes.
SPACE = re.compile(rb'"hyperparameters"\s*:\s*\[')


def has_companion(path: Path, companion: Path, pattern: re.Pattern[bytes]) -> bool:
    """Say whether the file that should hold the trials is there, and its `companion` begins as the tool writes it."""
    try:
        if not path.exists() or not companion.is_file():
            return False
        with companion.open("rb") as file:
            return pattern.search(file.read(4096)) is not None
    except OSError:
        return False


def unread(path: Path, what: str) -> SourceError:
    """Return the sentence for the file that should hold the trials and begins as no `what` does."""
    try:
        data = bounded(path, path.parent, _LARGEST)
    except SourceError as error:
        return SourceError(error.message, error.hint or AGAIN)
    if not data.strip(b"\0 \t\r\n"):
        return SourceError(f"{safe(path.name)} is empty.", "Was the search interrupted before its first trial ended?")
    return SourceError(f"{safe(path.name)} does not begin as {what} does: it is damaged.", AGAIN)
