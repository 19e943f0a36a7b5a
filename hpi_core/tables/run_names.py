"""Hyperparameters hidden in names: `lr=0.1-bs=32` holds a learning rate and a batch size."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

# A key is a word; its value runs to the next separator that a new key follows, or to the end.
_PART = re.compile(
    r"(?:^|[\s,;_\-/|&(])([A-Za-z][\w.]*?)\s*[=:]\s*"
    r"(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])|-?\d[\d.]*(?:[eE][+-]?\d+)?(?=_)|-?[^\s,;=|&()]+?)"
    r"(?=$|[\s,;|&)]|[_\-/](?:[A-Za-z][\w.]*?\s*[=:]|\d))"
)
# A variable of a folder's name: a word and a number without anything between, or with one sign: rank8, lr1e-5, seed_3.
# The word may hold `_` (weight_decay0.1) or begin after one (adam_lr0.1): which, the other names tell.
_AFTER = r"[=_\-]?(-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)"
_WORDS_NUMBER = re.compile(rf"([A-Za-z][A-Za-z_]*?){_AFTER}", re.IGNORECASE)
_WORD_NUMBER = re.compile(rf"([A-Za-z]+){_AFTER}", re.IGNORECASE)
_BETWEEN = re.compile(r"[,_\-+ ]+")
_DATED = re.compile(r"\d{4}[-_]?\d{2}[-_]?\d{2}([T_-]\d{2}[-_:]?\d{2}([-_:]?\d{2})?)?")
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
# What numbers runs rather than varies anything: version_0, run3, trial-7.
_NUMBERED = frozenset(
    ("version", "v", "run", "trial", "exp", "experiment", "job", "task", "attempt", "try", "id", "idx", "index", "no",
     "num", "nr", "number", "part", "checkpoint", "ckpt", "config", "study", "sweep", "test", "log", "logs", "output")
)  # fmt: skip
_INTEGER = re.compile(r"-?\d{1,18}")


def parts_of_names(names: Sequence[str]) -> dict[str, list[object]]:
    """Return key -> values, one per name, of the keys that every name has; numbers where all values are numbers."""
    found = [dict(_PART.findall(name)) for name in names]
    if not found:
        return {}
    keys = [key for key in found[0] if all(key in one for one in found)]
    return {key: _typed([one[key] for one in found]) for key in keys}


def parts_of_folders(paths: Sequence[tuple[str, ...]]) -> list[dict[str, object]]:
    """Return the variables in the names of folders (`rank8_lr1e-5`, `adam/lr=0.1`), one dictionary per path.

    A variable counts where most names have it and its values differ, unless it merely numbers the runs (`version_0`).
    """
    readings = [_kept([_variables(parts, form) for parts in paths]) for form in (_WORDS_NUMBER, _WORD_NUMBER)]
    return max(readings, key=lambda reading: sum(map(len, reading)))


def _kept(found: list[dict[str, str]]) -> list[dict[str, object]]:
    counted = Counter(key for one in found for key in one)
    kept = [key for key, count in counted.items() if count > len(found) / 2]
    kept = [key for key in kept if key.casefold() not in _NUMBERED and len({one.get(key) for one in found}) > 1]
    typed = {key: _typed([one.get(key) or "" for one in found]) for key in kept}
    return [{key: values[row] for key, values in typed.items() if one.get(key)} for row, one in enumerate(found)]


def _variables(parts: tuple[str, ...], form: re.Pattern[str]) -> dict[str, str]:
    out: dict[str, str] = {}
    for part in parts:
        text = _DATED.sub("", part)
        for key, value in _PART.findall(text) or _words_and_numbers(text, form):
            out.setdefault(key, value)
    return out


def _words_and_numbers(text: str, form: re.Pattern[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = form.match(text, at)
        whole = match is not None and (match.end() == len(text) or _BETWEEN.match(text, match.end()) is not None)
        if match is not None and whole:
            found.append((match[1].strip("_"), match[2]))
        gap = _BETWEEN.search(text, match.end() if match is not None and whole else at)
        at = gap.end() if gap else len(text)
    return found


def _typed(texts: list[str]) -> list[object]:
    present = [text for text in texts if text]
    if all(_INTEGER.fullmatch(text) for text in present):
        return [int(text) if text else None for text in texts]
    if all(_NUMBER.fullmatch(text) for text in present):
        return [float(text) if text else None for text in texts]
    return list(texts)
