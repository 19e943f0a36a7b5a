"""The sheet of the importance view: a bar per hyperparameter for one question, the others in numbers, words below.

What stays within noise is grey, and its number stands in brackets where another question's is shown; the band of noise
is drawn behind the bars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from textual.strip import Strip

from hpi_core.numerals import plural
from hpi_core.text import safe
from hpi_tui.panes.bucket_words import wrapped
from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Run, paint, title

if TYPE_CHECKING:
    from hpi_core.charts.importance import Asked, ImportanceChart, ImportanceRow
    from hpi_core.importance import Importance

_NAME_WIDEST, _NAME_LEAST, _BAR_LEAST, _BAR_WIDEST = 24, 8, 10, 60
_SCORE, _WAY = 4, 16
_LABEL = 11
_GAP = "  "
# In a pane of fewer lines the parameters go before what is to be known of all of them.
_SMALL = 16


@dataclass(frozen=True)
class _Columns:
    """How many cells each part of a row has; 0 where it has no room. `others` heads the other questions' numbers."""

    name: int
    bar: int
    interval: int
    others: tuple[tuple[int, int], ...]
    way: int


def draw(
    look: Look, view: ImportanceChart, row: int, question: int, width: int, height: int, *, active: bool
) -> tuple[list[Strip], int]:
    """Draw the view in `height` lines of `width` cells; returns them and the line of the first parameter."""
    sheet = _Sheet(look, view, row, question, width, height, active)
    return sheet.strips[:height], sheet.first


def first_row(rows: int, at: int, height: int) -> int:
    """Return the first parameter shown, so that the chosen one is."""
    room = _room(rows, height)
    return max(0, min(at - room // 2, rows - room))


def _room(rows: int, height: int) -> int:
    """Return how many parameters are shown: all, but the words below keep half of a pane, two lines of a small one."""
    if height < _SMALL:
        return max(1, rows if rows <= height - 4 else height - 5)
    return max(1, min(rows, max(height // 2 - 2, height - 14)))


class _Sheet:
    """One drawing of the view from top to bottom."""

    def __init__(
        self, look: Look, view: ImportanceChart, row: int, question: int, width: int, height: int, active: bool
    ) -> None:
        self.look, self.view, self.width, self.height, self.active = look, view, width, height, active
        self.at = row
        self.asked = view.asked[question] if view.asked else None
        self.strips: list[Strip] = []
        self.first = 0
        self._title()
        if view.empty is not None or not view.rows:
            self._say(view.empty or "No hyperparameter varies: there is nothing to weigh.", "muted")
            return
        if height >= _SMALL:
            if height >= 24:
                self.strips.append(paint(look, [], width))
            self._say(view.trust, "text", most=2 if height < 20 else 3)
        if height >= 24:
            self.strips.append(paint(look, [], width))
        self._table()
        self._words()

    def _title(self) -> None:
        label = [Run(" 3 ", "muted"), Run("Importance", "text", True)]
        said = "" if self.asked is None else f"  {self.asked.said}"
        right = [Run(f"{plural(len(self.view.rows), 'parameter')} ", "muted")] if self.view.rows else []
        if self.asked is not None and 30 + len(said) + 22 <= self.width:
            said += ", 90 % intervals"
        room = self.width - 14 - sum(len(run.text) for run in right) - 1
        if cell_len(said) > room and self.asked is not None:
            said = f"  {self.asked.short}, 90 % intervals"
            said = said if cell_len(said) <= room else f"  {self.asked.short}"
        self.strips.append(title(self.look, self.width, label, [Run(said, "muted")], right, self.active))

    def _say(self, text: str, token: str, *, most: int = 4) -> None:
        lines = wrapped(self.look.sign(text), max(10, self.width - 3))
        if len(lines) > most:
            lines = [*lines[: most - 1], f"{lines[most - 1]} {self.look.sign('…')}"]
        self.strips += [paint(self.look, [Run(f"  {line}", token)], self.width) for line in lines]

    def _table(self) -> None:
        rows = self.view.rows
        room = _room(len(rows), self.height)
        top = first_row(len(rows), self.at, self.height)
        columns = self._columns()
        highest = self._highest()
        self.strips.append(self._headings(columns, highest))
        self.first = len(self.strips)
        for number in range(top, min(len(rows), top + room)):
            self.strips.append(self._row(rows[number], columns, highest, number == self.at))
        left = len(rows) - room
        if left > 0:
            self.strips.append(paint(self.look, [Run(f"  +{left:,} more", "muted")], self.width))

    def _columns(self) -> _Columns:
        names = max(cell_len(safe(row.parameter)) for row in self.view.rows)
        name = max(_NAME_LEAST, min(names, _NAME_WIDEST, self.width // 4))
        left = self.width - 2 - name - 2
        if self.asked is None:
            return _Columns(name, 0, 0, (), min(_WAY, left))
        left -= _SCORE + 2
        widest = max(
            (len(_ends(row.entries[self.asked.question])) for row in self.view.rows if self._has(row)), default=0
        )
        interval = widest + 2 if left - widest - 2 >= _BAR_LEAST else 0
        left -= interval
        others: list[tuple[int, int]] = []
        for at, asked in enumerate(self.view.asked):
            wide = max(6, len(asked.short))
            if asked is not self.asked and left - wide - 2 >= _BAR_LEAST + 4:
                others.append((at, wide))
                left -= wide + 2
        told = any(row.better for row in self.view.rows)
        way = _WAY + 2 if told and left - _WAY - 2 >= _BAR_LEAST + 4 else 0
        return _Columns(name, max(3, min(left - way, _BAR_WIDEST)), interval, tuple(others), way)

    def _highest(self) -> float:
        """Return the end of the scale: the next tenth above everything that is drawn."""
        entries = [row.entries[self.asked.question] for row in self.view.rows if self._has(row)] if self.asked else []
        reached = max((max(entry.high, entry.score) for entry in entries), default=1.0)
        return min(1.0, (int(reached * 10) + 1) / 10)

    def _has(self, row: ImportanceRow) -> bool:
        return self.asked is not None and self.asked.question in row.entries

    def _headings(self, columns: _Columns, highest: float) -> Strip:
        runs = [Run(" " * (2 + columns.name + 2))]
        if self.asked is None:
            said = f"rank correlation with {self.view.metric}, 95 % interval"
            return paint(self.look, [*runs, Run(said, "muted")], self.width)
        from hpi_core.charts.importance_words import share

        end = share(highest)
        scale = "0" + end.rjust(columns.bar - 1)
        runs += [Run(scale, "muted"), Run(_GAP)]
        head = self.asked.short if columns.interval else ""
        runs.append(Run(head.rjust(_SCORE + columns.interval)[: _SCORE + columns.interval], "strong", True))
        for at, wide in columns.others:
            runs.append(Run(_GAP + self.view.asked[at].short.rjust(wide), "muted"))
        if columns.way:
            runs.append(Run(f"{_GAP}which way", "muted"))
        return paint(self.look, runs, self.width)

    def _row(self, row: ImportanceRow, columns: _Columns, highest: float, here: bool) -> Strip:
        from hpi_core.charts.importance_words import share, way

        look = self.look
        entry = row.entries.get(self.asked.question) if self.asked is not None else None
        clear = entry is not None and entry.matters
        mark = look.sign("▌") if here and self.active else " "
        token = "text" if clear or self.asked is None else "muted"
        runs = [Run(f"{mark} ", "strong"), Run(_fit(look, safe(row.parameter), columns.name), token, here), Run(_GAP)]
        if entry is None:
            runs.append(Run(" " * columns.bar))
            runs.append(Run(_GAP + "–".rjust(_SCORE) + " " * columns.interval, "muted"))
        else:
            runs += self._bar(entry, columns.bar, highest)
            runs.append(Run(_GAP + share(entry.score).rjust(_SCORE), token, clear))
            if columns.interval:
                runs.append(Run(_GAP + _ends(entry).rjust(columns.interval - 2), "muted"))
        for at, wide in columns.others:
            runs.append(_other(self.view.asked[at], row, wide))
        if columns.way:
            runs.append(Run(_GAP + way(row), "text" if row.better else "muted"))
        if self.asked is None:
            from hpi_core.charts.importance_words import correlation

            told = correlation(row) + (f"  {way(row)}" if row.better else "")
            runs = [*runs[:3], Run(told, "text" if row.better else "muted")]
        return paint(look, runs, self.width, "cur2" if here and look.fills else "ground")

    def _bar(self, entry: Importance, width: int, highest: float) -> list[Run]:
        """Draw score and interval as a bar with whiskers over the band of noise."""

        def place(share: float) -> int:
            return max(0, min(width - 1, round(share / highest * (width - 1))))

        noise = place(entry.noise) if entry.noise > 0 else -1
        low, high = place(entry.low), place(entry.high)
        cells = ["━"] * low + ["─"] * (high - low + 1)
        cells[low], cells[high] = "├", "┤"
        cells[place(entry.score)] = "●"
        band = "┄" * max(0, noise + 1 - len(cells))
        rest = width - len(cells) - len(band)
        if noise >= len(cells) and band:
            band = f"{band[:-1]}┊"
        bad = self.asked is not None and self.asked.question == "failing"
        token = ("err" if bad else "good") if entry.matters else "muted"
        return [Run("".join(cells), token), Run(band, "muted"), Run(" " * rest)]

    def _words(self) -> None:
        """Say what is known of the chosen parameter, then what to know of all of it, as far as there is room."""
        from hpi_core.charts.importance_words import about

        row = self.view.rows[self.at]
        label = [
            Run(f" {_fit(self.look, safe(row.parameter), min(_NAME_WIDEST, self.width // 2)).strip()}", "text", True)
        ]
        if self.height - len(self.strips) < 2:
            return
        if self.height - len(self.strips) >= 8:
            self.strips.append(paint(self.look, [], self.width))
        self.strips.append(title(self.look, self.width, label, [], [], False))
        for caption, text in about(self.view, row):
            self._caption(caption, text, "text")
        notes = [*self.view.notes] if self.height >= 10 else []
        if self.asked is not None:
            notes.append(
                "noise: what the best of so many parameters that do nothing stays below in 95 of 100 sweeps; shares "
                "with 90 % intervals, correlations with 95 %"
            )
        if notes and self.height - len(self.strips) >= 3:
            self.strips.append(paint(self.look, [], self.width))
            for at, note in enumerate(notes):
                self._caption("" if at else "how", note, "muted")

    def _caption(self, caption: str, text: str, token: str) -> None:
        lines = wrapped(self.look.sign(text), max(10, self.width - _LABEL - 3))
        left = self.height - len(self.strips)
        if len(lines) > left > 0:
            room = self.width - _LABEL - 5
            lines = [*lines[: left - 1], f"{set_cell_size(lines[left - 1], room).rstrip(' ;,')} {self.look.sign('…')}"]
        for at, line in enumerate(lines[: max(0, left)]):
            head = caption if not at else ""
            self.strips.append(
                paint(self.look, [Run(f"  {head.ljust(_LABEL)}", "muted"), Run(line, token)], self.width)
            )


def _ends(entry: Importance) -> str:
    from hpi_core.charts.importance_words import interval

    return interval(entry.low, entry.high)


def _other(asked: Asked, row: ImportanceRow, wide: int) -> Run:
    """Return the number of another question, in brackets where it is within noise."""
    from hpi_core.charts.importance_words import share

    entry = row.entries.get(asked.question)
    if entry is None:
        return Run(_GAP + "–".rjust(wide), "muted")
    text = share(entry.score)
    return Run(_GAP + (text if entry.matters else f"({text})").rjust(wide), "text" if entry.matters else "muted")


def _fit(look: Look, text: str, width: int) -> str:
    shown = look.sign(text)
    if cell_len(shown) <= width:
        return set_cell_size(shown, width)
    return set_cell_size(shown, max(0, width - 1)) + look.sign("…")
