"""complete(): what can stand at the cursor of a filter: columns, operators, states, values of the column before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from hpi_core.errors import FilterError
from hpi_core.filter.columns import find
from hpi_core.filter.condition import quote_column
from hpi_core.filter.language import TAGS
from hpi_core.filter.syntax import STATES, Value
from hpi_core.frames import STATUS

if TYPE_CHECKING:
    from hpi_core.sweep import Sweep

_TOKEN = re.compile(r"\"[^\"]*\"?|'[^']*'?|`[^`]*`?|<=|>=|==|!=|=~|!~|[<>≤≥≠=~(),]|[^\s()<>≤≥≠=!~,\"'`]+")
_COMPARE = frozenset(("<", "<=", "≤", ">", ">=", "≥", "==", "=", "!=", "≠", "~", "=~", "!~"))
_STATUSES = ("completed", "failed", "oom", "timeout", "pruned", "running", "unknown")
_MOST = 50
_SCAN = 100_000


@dataclass(frozen=True)
class Completion:
    """A text that can replace the characters `start` to `end` of the filter."""

    text: str
    start: int
    end: int
    kind: Literal["column", "operator", "value", "tag"]


def complete(text: str, cursor: int, sweep: Sweep) -> list[Completion]:
    """Return what can stand at the cursor, best first, at most 50; never raises."""
    before = text[:cursor]
    tokens = list(_TOKEN.finditer(before))
    touching = bool(tokens) and tokens[-1].end() == len(before) and re.match(r"[^<>=!~(),]", tokens[-1].group())
    start = tokens[-1].start() if touching else len(before)
    stub = before[start:]
    words = [token.group() for token in (tokens[:-1] if touching else tokens)]
    offered = _offered(words, sweep)
    stub_word = stub.strip("\"'`").casefold()
    first = [item for item in offered if item[0].strip("\"'`").casefold().startswith(stub_word)]
    rest = [item for item in offered if stub_word and stub_word in item[0].casefold() and item not in first]
    return [Completion(word, start, cursor, kind) for word, kind in [*first, *rest][:_MOST]]


_Offer = tuple[str, Literal["column", "operator", "value", "tag"]]


def _offered(words: list[str], sweep: Sweep) -> list[_Offer]:
    last = words[-1].casefold() if words else ""
    if last == "is" or (last == "not" and len(words) > 1 and words[-2].casefold() == "is"):
        states = STATES if last == "not" else (*STATES, "not")
        return [(state, "operator") for state in states]
    if last in _COMPARE and len(words) > 1:
        return _values(words[-2], sweep)
    if (subject := _listed(words)) is not None:
        return _values(subject, sweep) if last in ("(", ",") else [(",", "operator"), (")", "operator")]
    if last in ("", "and", "or", "not", "("):
        columns: list[_Offer] = [(quote_column(name), "column") for name in sweep.trials.columns]
        return [*columns, *((f"{tag}:", "tag") for tag in TAGS)]
    if _column(words[-1], sweep) is not None and not (len(words) > 1 and words[-2] in _COMPARE):
        return [(word, "operator") for word in ("==", "!=", "<", "<=", ">", ">=", "is", "in", "not in", "~", "=~")]
    return [("and", "operator"), ("or", "operator")]


def _listed(words: list[str]) -> str | None:
    """Return the column before `in (` if the cursor stands in its list."""
    for place in range(len(words) - 1, 1, -1):
        if words[place] == ")":
            return None
        if words[place] == "(" and words[place - 1].casefold() == "in":
            subject = place - 2
            return words[subject - 1] if words[subject].casefold() == "not" and subject else words[subject]
    return None


def _values(word: str, sweep: Sweep) -> list[_Offer]:
    name = _column(word, sweep)
    if name is None:
        return []
    column = sweep.trials.get_column(name).head(_SCAN)
    if column.dtype == pl.Boolean:
        return [("true", "value"), ("false", "value")]
    if column.dtype == pl.String:
        counted = column.drop_nulls().value_counts(sort=True).head(_MOST).get_column(name).to_list()
        words: list[str] = [*_STATUSES] if name in (STATUS, sweep.roles.status) else []
        words += [_written(value) for value in counted if value not in words]
        return [(value, "value") for value in words]
    if not column.dtype.is_numeric():
        return []
    levels = column.drop_nulls().unique().sort().head(_MOST).to_list()
    others = [
        quote_column(other)
        for other in sweep.trials.columns
        if other != name and sweep.trials.schema[other].is_numeric()
    ]
    return [*((repr(value), "value") for value in levels), *((other, "column") for other in others)]


def _written(value: str) -> str:
    if re.fullmatch(r"[A-Za-z_][\w.-]*", value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _column(word: str, sweep: Sweep) -> str | None:
    form: Literal["word", "column"] = "column" if word.startswith("`") else "word"
    try:
        return find(Value(word.strip("`").replace("``", "`"), form, 0, 0), sweep.trials.columns)
    except FilterError:
        return None
