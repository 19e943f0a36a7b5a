"""The sheet of two hyperparameters together: the table, the square under the cursor, the worst one, and the claim.

A square is filled where the interval of its rate lies above the rate of all; few trials are grey and in brackets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from hpi_core.numerals import percent, plural
from hpi_core.text import safe
from hpi_tui.cell_format import all_whole, choose_format, told_apart
from hpi_tui.panes.bucket_words import wrapped
from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Run, paint, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpi_core.charts.parts import Part
    from hpi_core.charts.together import Square, TogetherChart

_LABEL_WIDEST, _WIDE_CELL, _LABEL = 24, 15, 10
_SHADES = ("", "▒", "▓", "█")


@dataclass(frozen=True)
class Drawn:
    """The lines at one size; the line of the first row of squares, and number, first cell and cells of every column."""

    size: tuple[int, int]
    strips: list[Strip]
    first: int
    columns: tuple[tuple[int, int, int], ...]
    first_row: int = 0
    rows: int = 0

    def square_at(self, x: int, y: int) -> tuple[int, int] | None:
        """Return row and column of the square at x, y."""
        column = next((at for at, left, wide in self.columns if left <= x < left + wide + 1), None)
        if column is None or not 0 <= y - self.first < self.rows:
            return None
        return self.first_row + y - self.first, column


def draw(look: Look, view: TogetherChart, at: tuple[int, int], width: int, height: int, *, active: bool) -> Drawn:
    """Draw the view in `height` lines of `width` cells."""
    label = [Run(" 3 ", "muted"), Run("Together", "text", True)]
    tag = "" if view.column is None else f"  {view.column.tag}"
    room = max(6, (width - 19 - cell_len(tag)) // 2)
    both = (_fit(look, safe(name), min(room, cell_len(safe(name)))) for name in (view.first, view.second))
    names = f"  {' × '.join(both)}"
    filled = "filled" if look.fills else "shaded"
    legend = f"{filled}: surely above the {percent(view.overall)} of all "
    columns = _columns(look, view, at[1], width) if view.squares else ()
    left_out = len(view.columns) - len(columns)
    more = f"+{plural(left_out, 'column')} " if left_out else ""
    if cell_len(names) + cell_len(tag) + cell_len(more) + 14 > width:
        more = ""
    room = width - 12 - cell_len(names) - cell_len(tag) - cell_len(more) - 2
    told = legend if view.squares and cell_len(legend) <= room and not left_out else ""
    right = [Run(more or told, "muted")]
    token = "err" if view.column is not None and view.column.tone == "error" else "text"
    strips = [title(look, width, label, [Run(names, "text"), Run(tag, token, True)], right, active)]
    if view.empty is not None or not view.squares:
        lines = wrapped(view.empty or "", max(8, width - 3))
        strips += [paint(look, [Run(f"  {line}", "muted")], width) for line in lines]
        return Drawn((width, height), strips[:height], 0, ())
    words = _words(look, view, at, width, "" if told else legend)
    rows = max(1, min(len(view.rows), height - 2 - min(len(words) + 1, max(1, height // 3))))
    first_row = max(0, min(at[0] - rows // 2, len(view.rows) - rows))
    if height - len(words) - rows > 6:
        strips.append(paint(look, [], width))
    strips.append(_headings(look, view, columns, width, at))
    first = len(strips)
    labels = told_apart(_labels(view.rows, view.logs[0]), columns[0][1] - 3)
    for row in range(first_row, first_row + rows):
        strips.append(_row(look, view, row, labels[row], columns, width, at, active))
    if height - len(strips) > len(words):
        strips.append(paint(look, [], width))
    strips += words
    return Drawn((width, height), strips[:height], first, columns, first_row, rows)


def _columns(look: Look, view: TogetherChart, at: int, width: int) -> tuple[tuple[int, int, int], ...]:
    """Place as many columns as fit, evenly, the chosen one among them."""
    left = 3 + _label_width(look, view, width)
    count = len(view.columns)
    needed = 2 + max(cell_len(_counts(square)) for row in view.squares for square in row) + 1
    even = min(_WIDE_CELL + 4, (width - left) // count - 1)
    wide = max(needed, even)
    shown = max(1, min(count, (width - left) // (wide + 1)))
    first = max(0, min(at - shown // 2, count - shown))
    return tuple((first + k, left + k * (wide + 1), wide) for k in range(shown))


def _label_width(look: Look, view: TogetherChart, width: int) -> int:
    longest = max(cell_len(look.sign(text)) for text in _labels(view.rows, view.logs[0]))
    return max(6, min(longest, _LABEL_WIDEST, width // 3), min(cell_len(safe(view.first)), 12))


def _headings(
    look: Look, view: TogetherChart, columns: Sequence[tuple[int, int, int]], width: int, at: tuple[int, int]
) -> Strip:
    labels, ends = _labels(view.columns, view.logs[1]), told_apart(_upper_ends(view.columns), columns[0][2])
    head = _fit(look, f"{safe(view.first)} ↓", columns[0][1] - 3)
    segments = [Segment(f"  {head} ", look.style("muted"))]
    for k, _left, wide in columns:
        text = labels[k] if cell_len(look.sign(labels[k])) <= wide else ends[k]
        here = k == at[1]
        style = look.style("strong" if here else "muted", bold=here)
        segments += [Segment(_centred(_fit(look, text, wide).strip(), wide), style), Segment(" ", look.style())]
    return Strip(segments).adjust_cell_length(width, look.style())


def _row(
    look: Look,
    view: TogetherChart,
    row: int,
    label: str,
    columns: Sequence[tuple[int, int, int]],
    width: int,
    at: tuple[int, int],
    active: bool,
) -> Strip:
    here = row == at[0]
    mark = look.sign("▌") if here and active else " "
    name = _fit(look, label, columns[0][1] - 3)
    segments = [
        Segment(f"{mark} ", look.style("strong")),
        Segment(f"{name} ", look.style("strong" if here else "text", bold=here)),
    ]
    for k, _left, wide in columns:
        tone = "error" if view.column is None else view.column.tone
        chosen = (row, k) == at
        segments += [_square(look, view.squares[row][k], wide, tone, chosen), Segment(" ", look.style())]
    return Strip(segments).adjust_cell_length(width, look.style())


def _square(look: Look, square: Square, wide: int, tone: str, chosen: bool) -> Segment:
    from hpi_core.charts.together import FEW

    level = 0 if not square.raised or square.rate is None else 1 + int(square.rate >= 1 / 3) + int(square.rate >= 2 / 3)
    shade = "" if look.fills else look.sign(_SHADES[level])
    counts = _counts(square)
    text = f"{shade}{counts}"
    if square.n and wide >= _WIDE_CELL:
        text = f"{shade}{percent(square.rate)}  {counts}"
    if 0 < square.n < FEW:
        text = f"({counts})"
    text = look.sign(text)
    shown = _centred(f"[{text}]" if chosen else text, wide)
    if level and look.fills:
        ink = "ink" if level == 3 or look.light else "strong"
        return Segment(shown, look.style(ink, f"{'cool' if tone == 'good' else 'heat'}{level}", bold=True))
    if level:
        return Segment(shown, look.style("good" if tone == "good" else "err", bold=level == 3 or chosen))
    token = "muted" if square.n < FEW else "text"
    return Segment(shown, look.style("strong" if chosen else token, bold=chosen))


def _words(look: Look, view: TogetherChart, at: tuple[int, int], width: int, legend: str) -> list[Strip]:
    from hpi_core.charts.together import overall_words, square_words

    said = [("here", square_words(view, *at), "strong")]
    if view.worst is not None and view.worst != at:
        said.append(("worst" if view.column is None or view.column.tone != "good" else "best",
                     square_words(view, *view.worst), "text"))  # fmt: skip
    elif view.worst == at and view.column is not None:
        most = "the best square" if view.column.tone == "good" else "the worst square"
        said = [("here", f"{said[0][1]}; {most}", "strong")]
    said += [("all", overall_words(view) + (f"; {legend.strip()}" if legend else ""), "text")]
    said.append(("claim", view.said, "text" if view.pair else "muted"))
    strips = []
    for caption, text, token in said:
        for number, line in enumerate(wrapped(look.sign(text), max(10, width - _LABEL - 3))):
            head = "" if number else caption
            strips.append(paint(look, [Run(f"  {head.ljust(_LABEL)}", "muted"), Run(line, token)], width))
    return strips


def _labels(parts: Sequence[Part], log: bool) -> list[str]:
    numbers = [x for part in parts for x in (part.least, part.most) if x is not None]
    chosen = choose_format(numbers, log=log)
    whole = all_whole(numbers)
    labels = []
    for part in parts:
        if part.missing:
            labels.append("missing")
        elif part.others:
            labels.append(f"{part.others:,} others")
        elif part.values:
            labels.append(safe(part.values[0], 60))
        elif part.least is not None and part.most is not None:
            low, high = (f"{x:.0f}" if whole else chosen.write(x).strip() for x in (part.least, part.most))
            labels.append(low if part.least == part.most else f"{low}–{high}")
        else:
            labels.append("–")
    return labels


def _upper_ends(parts: Sequence[Part]) -> list[str]:
    """Return short labels for columns without room: where a range ends, the last one where it begins."""
    from hpi_core.numerals import number

    labels = _labels(parts, False)
    for at, part in enumerate(parts):
        if part.least is not None and part.most is not None and part.least != part.most:
            labels[at] = (
                f"≤{number(part.most, 2)}" if part.high is not None else f">{number(part.low or part.least, 2)}"
            )
    return labels


def _counts(square: Square) -> str:
    return f"{square.sick:,}/{square.n:,}" if square.n else "–"


def _centred(text: str, wide: int) -> str:
    spare = wide - cell_len(text)
    return set_cell_size(" " * max(0, (spare + 1) // 2) + text, wide)


def _fit(look: Look, text: str, width: int) -> str:
    shown = look.sign(text)
    if cell_len(shown) <= width:
        return set_cell_size(shown, width)
    return set_cell_size(shown, max(0, width - 1)) + look.sign("…")
