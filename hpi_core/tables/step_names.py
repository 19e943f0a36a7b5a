"""Steps in the names of columns: `0, 1, …`, `epoch_1`, `step 10`, `val_loss@5`, `val_loss_epoch_5`, `train_loss_20`.

Such a table has one row per trial, or per trial and metric, and as many columns as there are steps.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from hpi_core.roles.names import parse
from hpi_core.tables.curve_frames import is_step_name

_NUMBER = r"(?P<number>\d{1,9})(?:\.0+)?\]?"
_WORDED = re.compile(
    rf"(?:(?P<stem>.+?)[ _\-./:@\[]+)?(?:epochs?|steps?|ep|iter(?:ation)?|round)[ _\-./:=]*{_NUMBER}", re.IGNORECASE
)
_PLAIN = re.compile(rf"(?:(?P<stem>.*?[^\W\d_].*?)[ _\-./:@\[]*)?{_NUMBER}")
# What stands at several cut-offs (`recall@5`) rather than at several steps.
_CUT_OFFS = frozenset({"hits", "hit", "top", "recall", "precision", "ndcg", "map", "mrr", "k", "pass"})
_FEWEST, _FEWEST_NAMED = 3, 5


def steps_in_names(schema: Mapping[str, pl.DataType]) -> dict[str, tuple[str, int]]:
    """Return column -> (metric, step) of the columns named by steps, the metric empty where only steps are named.

    Empty where the table has a column of steps, or too few such columns.
    """
    if any(is_step_name(name) and not dtype.is_nested() for name, dtype in schema.items()):
        return {}
    found: dict[str, dict[int, str]] = {}
    worded: set[str] = set()
    for name, dtype in schema.items():
        match = (_WORDED.fullmatch(name.strip()) or _PLAIN.fullmatch(name.strip())) if dtype.is_numeric() else None
        if match is None:
            continue
        stem = match["stem"] or ""
        if match.re is _WORDED:
            worded.add(stem)
        found.setdefault(stem, {}).setdefault(int(match["number"]), name)
    return {
        name: (stem, step)
        for stem, columns in found.items()
        if _is_curve(stem, len(columns), stem in worded)
        for step, name in sorted(columns.items())
    }


def _is_curve(stem: str, columns: int, worded: bool) -> bool:
    if not stem:
        return columns >= _FEWEST
    read = parse(stem)
    if read.metric is None or (not worded and _CUT_OFFS & set(read.tokens)):
        return False
    return columns >= (_FEWEST if worded else _FEWEST_NAMED)
