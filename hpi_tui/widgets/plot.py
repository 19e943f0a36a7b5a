"""A plot in character cells: lines rasterised by plotext, put one over the other on a canvas of styled cells.

The only file that imports plotext, and only when something is drawn. plotext ends the process on a nan and on numbers
that are too large, so every point is finite, inside the picture and in dots before it gets there. plotext draws one
series at a time: a cell belongs to the topmost series, never to two.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from hpi_tui.theme import Look

if TYPE_CHECKING:
    import numpy as np

_FAR = 1e6
_ONE_FIGURE = threading.Lock()
Dots = list[tuple[int, int, bool]]


@dataclass(frozen=True)
class Polyline:
    """Points in the unit square (y upwards), nan and far values allowed; `joined[i]` ties point i to the one before."""

    x: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any]
    joined: np.ndarray[Any, Any]


def rasterise(lines: Iterable[Polyline], width: int, height: int, mark: str | None = None) -> list[str]:
    """Draw lines of one colour into `height` rows of `width` characters, in braille or with the character `mark`."""
    across, up = (1, 1) if mark else (2, 4)
    drawn = [dots for line in lines for dots in (to_dots(line, width * across, height * up),) if dots]
    if not drawn or width < 1 or height < 1:
        return [" " * width] * height
    with _ONE_FIGURE:
        text = _by_plotext(drawn, width, height, mark, across, up)
    rows = [row[:width].ljust(width) for row in text.split("\n")[:height]]
    return rows + [" " * width] * (height - len(rows))


def _by_plotext(drawn: Sequence[Dots], width: int, height: int, mark: str | None, across: int, up: int) -> str:
    import plotext

    figure = plotext.figure
    figure.clear()
    figure.plot_size(width, height)
    figure.axes(False)
    for axis, cells in (("x", width), ("y", height)):
        ruler = figure.ruler(axis)
        ruler.lim(0, max(1, cells - 1))
        ruler.ticks([], [])
    marker = mark or plotext.marker("braille")
    for dots in drawn:
        # a dot's middle, in cells whose middles are the whole numbers
        x = [(dot[0] + 0.5) / across - 0.5 for dot in dots]
        y = [(dot[1] + 0.5) / up - 0.5 for dot in dots]
        signal = figure.signal(x, y, marker=marker)
        for at, dot in enumerate(dots):
            if dot[2]:
                signal.line(at)
        figure.draw(signal)
    text = str(figure.build().string(True))
    figure.clear()
    return text


def to_dots(line: Polyline, columns: int, rows: int) -> Dots:
    """Clip a line to the unit square and return the corners of what is left, in whole dots with row 0 at the bottom.

    Points in the middle of straight stretches are left out: a dot costs the same whether it is needed or not.
    """
    import numpy as np

    x = np.clip(np.nan_to_num(line.x, nan=-_FAR, posinf=_FAR, neginf=-_FAR), -_FAR, _FAR).tolist()
    y = np.clip(np.nan_to_num(line.y, nan=_FAR, posinf=_FAR, neginf=-_FAR), -_FAR, _FAR).tolist()
    joined = line.joined.tolist()
    out: Dots = []
    for at in range(len(x)):
        if joined[at]:
            piece = _clipped(x[at - 1], y[at - 1], x[at], y[at])
            if piece is not None:
                x0, y0, x1, y1 = piece
                start = (round(x0 * (columns - 1)), round(y0 * (rows - 1)))
                if not out or out[-1][:2] != start:
                    out.append((*start, False))
                _extend(out, round(x1 * (columns - 1)), round(y1 * (rows - 1)))
        elif 0 <= x[at] <= 1 and 0 <= y[at] <= 1:
            out.append((round(x[at] * (columns - 1)), round(y[at] * (rows - 1)), False))
    return out


def _extend(out: Dots, x: int, y: int) -> None:
    x1, y1, tied = out[-1]
    if (x, y) == (x1, y1):
        return
    if tied and len(out) > 1:
        x0, y0, _ = out[-2]
        straight = (x1 - x0) * (y - y1) == (y1 - y0) * (x - x1)
        onwards = (x1 - x0) * (x - x1) >= 0 and (y1 - y0) * (y - y1) >= 0
        if straight and onwards:
            out[-1] = (x, y, True)
            return
    out.append((x, y, True))


def _clipped(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float] | None:
    """Return the part of a segment inside the unit square (Liang and Barsky)."""
    start, end = 0.0, 1.0
    dx, dy = x1 - x0, y1 - y0
    for change, room in ((-dx, x0), (dx, 1 - x0), (-dy, y0), (dy, 1 - y0)):
        if change == 0:
            if room < 0:
                return None
        elif change < 0:
            start = max(start, room / change)
        else:
            end = min(end, room / change)
    if start > end:
        return None
    return x0 + start * dx, y0 + start * dy, x0 + end * dx, y0 + end * dy


class Canvas:
    """Cells to draw on: characters of width one, each with a token, a ground and a weight."""

    def __init__(self, look: Look, width: int, height: int) -> None:
        self.look, self.width, self.height = look, width, height
        self._text = [[" "] * width for _ in range(height)]
        self._style = [[("text", "ground", False)] * width for _ in range(height)]

    def put(self, x: int, y: int, text: str, token: str, *, bold: bool = False, ground: str = "ground") -> None:
        """Write text that is one cell per character after its glyphs were replaced; what does not fit is cut."""
        if not 0 <= y < self.height:
            return
        shown = self.look.sign(text)
        if cell_len(shown) != len(shown):
            shown = "".join(character if cell_len(character) == 1 else "?" for character in shown)
        for at, character in enumerate(shown, start=x):
            if 0 <= at < self.width:
                self._text[y][at] = character
                self._style[y][at] = (token, ground, bold)

    def stamp(self, x: int, y: int, rows: Sequence[str], token: str, *, bold: bool = False) -> None:
        """Put a raster over what is there; its blanks let the ground through."""
        for down, row in enumerate(rows):
            if 0 <= y + down < self.height:
                for at, character in enumerate(row, start=x):
                    if character not in (" ", "\u2800") and 0 <= at < self.width:
                        self._text[y + down][at] = character
                        self._style[y + down][at] = (token, "ground", bold)

    def is_free(self, x: int, y: int, length: int) -> bool:
        """Whether nothing but grid or the edge of a crowd stands on these cells, all of them on the canvas."""
        if not 0 <= y < self.height or x < 0 or x + length > self.width:
            return False
        return all(
            self._text[y][at] == " " or self._style[y][at][0] in ("faint", "haze")
            for at in range(x, min(x + length, self.width))
        )

    def strip(self, y: int) -> Strip:
        """Return a row for the compositor."""
        segments: list[Segment] = []
        start, text, styles = 0, self._text[y], self._style[y]
        for at in range(1, self.width + 1):
            if at == self.width or styles[at] != styles[start]:
                token, ground, bold = styles[start]
                segments.append(Segment("".join(text[start:at]), self.look.style(token, ground, bold=bold)))
                start = at
        return Strip(segments, self.width).simplify()


def cut(text: str, width: int) -> str:
    """Return text of at most so many cells, marked where it was cut."""
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)) + "…"
