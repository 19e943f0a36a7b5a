"""The heatmap of parameters against issues: which part of it has room, and its lines.

A cell is filled only where something is claimed; where the terminal has no fills, a shade stands before the number.
What makes results good is filled in the colour of what is good.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from hpi_core.text import safe
from hpi_tui.theme import Look

if TYPE_CHECKING:
    from hpi_core.charts.buckets import BucketMap, MapCell, Tone

WIDE = 100
_NAME_WIDEST, _NAME_LEAST, _CELL_WIDEST, _CELL_LEAST = 24, 4, 20, 5
_LEVELS = {"weak": 1, "moderate": 2, "strong": 3}
_SHADES = ("", "▒", "▓", "█")


@dataclass(frozen=True)
class Plan:
    """What of the map is shown: rows from `first_row`, and columns (number of the issue, first cell, cells) in place.

    `spelled` tells that filled cells say where.
    """

    name_width: int
    first_row: int
    rows: int
    columns: tuple[tuple[int, int, int], ...]
    spelled: bool

    def cell_at(self, x: int, y: int) -> tuple[int, int] | None:
        """Return the numbers of parameter and issue of the cell at x, y (0: the first row below the headings)."""
        column = next((at for at, left, wide in self.columns if left <= x < left + wide + 1), None)
        if column is None or not 0 <= y < self.rows:
            return None
        return self.first_row + y, column


def plan(look: Look, chart: BucketMap, width: int, rows: int, at: tuple[int, int]) -> Plan:
    """Fit the map into `width` cells and `rows` rows (without the headings), so that the cell `at` is shown."""
    names = max((cell_len(safe(name)) for name in chart.parameters), default=0)
    name_width = max(_NAME_LEAST, min(names, _NAME_WIDEST, width // 4))
    room = width - name_width - 3
    sizes = [_size(look, chart, k, spelled=True) for k in range(len(chart.issues))]
    spelled = width >= WIDE and sum(sizes) + len(sizes) <= room
    if spelled:
        even = min(_CELL_WIDEST, room // max(1, len(sizes)) - 1)
        sizes = [max(size, even) for size in sizes] if all(size <= even for size in sizes) else sizes
    else:
        sizes = [_size(look, chart, k, spelled=False) for k in range(len(chart.issues))]
    row, column = at
    rows = min(rows, len(chart.parameters))
    first_row = max(0, min(row - rows // 2, len(chart.parameters) - rows))
    return Plan(name_width, first_row, rows, _placed(sizes, name_width + 3, width, column), spelled)


def headings(look: Look, chart: BucketMap, plan: Plan, width: int, at: tuple[int, int]) -> Strip:
    """Draw the tags of the issues."""
    segments = [Segment(" " * (plan.name_width + 3), look.style())]
    for k, _left, wide in plan.columns:
        tag = _placed_text(chart.issues[k].tag, wide, plan.spelled)
        chosen = k == at[1]
        segments += [
            Segment(look.sign(tag), look.style("strong" if chosen else "muted", bold=chosen)),
            Segment(" ", look.style()),
        ]
    return Strip(segments).adjust_cell_length(width, look.style())


def row(look: Look, chart: BucketMap, plan: Plan, y: int, width: int, at: tuple[int, int], active: bool) -> Strip:
    """Draw the cells of row `y` of those shown."""
    number = plan.first_row + y
    parameter = chart.parameters[number]
    here = number == at[0]
    name = _fit(look, safe(parameter), plan.name_width)
    mark = look.sign("▌") if here and active else " "
    segments = [
        Segment(f"{mark} ", look.style("strong")),
        Segment(f"{name} ", look.style("strong" if here else "text", bold=here)),
    ]
    for k, _left, wide in plan.columns:
        cell = chart.cell(parameter, chart.issues[k].issue)
        tone = chart.issues[k].tone
        segments += [
            *_cell(look, parameter, cell, tone, wide, plan.spelled, here and k == at[1]),
            Segment(" ", look.style()),
        ]
    return Strip(segments).adjust_cell_length(width, look.style())


def _level(cell: MapCell) -> int:
    """Return how strong the claim of a cell is: 0 none, 3 strong; what is claimed only together is moderate."""
    if cell.cause is not None:
        return _LEVELS[cell.cause.strength]
    return _LEVELS["moderate"] if cell.pair is not None else 0


def _cell(
    look: Look, parameter: str, cell: MapCell, tone: Tone, wide: int, spelled: bool, chosen: bool
) -> list[Segment]:
    text = _placed_text(_cell_text(look, parameter, cell, spelled, wide - 2), wide, spelled)
    level = _level(cell)
    if level and look.fills:
        ink = "ink" if level == 3 or look.light else "strong"
        style = look.style(ink, f"{'cool' if tone == 'good' else 'heat'}{level}", bold=True)
    elif level:
        style = look.style("good" if tone == "good" else "err", bold=level == 3)
    else:
        style = look.style("text" if chosen else "muted")
    if not chosen:
        return [Segment(text, style)]
    if look.fills and level:
        return [Segment(f"[{text[1:-1]}]", style)]
    inner = text.strip()
    before = min(len(text) - len(text.lstrip()), wide - cell_len(inner) - 1)
    edge = look.style("strong", bold=True)
    left = " " * max(0, before - 1)
    after = " " * max(0, wide - len(left) - cell_len(inner) - 2)
    return [Segment(f"{left}[", edge), Segment(inner, style), Segment(f"]{after}", edge)]


def _cell_text(look: Look, parameter: str, cell: MapCell, spelled: bool, room: int) -> str:
    if cell.state == "few":
        return look.sign("–")
    shade = "" if look.fills else _SHADES[_level(cell)]
    if cell.state == "together" and cell.pair is not None:
        mate = safe(next((name for name in cell.pair.parameters if name != parameter), ""), 40)
        return _fit(look, f"{shade}with {mate}" if spelled else f"{shade}+{mate}", room).rstrip()
    if cell.other is not None:
        return _fit(look, _accounted(look, cell, spelled), room).rstrip()
    text = _strength(cell.strength)
    if cell.cause is None:
        return look.sign(text)
    place = ""
    if spelled:
        from hpi_core.charts.bucket_words import where

        place = f" {where(cell.cause)}"
    return _fit(look, f"{shade}{text}{place}", room).rstrip()


def _accounted(look: Look, cell: MapCell, spelled: bool) -> str:
    name = "" if cell.other is None else safe(cell.other.other, 40)
    if cell.state == "explained":
        return f"explained by {name}" if spelled else f"←{name}"
    return f"{name} or this" if spelled else f"{name}?"


def _strength(strength: float | None) -> str:
    if strength is None:
        return "–"
    text = f"{strength:.2f}"
    return text if text.startswith("1") else text[1:]


def _size(look: Look, chart: BucketMap, k: int, *, spelled: bool) -> int:
    """Return how many cells column `k` wants, brackets included."""
    column = chart.issues[k]
    if spelled:
        cells = [(parameter, chart.cell(parameter, column.issue)) for parameter in chart.parameters]
        room = _CELL_WIDEST - 2
        texts = [_cell_text(look, parameter, cell, True, room) for parameter, cell in cells if cell.state != "plain"]
        return max(cell_len(column.tag) + 1, _CELL_LEAST, *(cell_len(text) + 2 for text in texts), 0)
    return max(cell_len(column.tag), _CELL_LEAST + (0 if look.fills else 1))


def _placed(sizes: list[int], left: int, width: int, column: int) -> tuple[tuple[int, int, int], ...]:
    """Place as many columns as fit, from the first that leaves room for `column`, so that the map seldom shifts."""
    first = next(k for k in range(column + 1) if k == column or left + sum(sizes[k : column + 1]) + column - k <= width)
    placed = []
    for k in range(first, len(sizes)):
        if k > column and left + sizes[k] > width:
            break
        placed.append((k, left, sizes[k]))
        left += sizes[k] + 1
    return tuple(placed)


def _placed_text(text: str, wide: int, spelled: bool) -> str:
    """Set a text into its column: at the left where cells say where, else in the middle."""
    spare = wide - cell_len(text)
    before = (1 if spelled else (spare + 1) // 2) if spare > 0 else 0
    return set_cell_size(" " * before + text, wide)


def _fit(look: Look, text: str, width: int) -> str:
    """Return exactly `width` cells, the last a sign of a cut where one was made."""
    shown = look.sign(text)
    if cell_len(shown) <= width:
        return set_cell_size(shown, width)
    return set_cell_size(shown, max(0, width - 1)) + look.sign("…") if width > 0 else ""
