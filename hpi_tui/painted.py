"""What stands on the terminal, cell by cell, so that only what differs is written.

Textual paints a widget anew when its place or size is set, whether or not another picture comes of it: without this a
sweep costs three full screens before the first key and three more when it is loaded, which over SSH can be seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from rich.cells import cell_len, get_character_cell_size
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

Cell = tuple[str, Style | None]
_MOVE, _RESTYLE = 8, 40  # bytes, about: going to another cell, and changing the colours


class Painted:
    """The cells of a terminal as they were last written."""

    def __init__(self) -> None:
        self._lines: dict[int, list[Cell]] = {}

    def forget(self) -> None:
        """Assume nothing of what the terminal shows: it was resized, or something else has written to it."""
        self._lines.clear()

    def difference(self, update: CompositorUpdate) -> CompositorUpdate | None:
        """Return what has to be written of an update, None where all of it stands on the terminal already."""
        if isinstance(update, LayoutUpdate):
            lines = {update.region.y + y: _cells(line) for y, line in enumerate(update.strips)}
            changed = {y: cells for y, cells in lines.items() if cells != self._lines.get(y)}
        elif isinstance(update, ChopsUpdate) and self._knows(update):
            lines = {y: list(self._lines[y]) for y, _, _ in update.spans}
            for y, x1, x2 in update.spans:
                _overlay(lines[y], update, y, x1, x2)
            changed = {y: cells for y, cells in lines.items() if cells != self._lines[y]}
        else:
            return update
        return Difference(self._lines, changed) if changed else None

    def _knows(self, update: ChopsUpdate) -> bool:
        return all(y in self._lines for y, _, _ in update.spans)


class Difference(CompositorUpdate):
    """Lines that differ from what stands on the terminal; rendering takes it that they are written."""

    def __init__(self, shown: dict[int, list[Cell]], changed: dict[int, list[Cell]]) -> None:
        self._shown = shown
        self._changed = changed

    def render_segments(self, console: Console) -> str:
        """Render the cells that differ."""
        written: list[str] = []
        for y, cells in self._changed.items():
            for start, stop in _spans(self._shown.get(y, []), cells):
                written += [Control.move_to(start, y).segment.text, _joined(cells[start:stop]).render(console)]
        self._shown.update(self._changed)
        return "".join(written)


def _cells(strips: Iterable[Strip | None]) -> list[Cell]:
    """Take strips apart; what is wider than a cell stands in the first of them, the others are empty."""
    cells: list[Cell] = []
    for strip in strips:
        for text, style, _ in strip or ():
            if text.isascii():
                cells += [(character, style) for character in text]
                continue
            widths = [get_character_cell_size(character) for character in text]
            whole = cell_len(text)
            if 0 in widths or sum(widths) != whole:  # marks and joined characters belong together
                cells += [(text, style), *[("", style)] * (whole - 1)][:whole]
                continue
            for character, width in zip(text, widths, strict=True):
                cells += [(character, style), ("", style)][:width]
    return cells


def _overlay(cells: list[Cell], update: ChopsUpdate, y: int, x1: int, x2: int) -> None:
    """Put the pieces of an update that lie between two columns into a line."""
    for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
        if strip is not None and x <= x2 and end > x1:
            piece = _cells([strip])[: min(end, x2) - x]
            cells[x : x + len(piece)] = piece


def _spans(before: list[Cell], after: list[Cell]) -> Iterator[tuple[int, int]]:
    """Yield the stretches to be written, joined where writing what lies between costs less than skipping it.

    Terminals do not agree on the width of some characters: a line that has them is written to its end.
    """
    differs = [at for at, (old, new) in enumerate(zip_longest(before[: len(after)], after)) if old != new]
    if not differs:
        return
    start = stop = differs[0]
    if any(len(text) != 1 for text, _ in (*before, *after)):
        yield start, len(after)
        return
    for at in differs:
        if at > stop:
            restyled = sum(not _alike(after[between], after[between + 1]) for between in range(stop, at))
            if at - stop + _RESTYLE * restyled > _MOVE + _RESTYLE:
                yield start, stop
                start = at
        stop = at + 1
    yield start, stop


def _joined(cells: list[Cell]) -> Strip:
    """Join cells of one style into segments."""
    segments: list[Segment] = []
    start = 0
    for at in range(1, len(cells) + 1):
        if at == len(cells) or not _alike(cells[at], cells[start]):
            segments.append(Segment("".join(text for text, _ in cells[start:at]), cells[start][1]))
            start = at
    return Strip(segments)


def _alike(left: Cell, right: Cell) -> bool:
    return left[1] is right[1] or left[1] == right[1]
