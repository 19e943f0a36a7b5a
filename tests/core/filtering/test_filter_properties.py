"""The compiled filter against a naive evaluator in plain Python, and conditions that parse back to their trials."""

from __future__ import annotations

import math
import operator
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from hpi_core.filter import condition, parse

_FLOATS = st.sampled_from([None, math.nan, math.inf, -math.inf, -1.5, 0.0, 1e-5, 0.01, 0.1, 1.0, 3.0])
_INTS = st.sampled_from([None, -3, 0, 1, 2, 17])
_WORDS = st.sampled_from([None, "adam", "Adam", "lion", "nan", "a b", "", "3"])
_ROWS = st.lists(st.tuples(_FLOATS, _FLOATS, _INTS, _WORDS), min_size=1, max_size=12)
_OPERATORS = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


def _number(column: str) -> st.SearchStrategy[tuple[str, Any]]:
    def make(op: str, bound: float) -> tuple[str, Any]:
        return f"{column} {op} {bound!r}", lambda row: _holds(op, row[column], bound)

    return st.builds(make, st.sampled_from(sorted(_OPERATORS)), st.sampled_from([-1.5, 0.0, 0.01, 1.0, 2.0, math.inf]))


def _holds(op: str, left: Any, right: Any) -> bool:
    if left is None or right is None or left != left or right != right:
        return False
    return bool(_OPERATORS[op](left, right))


def _states(column: str) -> st.SearchStrategy[tuple[str, Any]]:
    tests = {
        "nan": lambda v: v is not None and math.isnan(v),
        "missing": lambda v: v is None,
        "inf": lambda v: v is not None and math.isinf(v),
        "finite": lambda v: v is not None and math.isfinite(v),
    }

    def make(state: str, negated: bool) -> tuple[str, Any]:
        text = f"{column} is {'not ' if negated else ''}{state}"
        return text, lambda row: tests[state](row[column]) != negated

    return st.builds(make, st.sampled_from(sorted(tests)), st.booleans())


def _text() -> st.SearchStrategy[tuple[str, Any]]:
    words = ["adam", "lion", "a b", ""]

    def equal(op: str, word: str) -> tuple[str, Any]:
        return f'o {op} "{word}"', lambda row: _holds(op, row["o"], word)

    def member(some: list[str], negated: bool) -> tuple[str, Any]:
        listed = ", ".join(f'"{word}"' for word in some)
        text = f"o {'not ' if negated else ''}in ({listed})"
        return text, lambda row: row["o"] is not None and ((row["o"] in some) != negated)

    def match(word: str) -> tuple[str, Any]:
        return f'o ~ "{word}"', lambda row: row["o"] is not None and word.lower() in row["o"].lower()

    return st.one_of(
        st.builds(equal, st.sampled_from(["==", "!="]), st.sampled_from(words)),
        st.builds(member, st.lists(st.sampled_from(words), min_size=1, max_size=3), st.booleans()),
        st.builds(match, st.sampled_from(["A", "on", "", "b"])),
    )


def _columns() -> st.SearchStrategy[tuple[str, Any]]:
    def make(op: str) -> tuple[str, Any]:
        return f"x {op} y", lambda row: _holds(op, row["x"], row["y"])

    def chain(first: str, second: str) -> tuple[str, Any]:
        return (
            f"0.01 {first} x {second} 1.0",
            lambda row: _holds(first, 0.01, row["x"]) and _holds(second, row["x"], 1.0),
        )

    ops = st.sampled_from(sorted(_OPERATORS))
    return st.one_of(st.builds(make, ops), st.builds(chain, ops, ops))


def _joined(parts: st.SearchStrategy[tuple[str, Any]]) -> st.SearchStrategy[tuple[str, Any]]:
    def join(word: str, left: tuple[str, Any], right: tuple[str, Any]) -> tuple[str, Any]:
        if word == "not":
            return f"not ({left[0]})", lambda row: not left[1](row)
        every = word == "and"
        return f"({left[0]}) {word} ({right[0]})", lambda row: (all if every else any)([left[1](row), right[1](row)])

    return st.builds(join, st.sampled_from(["and", "or", "not"]), parts, parts)


_LEAVES = st.one_of(_number("x"), _number("k"), _states("x"), _text(), _columns())


@settings(max_examples=250, deadline=None)
@given(_ROWS, st.recursive(_LEAVES, _joined, max_leaves=5))
def test_the_mask_equals_a_naive_evaluator(rows: list[tuple[Any, ...]], case: tuple[str, Any]) -> None:
    text, naive = case
    schema = {"x": pl.Float64, "y": pl.Float64, "k": pl.Int64, "o": pl.String}
    table = pl.DataFrame(rows, schema=schema, orient="row")
    mask = table.select(parse(text).expression(table).alias("m")).get_column("m")
    assert mask.null_count() == 0
    expected = [naive(row) for row in table.iter_rows(named=True)]
    assert (mask.to_list() if len(mask) == len(expected) else mask.to_list() * len(expected)) == expected, text


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.floats(allow_nan=True), min_size=1, max_size=20),
    st.one_of(st.none(), st.floats(allow_nan=False)),
    st.one_of(st.none(), st.floats(allow_nan=False)),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
        lambda n: n not in ("_row", "_status")
    ),
)
def test_a_condition_selects_exactly_its_interval(
    values: list[float], low: float | None, high: float | None, name: str
) -> None:
    if low is None and high is None:
        return
    table = pl.DataFrame({name: values})
    mask = table.select(parse(condition(name, low, high)).expression(table).alias("m"))
    expected = [v == v and (low is None or v > low) and (high is None or v <= high) for v in values]
    assert mask.get_column("m").to_list() == expected


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=6), st.integers(1, 6)
)
def test_a_condition_of_values_selects_exactly_them(words: list[str], taken: int) -> None:
    table = pl.DataFrame({"optimizer": words})
    chosen = words[:taken]
    mask = table.select(parse(condition("optimizer", values=chosen)).expression(table).alias("m")).get_column("m")
    assert mask.to_list() == [word in chosen for word in words]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_filter_or_a_filter_error(text: str) -> None:
    from hpi_core.errors import FilterError

    table = pl.DataFrame({"_row": [0], "lr": [0.1], "o": ["a"]}, schema_overrides={"_row": pl.UInt32})
    try:
        expression = parse(text).expression(table)
    except FilterError as error:
        position = error.position
    else:
        position = 0
        assert table.select(expression.alias("m")).get_column("m").dtype == pl.Boolean
    assert 0 <= position <= len(text)
