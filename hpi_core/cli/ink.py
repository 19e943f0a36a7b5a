"""Ink: lines of a page for a terminal or a pipe; the only way text gets onto a page, so all of it passes safe().

Colour only where a person looks at a terminal that wants it; widths are those of terminal cells.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from hpi_core.text import safe

Style = Literal["plain", "bold", "dim", "error", "warn", "good", "accent"]
_CODES: dict[Style, str] = {"bold": "1", "dim": "2", "error": "1;31", "warn": "33", "good": "32", "accent": "1;36"}
# Signs a locale without Unicode can show instead.
_ASCII = str.maketrans(
    {
        "·": "|",
        "–": "-",
        "—": "-",
        "…": "~",
        "█": "#",
        "≤": "<=",
        "≥": ">=",
        "×": "x",
        "✗": "x",
        "✓": "v",
        "→": ">",
        "├": "|",
        "┤": "|",
        "─": "-",
        "●": "o",
    }
)
PIPE_WIDTH = 100
WIDEST = 140


@dataclass(frozen=True)
class Column:
    """One column of a table: its heading, which side it leans to, and how early it is dropped when space is short.

    `drop` 0 is never dropped; larger numbers go first. Columns that lean left may be cut with `…`, unless they are
    drawings that mean nothing in part (`whole`); numbers never are.
    """

    heading: str
    right: bool = False
    drop: int = 0
    style: Style = "plain"
    whole: bool = False


class Ink:
    """Collects the lines of one page."""

    def __init__(self, width: int, colour: bool, unicode: bool) -> None:
        self.width = width
        self._colour = colour
        self._unicode = unicode
        self._lines: list[str] = []

    @classmethod
    def for_stdout(cls) -> Ink:
        """Make the ink that fits what stdout is: a terminal of some width, or a pipe."""
        terminal = sys.stdout.isatty()
        colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
        width = shutil.get_terminal_size((PIPE_WIDTH, 24)).columns
        encoding = (sys.stdout.encoding or "ascii").replace("-", "").lower()
        return cls(max(20, min(width, WIDEST)), colour, encoding.startswith("utf"))

    def page(self) -> str:
        """Return the page as text, ending with a line end."""
        return "\n".join(self._lines).rstrip("\n") + "\n"

    def gap(self) -> None:
        """Leave one empty line."""
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def heading(self, text: str, note: str = "") -> None:
        """Begin a section; a note too long for the line goes below it."""
        self.gap()
        beside = bool(note) and cells_wide(text) + 2 + cells_wide(safe(note)) <= self.width
        self._lines.append(self._styled(text, "accent") + (self._styled(f"  {note}", "dim") if beside else ""))
        if note and not beside:
            self.paragraph(note, "dim")

    def spans(self, *spans: tuple[str, Style], indent: int = 0) -> None:
        """Write one line of differently styled parts; too long a line is left to the terminal."""
        self._lines.append(" " * indent + "".join(self._styled(text, style) for text, style in spans))

    def paragraph(self, text: str, style: Style = "plain", indent: int = 2, first: str = "") -> None:
        """Write wrapped text; `first` stands before its first line, inside the indent."""
        hang = indent + len(first)
        wrapped = textwrap.wrap(safe(text), max(16, self.width - hang), break_on_hyphens=False) or [""]
        for place, line in enumerate(wrapped):
            lead = f"{'':{indent}}{first}" if place == 0 else " " * hang
            self._lines.append(self._styled(lead, "dim" if style == "dim" else "plain") + self._styled(line, style))

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Write name and value, one pair a line, values aligned and wrapped."""
        kept = list(pairs)
        size = max((len(name) for name, _value in kept), default=0)
        for name, value in kept:
            wrapped = textwrap.wrap(safe(value), max(16, self.width - size - 4), break_on_hyphens=False) or [""]
            for place, line in enumerate(wrapped):
                self._lines.append(
                    "  "
                    + self._styled(f"{name if place == 0 else '':<{size}}", "dim")
                    + "  "
                    + self._styled(line, "plain")
                )

    def table(
        self,
        columns: Sequence[Column],
        rows: Sequence[Sequence[str]],
        style: Style = "plain",
        notes: Sequence[str] = (),
    ) -> list[str]:
        """Write an aligned table that fits the width; a column without any content is left out.

        Returns the headings of the columns for which there was no room.

        `notes` has the dim prose for below each row (empty: nothing), or is empty.
        """
        if not rows:
            return []
        cells = [[safe(cell) for cell in row] for row in rows]
        shown = [place for place in range(len(columns)) if any(row[place] not in ("", "–") for row in cells)]
        wanted = list(shown)
        widths = self._fit(columns, cells, shown)
        titles = [self._cell(columns[i].heading, widths[i], columns[i], "dim") for i in shown]
        self._lines.append(("  " + "  ".join(titles)).rstrip())
        for place, row in enumerate(cells):
            parts = [
                self._cell(row[i], widths[i], columns[i], columns[i].style if style == "plain" else style)
                for i in shown
            ]
            self._lines.append(("  " + "  ".join(parts)).rstrip())
            if notes and notes[place]:
                self.paragraph(notes[place], "dim", indent=4 + widths[shown[0]])
        return [columns[place].heading for place in wanted if place not in shown]

    def _fit(self, columns: Sequence[Column], cells: Sequence[Sequence[str]], shown: list[int]) -> dict[int, int]:
        """Return the widths of the columns, dropping from `shown` and narrowing until they fit."""
        widths = {i: max(cells_wide(columns[i].heading), *(cells_wide(row[i]) for row in cells)) for i in shown}

        def excess() -> int:
            return sum(widths[i] for i in shown) + 2 * len(shown) - self.width

        while excess() > 0:
            leaning = [i for i in shown if not columns[i].right and not columns[i].whole]
            cuttable = [i for i in leaning if widths[i] > 28]
            optional = [i for i in shown if columns[i].drop]
            if cuttable:
                widest = max(cuttable, key=lambda i: widths[i])
                widths[widest] = max(28, widths[widest] - excess())
            elif optional:
                shown.remove(max(optional, key=lambda i: (columns[i].drop, i)))
            elif any(widths[i] > 8 for i in leaning):
                widest = max(leaning, key=lambda i: widths[i])
                widths[widest] = max(8, widths[widest] - excess())
            else:
                break
        return widths

    def _cell(self, text: str, width: int, column: Column, style: Style) -> str:
        cut = shorten(text, width)
        blank = " " * (width - cells_wide(cut))
        inked = self._styled(cut, style)
        return blank + inked if column.right else inked + blank

    def _styled(self, text: str, style: Style) -> str:
        clean = safe(text)
        if not self._unicode:
            clean = clean.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")
        code = _CODES.get(style)
        return f"\x1b[{code}m{clean}\x1b[0m" if self._colour and code and clean.strip() else clean


def cells_wide(text: str) -> int:
    """Return how many terminal cells a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )


def shorten(text: str, width: int) -> str:
    """Cut a text to so many cells, the cut marked by `…`."""
    if cells_wide(text) <= width:
        return text
    kept, used = [], 1
    for sign in text:
        used += cells_wide(sign)
        if used > width:
            break
        kept.append(sign)
    return "".join(kept) + "…"


def shorten_apart(texts: Sequence[str], width: int) -> list[str]:
    """Cut texts to so many cells; those that would look alike are cut in their middle, since their ends differ."""
    cut = [shorten(text, width) for text in texts]
    seen: dict[str, set[str]] = {}
    for short, text in zip(cut, texts, strict=True):
        seen.setdefault(short, set()).add(text)
    return [_middle_cut(text, width) if len(seen[short]) > 1 else short for short, text in zip(cut, texts, strict=True)]


def _middle_cut(text: str, width: int) -> str:
    """Cut a text in its middle: a third of the cells for its beginning, the others for its end."""
    head = shorten(text, max(2, width // 3))
    tail = shorten(text[::-1], width - cells_wide(head) + 1)[::-1]
    return head.removesuffix("…") + tail
