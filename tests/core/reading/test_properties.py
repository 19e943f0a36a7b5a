"""Properties: a table written in any polluted way is read back equal, and every line is accounted for."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.reading.delimited import check_every_line_counts, read

NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=64)
WORDS = st.sampled_from(
    ["adam", "sgd momentum", "größer", 'say "no"', "a,b", "x;y", "tab\there", "bar|bar", "two\nlines"]
)
ROWS = st.lists(st.tuples(NUMBERS, WORDS, st.integers(-(2**63), 2**63 - 1)), min_size=3, max_size=30)
SEPARATORS = st.sampled_from([",", ";", "\t", "|"])
LINE_ENDS = st.sampled_from(["\n", "\r\n"])


def _cell(value: object, separator: str, always: bool) -> str:
    text = repr(value) if isinstance(value, float) else str(value)
    if always or any(c in text for c in (separator, '"', "\n", "\r")):
        return '"' + text.replace('"', '""') + '"'
    return text


def _write(rows: Sequence[Sequence[object]], separator: str, end: str, quoted: bool) -> list[str]:
    return [separator.join(_cell(value, separator, quoted) for value in row) + end for row in rows]


def _same(first: float | None, second: float) -> bool:
    return first is not None and (first == second or (math.isnan(first) and math.isnan(second)))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(ROWS, SEPARATORS, LINE_ENDS, st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_a_table_written_in_a_polluted_way_is_read_back(
    rows: list[tuple[float, str, int]], separator: str, end: str, quoted: bool, banner: bool, blanks: bool, mark: bool
) -> None:
    lines = _write([("loss", "opt", "step"), *rows], separator, end, quoted)
    if blanks:
        lines = [line + end for line in lines]
    if banner:
        lines = [f"# made on a Monday{end}", *lines]
    data = ("\ufeff" * mark + "".join(lines)).encode()
    table = read(data)
    check_every_line_counts(table, data)
    assert table.frame.columns == ["loss", "opt", "step"]
    assert table.frame["step"].to_list() == [row[2] for row in rows]
    assert table.frame["opt"].to_list() == [row[1] for row in rows]
    losses = table.frame["loss"].to_list()
    assert all(_same(got, row[0]) for got, row in zip(losses, rows, strict=True)), losses


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet='ab1.,;"\n\r\t| #-', max_size=120))
def test_no_text_breaks_the_count_of_lines(noise: str) -> None:
    rows = "".join(f"{k},0.{k},adam\n" for k in range(30))
    data = f"trial,loss,opt\n{rows}{noise}\n{rows}".encode()
    check_every_line_counts(read(data), data)
