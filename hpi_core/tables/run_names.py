"""Hyperparameters hidden in names: `lr=0.1-bs=32` holds a learning rate and a batch size."""

from __future__ import annotations

import re
from collections.abc import Sequence

# A key is a word; its value runs to the next separator that a new key follows, or to the end.
_PART = re.compile(
    r"(?:^|[\s,;_\-/|&(])([A-Za-z][\w.]*?)\s*[=:]\s*"
    r"(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])|-?\d[\d.]*(?:[eE][+-]?\d+)?(?=_)|-?[^\s,;=|&()]+?)"
    r"(?=$|[\s,;|&)]|[_\-/](?:[A-Za-z][\w.]*?\s*[=:]|\d))"
)
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_INTEGER = re.compile(r"-?\d{1,18}")


def parts_of_names(names: Sequence[str]) -> dict[str, list[object]]:
    """Return key -> values, one per name, of the keys that every name has; numbers where all values are numbers."""
    found = [dict(_PART.findall(name)) for name in names]
    if not found:
        return {}
    keys = [key for key in found[0] if all(key in one for one in found)]
    return {key: _typed([one[key] for one in found]) for key in keys}


def _typed(texts: list[str]) -> list[object]:
    if all(_INTEGER.fullmatch(text) for text in texts):
        return [int(text) for text in texts]
    if all(_NUMBER.fullmatch(text) for text in texts):
        return [float(text) for text in texts]
    return list(texts)
