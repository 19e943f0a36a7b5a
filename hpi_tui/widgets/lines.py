"""Lines: a widget that draws itself as strips of styled cells, line by line, and repaints only what it is told to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from hpi_tui.theme import Look


class Run(NamedTuple):
    """A piece of text in one token; it is plain text, whatever it holds."""

    text: str
    token: str = "text"
    bold: bool = False


def paint(look: Look, runs: Iterable[Run], width: int, ground: str = "ground", right: Sequence[Run] = ()) -> Strip:
    """Draw runs from the left and others from the right edge; the left gives way where both do not fit."""
    tail = _segments(look, right, ground)
    tail_width = sum(cell_len(segment.text) for segment in tail)
    if tail_width + 2 > width:
        tail, tail_width = [], 0
    room = width - tail_width - (1 if tail else 0)
    head = _segments(look, runs, ground)
    used = sum(cell_len(segment.text) for segment in head)
    if used > room:
        head = _cut(look, head, room)
        used = room
    gap = width - tail_width - used
    if gap > 0:
        head.append(Segment(" " * gap, look.style("text", ground)))
    return Strip([*head, *tail], width).simplify()


def title(
    look: Look, width: int, label: Sequence[Run], state: Sequence[Run], right: Sequence[Run], focused: bool
) -> Strip:
    """Draw the title row of a pane: a fill where the terminal has colours, a rule where it has not."""
    ground = "focus" if focused else "band"
    if look.fills:
        quiet = "text" if focused else "muted"
        shown = [Run(run.text, quiet if run.token == "muted" else run.token, run.bold) for run in (*label, *state)]
        ends = [Run(run.text, quiet if run.token == "muted" else run.token, run.bold) for run in right]
        return paint(look, shown, width, ground, ends)
    head = [*_segments(look, label, ground), *_segments(look, state, "ground")]
    tail = _segments(look, right, "ground")
    used = sum(cell_len(segment.text) for segment in (*head, *tail))
    rule = look.sign("─") * max(0, width - used - 2)
    middle = Segment(f" {rule} ", look.style("faint"))
    return Strip([*head, middle, *tail]).adjust_cell_length(width, look.style())


def _segments(look: Look, runs: Iterable[Run], ground: str) -> list[Segment]:
    return [Segment(look.sign(run.text), look.style(run.token, ground, bold=run.bold)) for run in runs if run.text]


def _cut(look: Look, segments: list[Segment], room: int) -> list[Segment]:
    """Cut to `room` cells, the last of them the sign of a cut."""
    kept: list[Segment] = []
    left = max(0, room - 1)
    style = look.style()
    for segment in segments:
        length = cell_len(segment.text)
        style = segment.style or style
        if length >= left:
            kept.append(Segment(set_cell_size(segment.text, left), style))
            break
        kept.append(segment)
        left -= length
    if room > 0:
        kept.append(Segment(look.sign("…"), style))
    return kept


class Lines(Widget):
    """A surface of lines. Subclasses implement `line(y, width)`; `redraw()` repaints all, `redraw_lines()` some."""

    DEFAULT_CSS = "Lines { height: 1; width: 1fr; }"

    def __init__(self, look: Look, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes, markup=False)
        self.look = look

    def line(self, y: int, width: int) -> Strip:
        """Return line `y` of this surface, exactly `width` cells long."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """Draw one line for the compositor."""
        return self.line(y, self.size.width)

    def redraw(self) -> None:
        """Repaint the whole surface."""
        self.refresh()

    def redraw_lines(self, *lines: int) -> None:
        """Repaint only these lines."""
        width, height = self.size
        regions = [Region(0, y, width, 1) for y in sorted(set(lines)) if 0 <= y < height]
        if regions:
            self.refresh(*regions)


class Fixed(Lines):
    """A surface whose lines are handed to it, each as the runs at its left and at its right."""

    def __init__(self, look: Look, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(look, id=id, classes=classes)
        self._rows: list[tuple[list[Run], list[Run]]] = []

    def show(self, *rows: tuple[list[Run], list[Run]]) -> None:
        """Show these lines; those that did not change are not repainted."""
        shown = list(rows)
        if shown == self._rows:
            return
        changed = [y for y in range(max(len(shown), len(self._rows))) if shown[y : y + 1] != self._rows[y : y + 1]]
        self._rows = shown
        self.redraw_lines(*changed)

    def line(self, y: int, width: int) -> Strip:
        """Draw one of the lines shown."""
        left, right = self._rows[y] if y < len(self._rows) else ([], [])
        return paint(self.look, left, width, "ground", right)
