"""Sick: the triage queue, grouped by what explains the trials, worst first; a group is decided with one key.

A group row tells issue, count and claim; below an unfolded one stands each trial with its value of the claimed
parameter, what went wrong, what else stands against it, and what was decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip

from hpi_core.text import safe
from hpi_tui.sick_queue import Place, QueueView
from hpi_tui.tables import SweepTable, decision_cell
from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Lines, Run, paint, title

if TYPE_CHECKING:
    from hpi_core.charts.sick import Group

_WORDS = {"error": ("✗", "err"), "warn": ("!", "warn"), "info": (" ", "muted")}
_TRIAL_WIDEST, _VALUE_WIDEST = 14, 18


@dataclass(frozen=True, eq=False)
class SickView:
    """The queue, the sweep it speaks of, where the cursor stands, and words for an empty queue."""

    queue: QueueView
    table: SweepTable
    at: Place | None
    empty: str = ""


class Sick(Lines):
    """Draws the queue and keeps its cursor in sight."""

    DEFAULT_CSS = "Sick { height: 1fr; width: 1fr; }"

    class Clicked(Message):
        """A line of the queue was pointed at."""

        def __init__(self, line: int) -> None:
            super().__init__()
            self.line = line

    def __init__(self, look: Look, *, id: str | None = None) -> None:
        super().__init__(look, id=id)
        self.view: SickView | None = None
        self.active = False
        self._top = 0
        self._drawn: list[list[Run]] = []
        self._waiting = "inspecting"

    @property
    def waiting(self) -> str:
        """What is said while there is no queue."""
        return self._waiting

    @waiting.setter
    def waiting(self, said: str) -> None:
        if said != self._waiting:
            self._waiting = said
            self.redraw()

    @property
    def page(self) -> int:
        """How many lines of the queue are in sight."""
        return max(1, self.size.height - 1)

    def show(self, view: SickView | None) -> None:
        """Show another queue or place, repainting only the lines that differ."""
        before = self._texts()
        self.view = view
        self._keep_in_sight()
        after = self._texts()
        self.redraw_lines(*(y for y in range(len(after)) if before[y : y + 1] != after[y : y + 1]))

    def activate(self, active: bool) -> None:
        """Show that keys go to this pane, or that they do not."""
        if active != self.active:
            self.active = active
            self.redraw()

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._keep_in_sight()
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        """Tell which line was pointed at."""
        self.post_message(self.Clicked(self._top + event.y - 1))

    def line(self, y: int, width: int) -> Strip:
        """Draw the title row or a line of the queue."""
        if y == 0:
            return self._title(width)
        if self.view is None:
            return paint(self.look, [Run(f"  {self.waiting}", "muted")] if y == 1 else [], width)
        lines = self.view.queue.lines
        at = self._top + y - 1
        if at >= len(lines):
            words = _wrapped(self.view.empty, width - 3) if not lines else []
            return paint(self.look, [Run(f"  {words[y - 1]}", "muted")] if y <= len(words) else [], width)
        here = self._cursor() == at
        ground = ("cur" if self.active else "cur2") if here else "ground"
        mark = Run("▌" if here and (self.active or not self.look.fills) else " ", "strong", True)
        return paint(self.look, [mark, *self._runs(lines[at])], width, ground)

    def _title(self, width: int) -> Strip:
        label = [Run(" 2 ", "text" if self.active else "muted"), Run("Sick ", "text", True)]
        if self.view is None:
            return title(self.look, width, label, [], [], self.active)
        queue = self.view.queue
        state = [Run(f" {queue.total:,}", "muted")]
        right = [Run(f"{queue.done:,} done ", "muted")] if queue.done else []
        return title(self.look, width, label, state, right, self.active)

    def _runs(self, place: Place) -> list[Run]:
        assert self.view is not None
        group = self.view.queue.groups[place.group]
        return self._group(group, place) if place.row is None else self._trial(group, place.row)

    def _group(self, group: Group, place: Place) -> list[Run]:
        assert self.view is not None
        queue = self.view.queue
        sign, token = _WORDS[group.severity]
        at = queue.line_of(place) or 0
        unfolded = at + 1 < len(queue.lines) and queue.lines[at + 1].group == group.key
        widest = max((len(f"{len(rows):,}") for rows in queue.waiting.values()), default=1)
        count = f"{len(queue.waiting[group.key]):,}"
        runs = [
            Run("▾ " if unfolded else "▸ ", "muted"),
            Run(f"{sign} {group.tag:<8}", token, True),
            Run(f"{count:>{max(3, widest)}}  "),
        ]
        if group.by == "issue":
            return [*runs, Run("no cause found", "muted")]
        claim = safe(group.claim, 60).replace("<=", "≤").replace(">=", "≥")
        return [*runs, Run(f"lead {claim}", "muted") if group.by == "lead" else Run(claim)]

    def _trial(self, group: Group, row: int) -> list[Run]:
        assert self.view is not None
        table = self.view.table
        standing = table.standing
        assert standing is not None
        decided = decision_cell(table.decided.get(row)).text
        token = "muted" if decided else "text"
        name = _cut(_trial_name(table, row), _TRIAL_WIDEST)
        runs = [Run(f"   {name:>6}  ", token)]
        if group.parameter is not None:
            value = table.write(group.parameter, table.sweep.trials[row, group.parameter]).text
            label = safe(group.parameter, 14)
            runs.append(Run(f"{label} {_cut(value, _VALUE_WIDEST):<8}  ", token))
        findings = standing.findings(row)
        what = next((f for f in findings if f.issue == group.issue), None)
        also = list(dict.fromkeys(f.tag for f in findings if f.issue != group.issue))
        if decided:
            runs.append(Run(f"{decided}  ", "you"))
        if also:
            runs.append(Run(f"also {' '.join(also)}  ", "muted"))
        if what is not None:
            went = f"step {what.step:,}" if what.step is not None else safe(what.evidence, 200).partition(";")[0]
            runs.append(Run(went, "muted"))
        return runs

    def _cursor(self) -> int | None:
        return None if self.view is None else self.view.queue.line_of(self.view.at)

    def _keep_in_sight(self) -> None:
        count = 0 if self.view is None else len(self.view.queue.lines)
        at = self._cursor()
        if at is not None:
            self._top = min(self._top, at)
            if at >= self._top + self.page:
                self._top = at - self.page + 1
        self._top = max(0, min(self._top, count - self.page))

    def _texts(self) -> list[tuple[object, ...]]:
        """Return what makes the lines in sight look as they do."""
        if not self.is_mounted:
            return []
        height = self.size.height
        if self.view is None:
            return [(None,)] * height
        queue, at = self.view.queue, self._cursor()
        said: list[tuple[object, ...]] = [(queue.total, queue.done)]
        for y in range(1, height):
            line = self._top + y - 1
            place = queue.lines[line] if line < len(queue.lines) else None
            runs = tuple(self._runs(place)) if place is not None else (self.view.empty,)
            said.append((runs, line == at))
        return said


def _trial_name(table: SweepTable, row: int) -> str:
    identity = table.sweep.roles.id
    return safe(row if identity is None else table.sweep.trials[row, identity], 40)


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else text[: width - 1] + "…"


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, max(10, width))
