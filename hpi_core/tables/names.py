"""Column names: stripped, filled in where empty, made unique, and kept off the names the frame needs for itself.

Imports nothing heavy: the preview and the full read name columns alike.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_RESERVED = frozenset({"_row", "_status"})
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ID_WHOLE = frozenset(
    [
        "trial",
        "trials",
        "run",
        "runs",
        "id",
        "ids",
        "uid",
        "uuid",
        "guid",
        "number",
        "no",
        "num",
        "name",
        "exp",
        "experiment",
        "job",
        "index",
        "hash",
        "sha",
        "key",
        "tag",
    ]
)
_ID_LAST = frozenset(["id", "ids", "uid", "uuid", "guid", "sha", "hash", "revision", "commit"])
_ID_SUBJECT = frozenset(["trial", "run", "exp", "experiment", "job", "task", "config", "sweep", "study", "model"])
_ID_DETAIL = frozenset(["number", "no", "num", "name", "index", "key", "idx"])


@dataclass(frozen=True)
class Renamed:
    """One name that could not stay: its 0-based position, what stood in the file, what it became."""

    position: int
    was: str
    became: str


def unique_names(raw: Sequence[str]) -> tuple[list[str], list[Renamed]]:
    """Return names fit for a frame: stripped, `col_3` where empty, `loss_2` for the second `loss`; and what changed."""
    stripped = [name.replace("\x00", "").strip() for name in raw]
    taken = set(stripped) | _RESERVED
    seen: set[str] = set()
    next_number: dict[str, int] = {}
    names: list[str] = []
    changed: list[Renamed] = []
    for position, name in enumerate(stripped):
        became = name or f"col_{position + 1}"
        if became in seen or became in _RESERVED or (not name and became in taken):
            base = became
            number = next_number.get(base, 2)
            while (became := f"{base}_{number}") in taken or became in seen:
                number += 1
            next_number[base] = number + 1
        seen.add(became)
        names.append(became)
        if became != raw[position]:
            changed.append(Renamed(position, raw[position], became))
    return names, changed


def is_id_name(name: str) -> bool:
    """Say whether a column of this name holds ids, which are kept as the text that stood in the file."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words:
        return False
    if len(words) == 1:
        return words[0] in _ID_WHOLE
    if words[-1] in _ID_LAST or words[0] in ("id", "uid", "uuid"):
        return True
    return words[-1] in _ID_DETAIL and words[-2] in _ID_SUBJECT
