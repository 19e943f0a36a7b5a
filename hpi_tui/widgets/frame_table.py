"""FrameTable: the run table, drawn from a row-index view.

It formats cells in chunks and repaints two rows when the cursor moves.

It keeps its own first row and first column instead of a scrolled canvas: nothing is ever drawn that is not in sight.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from hpi_tui.cell_format import Cell
from hpi_tui.state import ViewState
from hpi_tui.tables import ISSUES, ColumnLook, PreviewTable, RowLook, TableSource
from hpi_tui.theme import Look
from hpi_tui.widgets.key_turn import handed_on
from hpi_tui.widgets.lines import Lines

CHUNK = 256
CHUNKS_KEPT = 16
GUTTER = 4
GAP = 2


@dataclass(frozen=True)
class Placed:
    """A column in sight and the cell it starts at."""

    name: str
    look: ColumnLook
    left: int
    width: int


class FrameTable(Lines, can_focus=True):
    """The rows of a table source with a cursor row and a cursor column."""

    class Clicked(Message):
        """A row (by position) and a column were pointed at; position -1 is the heading."""

        def __init__(self, position: int, column: str | None) -> None:
            super().__init__()
            self.position = position
            self.column = column

    class Wheel(Message):
        """The wheel was turned by so many rows."""

        def __init__(self, delta: int) -> None:
            super().__init__()
            self.delta = delta

    def __init__(self, look: Look, *, id: str | None = None) -> None:
        super().__init__(look, id=id)
        self.source: TableSource = PreviewTable((), ())
        self.state = ViewState()
        self.names: tuple[str, ...] = ()
        self.top = 0
        self.run_key: Callable[[str], bool] | None = None
        self.laid_out: Callable[[int], None] | None = None  # told how many columns are out of sight in a new size
        self.active = True
        self.first_column = 1
        self._chunks: OrderedDict[tuple[str, int], list[Cell]] = OrderedDict()
        self._placed: list[Placed] | None = None
        self._placed_in = 0

    @property
    def page(self) -> int:
        """How many rows are in sight."""
        return max(1, self.size.height - 1)

    @property
    def out_of_sight(self) -> int:
        """How many columns do not fit."""
        return len(self.names) - len(self.placed())

    def show(self, source: TableSource, state: ViewState) -> None:
        """Draw another source, or the same one in another order; everything is painted anew."""
        self.source = source
        self._chunks.clear()
        self.follow(state, everything=True)

    def follow(self, state: ViewState, *, everything: bool = False) -> None:
        """Follow the state, repainting only what differs from what stands on the screen."""
        before, self.state = self.state, state
        names = state.columns.arranged(self.source.names)
        if everything or names != self.names or state.columns != before.columns:
            self.names = names
            self._placed = None
            everything = True
        top = self._scrolled_top()
        if everything or top != self.top or state.selection != before.selection or state.sorts != before.sorts:
            self.top = top
            self._keep_column_in_sight()
            self.redraw()
        elif state.column != before.column:
            if self._keep_column_in_sight():
                self.redraw()
            else:
                self.redraw_lines(0, self._line_of(state.cursor))
        elif state.cursor != before.cursor:
            self.redraw_lines(self._line_of(before.cursor), self._line_of(state.cursor))

    def activate(self, active: bool) -> None:
        """Show that keys go to this pane, or that they do not."""
        if active != self.active:
            self.active = active
            self.redraw_lines(0, self._line_of(self.state.cursor))

    def retell(self, column: str) -> None:
        """Repaint the rows in sight whose cells of a column now say something else."""
        lines = range(1, min(self.page, self.source.count - self.top) + 1)
        before = [self._cell(column, self.top + y - 1) for y in lines] if column in self.names else []
        for key in [key for key in self._chunks if key[0] == column]:
            del self._chunks[key]
        if before:
            after = [self._cell(column, self.top + y - 1) for y in lines]
            self.redraw_lines(*(y for y, old, new in zip(lines, before, after, strict=True) if old != new))

    def on_resize(self) -> None:
        """Lay the columns out again and keep the cursor in sight."""
        self._placed = None
        before, self.top = self.top, self._scrolled_top()
        if self._keep_column_in_sight() or self.top != before:  # it may have been drawn in its new size already
            self.redraw()
        if self.laid_out is not None:
            self.laid_out(self.out_of_sight)

    def placed(self) -> list[Placed]:
        """Return the columns in sight: the pinned ones, then those from the first scrolled one on."""
        if self._placed is None or self._placed_in != self.size.width:  # drawn before it was told of its size
            self._placed_in = self.size.width
            self._placed = self._place(self._placed_in)
        return self._placed

    def line(self, y: int, width: int) -> Strip:
        """Draw the heading or a row."""
        if y == 0:
            return self._heading(width)
        position = self.top + y - 1
        if position >= self.source.count:
            return Strip([Segment(" " * width, self.look.style())], width)
        return self._row(position, width)

    def on_key(self, event: events.Key) -> None:
        """Carry a key out in its own turn, so that what it opens gets the very next one."""
        if not handed_on(self, event) and self.run_key is not None and self.run_key(event.key):
            event.stop()
            event.prevent_default()

    def on_click(self, event: events.Click) -> None:
        """Tell which row and column were pointed at."""
        column = next((p.name for p in self.placed() if p.left <= event.x < p.left + p.width + GAP), None)
        position = self.top + event.y - 1 if event.y > 0 else -1
        if position < self.source.count:
            self.post_message(self.Clicked(position, column))

    def on_mouse_scroll_down(self) -> None:
        """Move three rows down."""
        self.post_message(self.Wheel(3))

    def on_mouse_scroll_up(self) -> None:
        """Move three rows up."""
        self.post_message(self.Wheel(-3))

    def _line_of(self, position: int) -> int:
        return position - self.top + 1

    def _scrolled_top(self) -> int:
        cursor, page = self.state.cursor, self.page
        top = min(self.top, cursor)
        if cursor >= top + page:
            top = cursor - page + 1
        return max(0, min(top, self.source.count - page))

    def _pinned(self) -> int:
        """Count the columns that never scroll: the first one and those pinned by the person."""
        return max(1, len([name for name in self.state.columns.pinned if name in self.names]))

    def _keep_column_in_sight(self) -> bool:
        """Scroll sideways to the cursor column; tells whether anything moved."""
        before = self.first_column
        pinned = self._pinned()
        self.first_column = max(pinned, min(self.first_column, max(pinned, len(self.names) - 1)))
        if self.state.column in self.names:
            at = self.names.index(self.state.column)
            if at >= pinned:
                self.first_column = min(self.first_column, at)
                while self.first_column < at and not self._fits(at):
                    self.first_column += max(1, (at - self.first_column) // 2)
        if self.first_column != before:
            self._placed = None
        return self.first_column != before

    def _fits(self, at: int) -> bool:
        self._placed = None
        return any(placed.name == self.names[at] for placed in self.placed())

    def _place(self, width: int) -> list[Placed]:
        placed: list[Placed] = []
        leaning = bool(self.names) and not self.source.look(self.names[0]).right
        left = GUTTER + int(leaning)  # lest a sign touch the id it stands before
        pinned = self._pinned()
        for at in (*range(min(pinned, len(self.names))), *range(max(pinned, self.first_column), len(self.names))):
            name = self.names[at]
            look = self.source.look(name)
            wanted = self._width(name, look)
            if left + wanted > width and placed:
                if not look.right and left + 6 <= width:  # a cut text is still worth reading
                    placed.append(Placed(name, look, left, width - left))
                break
            placed.append(Placed(name, look, left, min(wanted, max(1, width - left))))
            left += wanted + GAP
        return placed

    def _width(self, name: str, look: ColumnLook) -> int:
        chosen = dict(self.state.columns.widths).get(name)
        if chosen is not None:
            return chosen
        sorted_by = any(key.column == name for key in self.state.sorts)
        return max(look.width, cell_len(look.heading) + (2 if sorted_by else 0))

    def _heading(self, width: int) -> Strip:
        arrows = {key.column: " ↑" if key.descending else " ↓" for key in self.state.sorts}
        segments: list[Segment] = []
        used = 0
        for placed in self.placed():
            heading = self.look.sign(placed.look.heading) if self.look.ascii else placed.look.heading
            text = heading + self.look.sign(arrows.get(placed.name, ""))
            here = placed.name == self.state.column
            token = "strong" if here else ("text" if placed.name in arrows else "muted")
            style = self.look.style(token, "focus" if here else "ground", bold=here or placed.name in arrows)
            start = placed.left
            fitted = self._fit(text, placed.width, placed.look.right)
            segments.append(Segment(" " * (start - used), self.look.style()))
            segments.append(Segment(fitted, style))
            used = start + placed.width
        segments.append(Segment(" " * max(0, width - used), self.look.style()))
        return Strip(segments).adjust_cell_length(width).simplify()

    def _row(self, position: int, width: int) -> Strip:
        look, state = self.look, self.state
        ground = ("cur" if self.active else "cur2") if position == state.cursor else "ground"
        row = self.source.rows(position, position + 1)[0] if position < self.source.count else RowLook()
        chosen = self.source.row_at(position) in state.selection if state.selection else False
        base = look.style(row.token, ground)
        marked = ground == "cur" or (ground == "cur2" and not look.fills)
        bar = look.style("strong", ground, bold=True) if marked else base
        sign = bar if not row.sign else base  # one style less to write where nothing but the bar stands there
        segments = [
            Segment(look.sign("▌") if marked else " ", bar),
            Segment(look.sign("●"), look.style("you", ground)) if chosen else Segment(" ", sign),
            Segment(f" {look.sign(row.sign) or ' '}", sign),
        ]
        used = GUTTER
        for number, placed in enumerate(self.placed()):
            cell = self._cell(placed.name, position)
            style = self._cell_style(cell, placed.name, number, row, ground)
            text = look.sign(cell.text) if cell.missing or look.ascii else cell.text
            segments.append(Segment(" " * (placed.left - used), base))
            segments.append(Segment(self._fit(text, placed.width, placed.look.right), style))
            used = placed.left + placed.width
        segments.append(Segment(" " * max(0, width - used), base))
        return Strip(segments).adjust_cell_length(width, base).simplify()

    def _cell_style(self, cell: Cell, name: str, number: int, row: RowLook, ground: str) -> Style:
        here = ground == "cur" and name == self.state.column
        token = cell.token or row.token
        if token == "good" and number > 0 and name != self.source.objective:
            token = "text"
        if token in ("err", "warn") and number > 0 and name != ISSUES:
            token = "text"
        if here and self.look.fills:
            return self.look.style("strong" if token == "text" else token, "focus", bold=True)
        first = number == 0 and (ground == "cur" or row.token == "good")
        return self.look.style(token, ground, bold=cell.odd or first or (token == "good"))

    def _cell(self, name: str, position: int) -> Cell:
        chunk = position // CHUNK
        key = (name, chunk)
        cells = self._chunks.get(key)
        if cells is None:
            cells = self.source.cells(name, chunk * CHUNK, (chunk + 1) * CHUNK)
            self._chunks[key] = cells
            if len(self._chunks) > CHUNKS_KEPT * 24:
                self._chunks.popitem(last=False)
        return cells[position - chunk * CHUNK]

    def _fit(self, text: str, width: int, right: bool) -> str:
        if text.isascii():
            length = len(text)
        else:
            length = cell_len(text)
        if length > width:
            return set_cell_size(text, max(0, width - 1)) + self.look.sign("…")
        return " " * (width - length) + text if right else text + " " * (width - length)
