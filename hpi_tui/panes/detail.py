"""The detail of the trial under the cursor: its values against the best trial and against what is typical.

`compute` turns a sweep and a row into a view, which the widget draws as a strip of six lines on a small terminal and
as blocks that flow into columns on a larger one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from textual.strip import Strip

from hpi_core.text import safe
from hpi_tui.cell_format import Cell, prose_number
from hpi_tui.panes.verdict import culprits, notes, verdict
from hpi_tui.tables import ADDED, SweepTable
from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Lines, Run, paint, title

if TYPE_CHECKING:
    from hpi_core.charts.sick import Standing
    from hpi_core.typical import TypicalValues

_NAME_WIDEST, _VALUE_WIDEST, _TEXT_WIDEST = 26, 22, 48
_LEAST_BROKEN, _MOST_BROKEN = 24, 3
_NARROWED = 8  # no value is cut shorter than this for the sake of what stands beside it
_GAP = "  "
_MOST_ROWS = 300  # of a block: more than the largest terminal shows
_TALLEST = 60


@dataclass(frozen=True)
class Compared:
    """One column of the trial beside the best trial and the typical value; `same` where it equals the best.

    `reason` is the token and the words of a cause that claims this value.
    """

    name: str
    here: Cell
    best: Cell | None
    typical: Cell | None
    same: bool
    reason: tuple[str, str] | None = None


@dataclass(frozen=True)
class Block:
    """Columns of one kind, and how many more there are; `compared` tells whether best and typical stand beside them."""

    heading: str
    rows: tuple[Compared, ...]
    compared: bool = True
    more: int = 0


@dataclass(frozen=True)
class DetailView:
    """Everything the detail says of one trial."""

    trial: str
    best: str | None
    is_best: bool
    facts: tuple[str, ...]
    blocks: tuple[Block, ...]
    verdict: tuple[tuple[Run, ...], ...] = ()
    notes: tuple[tuple[Run, ...], ...] = ()


def compute(table: SweepTable, row: int, typical: TypicalValues) -> DetailView:
    """Compare the trial of row `row` with the best trial and the typical values, those of its own sweep."""
    from hpi_core.charts.standing import sweep_of_trial

    sweep, roles = table.sweep, table.sweep.roles
    usually = typical.get(sweep_of_trial(sweep, row), {})
    here = sweep.trials.row(row, named=True)
    top = table.best_for(row)
    best = sweep.trials.row(top, named=True) if top is not None and top != row else None
    objective = roles.objective.metric if roles.objective else None
    others = [name for name, _ in sweep.other_objectives]

    def compared(name: str) -> Compared:
        value = here[name]
        beside = table.write(name, best[name]) if best is not None else None
        usual = table.write(name, usually[name]) if name in usually else None
        same = best is not None and value is not None and value == best[name]
        return Compared(name, table.write(name, value), beside, usual, same)

    parameters = {p.name for p in roles.hyperparameters}
    metrics = others + [m.name for m in roles.metrics if m.name != objective and m.name not in others]
    shown = {*parameters, *metrics, objective, roles.id, "_row", "_status"}
    rest = [name for name in (*roles.resources, *table.names) if name not in shown and name not in ADDED]
    kinds = (
        ("configuration", [name for name in table.names if name in parameters], True),
        ("metrics", ([objective] if objective else []) + metrics, True),
        ("other", list(dict.fromkeys(rest)), False),
    )
    blocks = tuple(
        Block(heading, tuple(map(compared, names[:_MOST_ROWS])), beside, max(0, len(names) - _MOST_ROWS))
        for heading, names, beside in kinds
    )
    if table.standing is not None:
        blocks = (replace(blocks[0], rows=(*blocks[0].rows, *_schedules(table.standing, row, top))), *blocks[1:])
    status = "incomplete: its record was cut off" if row in sweep.incomplete else str(here["_status"])
    facts = ["" if status == "unknown" else status]
    if objective is not None:
        facts.append(f"{safe(objective, 40)} {prose_number(here[objective])}{' judged' * bool(others)}")
    facts += [f"{safe(name, 24)} {prose_number(here[name])}" for name in others[:2]]
    trial = str(here[roles.id]) if roles.id is not None else str(row)
    best_id = None if best is None else str(best[roles.id]) if roles.id is not None else str(top)
    words = verdict(table.standing, row) if table.standing is not None else []
    remarks = notes(table.standing, row) if table.standing is not None else []
    reasons = culprits(table.standing, row) if table.standing is not None else {}
    blocks = tuple(
        replace(block, rows=tuple(replace(item, reason=reasons.get(item.name)) for item in block.rows))
        for block in blocks
    )
    return DetailView(
        safe(trial, 40),
        None if best_id is None else safe(best_id, 14),
        top == row,
        tuple(fact for fact in facts if fact),
        tuple(block for block in blocks if block.rows),
        tuple(tuple(line) for line in words),
        tuple(tuple(line) for line in remarks),
    )


def _schedules(standing: Standing, row: int, best: int | None) -> tuple[Compared, ...]:
    """Return how the learning rates of the trial went over its steps, beside those of the best."""
    beside = {name: said for name, said, _ in standing.inspection.schedule_of(best)} if best is not None else {}
    return tuple(
        Compared(
            f"{name} schedule", Cell(said), Cell(beside[name]) if name in beside and best != row else None, None,
            best != row and beside.get(name) == said,
        )
        for name, said, _ in standing.inspection.schedule_of(row)
    )  # fmt: skip


class Detail(Lines):
    """Draws a DetailView in the room it has."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:
        super().__init__(look, id=id)
        self.view: DetailView | None = None
        self.strip = True
        self._drawn: tuple[tuple[int, int, bool], list[list[Run]]] | None = None

    def show(self, view: DetailView | None) -> None:
        """Draw another trial, repainting only the lines that differ."""
        if view == self.view:
            return
        before = self._content() if self.is_mounted else []
        self.view, self._drawn = view, None
        after = self._content() if self.is_mounted else []
        lead = self._lead() + 1
        changed = [y for y in range(max(len(before), len(after))) if before[y : y + 1] != after[y : y + 1]]
        self.redraw_lines(lead - 1, *(y + lead for y in changed))

    def needed_height(self, width: int) -> int:
        """Return how many lines all blocks want at this width, the blank line and the title row included."""
        if self.view is None:
            return 3
        lines = len(_said(self.view, width))
        said = lines + 1 if lines else 0
        total = sum(len(block.rows) + 2 for block in self.view.blocks)
        for height in range(4, min(total, _TALLEST) + 1):
            columns, left = _flow(self.view, height, width)
            if not left and sum(_width(column) + 4 for column in columns) - 4 <= width - 2:
                return height + 2 + said
        return total + 2 + said

    def line(self, y: int, width: int) -> Strip:
        """Draw a line: blank, title row, then the content."""
        lead = self._lead()
        if y < lead or self.view is None:
            return paint(self.look, [], width)
        if y == lead:
            state = [run for fact in self.view.facts for run in (Run(_GAP), Run(fact, "muted"))]
            sign = [Run(" ★", "good")] if self.view.is_best else []
            label = [Run(" trial ", "text", True), Run(f"{self.view.trial} ", "text", True), *sign]
            return title(self.look, width, label, state, [Run("Enter", "text", True), Run(" opens ", "muted")], False)
        content = self._content()
        at = y - lead - 1
        return paint(self.look, content[at] if at < len(content) else [], width)

    def _lead(self) -> int:
        return 0 if self.strip else 1

    def _content(self) -> list[list[Run]]:
        width, height = self.size
        key = (width, height, self.strip)
        if self._drawn is None or self._drawn[0] != key:
            lines = [] if self.view is None else (
                _strip(self.view, width, height - 1) if self.strip else _sheet(self.view, width, height - 2)
            )  # fmt: skip
            self._drawn = (key, lines)
        return self._drawn[1]


def _sheet(view: DetailView, width: int, height: int) -> list[list[Run]]:
    """Say what is wrong first, then put the values below."""
    if height < 1:
        return []
    said = _said(view, width)[:height]
    if said and len(said) + 3 <= height:
        said.append([])
    left = height - len(said)
    return [*said, *(_columns(view, width, left) if left >= 2 else [])]


def _said(view: DetailView, width: int) -> list[list[Run]]:
    """Return what is wrong and what is worth knowing, each in a few lines where one is too short."""
    return [part for line in (*view.verdict, *view.notes) for part in _broken(line, width)]


def _broken(line: Sequence[Run], width: int) -> list[list[Run]]:
    """Break a line that is too long for the width in its last run, which goes on below where it began."""
    lead, last = list(line[:-1]), line[-1]
    begun = len(last.text) - len(last.text.lstrip())
    at = _length(lead) + begun
    room = width - at - 1
    if room < _LEAST_BROKEN:
        return [list(line)]
    parts = wrap(last.text.strip(), room, break_on_hyphens=False) or [""]
    parts[_MOST_BROKEN - 1 :] = [_cut(" ".join(parts[_MOST_BROKEN - 1 :]), room)] if len(parts) >= _MOST_BROKEN else []
    first, *rest = (last._replace(text=part) for part in parts)
    return [[*lead, Run(" " * begun), first], *([Run(" " * at), part] for part in rest)]


def _strip(view: DetailView, width: int, height: int) -> list[list[Run]]:
    """Say what is wrong with the trial; where nothing is, lay it out sideways: best and typical one below it."""
    if view.verdict:
        return [list(line) for line in _pressed(view.verdict, height)]
    labels = [view.trial, f"★ {view.best}" if view.best else "", "median"]
    lead = max(cell_len(label) for label in labels) + 1
    names, here, best, usual = (
        [Run(" " * lead)], [Run(labels[0].rjust(lead), "text", True)], [Run(labels[1].rjust(lead), "good")],
        [Run(labels[2].rjust(lead), "muted")],
    )  # fmt: skip
    used = lead
    rows = [row for block in view.blocks if block.compared for row in block.rows]
    for at, row in enumerate(rows):
        name = _cut(safe(row.name), _NAME_WIDEST)
        cells = [row.here, row.best or Cell(""), row.typical or Cell("")]
        wide = max(cell_len(name), *(min(cell_len(cell.text), _VALUE_WIDEST) for cell in cells))
        if used + wide + 2 > width - (5 if at + 1 < len(rows) else 0):
            left = len(rows) - at + sum(block.more for block in view.blocks if block.compared)
            names.append(Run(f"  +{left:,}", "muted"))
            break
        used += wide + 2
        names.append(Run(_GAP + _right(name, wide), "muted"))
        here.append(Run(_GAP + _right(cells[0].text, wide), "muted" if row.same else "text", cells[0].odd))
        best.append(Run(_GAP + _right(cells[1].text, wide), "muted" if row.same else "text", cells[1].odd))
        usual.append(Run(_GAP + _right(cells[2].text, wide), "muted" if row.same else "text"))
    other: list[Run] = []
    for row in (row for block in view.blocks if not block.compared for row in block.rows):
        other += [
            Run(_GAP if other else " "),
            Run(_cut(safe(row.name), _NAME_WIDEST) + " ", "muted"),
            Run(row.here.text),
        ]
    return [names, here, *([best] if view.best else []), usual, other]


def _pressed(lines: tuple[tuple[Run, ...], ...], height: int) -> list[tuple[Run, ...]]:
    """Keep what matters most within `height` lines: some findings, some causes, and what to do next."""
    if len(lines) <= height:
        return list(lines)
    last = lines[-1:] if lines[-1][0].text.strip() == "next" else ()
    room = height - len(last)
    signs = [line for line in lines if line[0].text.strip() in ("✗", "!")]
    others = [line for line in lines if line not in signs and line not in last]
    kept = signs[: max(1, room - min(2, len(others)))]
    return [*kept, *others[: room - len(kept)], *last]


def _columns(view: DetailView, width: int, height: int) -> list[list[Run]]:
    """Let the blocks flow into columns of this height, as many as the width holds."""
    columns, _ = _flow(view, max(2, height), width)
    lines: list[list[Run]] = [[Run(" ")] for _ in range(height)]
    used = 1
    for at, column in enumerate(columns):
        wide = _width(column)
        if at and used + wide > width:
            hidden = sum(len(other) for other in columns[at:]) + sum(block.more for block in view.blocks)
            lines[-1:] = [[Run(f" + {hidden:,} more lines", "muted")]]
            break
        for y, line in enumerate(lines):
            if at:
                line.append(Run(" " * (used - _length(line))))
            line += column[y] if y < len(column) else []
        used += wide + 4
    return lines


def _flow(view: DetailView, height: int, width: int) -> tuple[list[list[list[Run]]], int]:
    """Return the columns of lines, each at most `height` long, and how many lines had no room."""
    columns: list[list[list[Run]]] = [[]]
    for block in view.blocks:
        heading, rows = _block(view, block, width - 1)
        if columns[-1] and len(columns[-1]) + 1 + min(len(rows) + 1, 4) > height:
            columns.append([])
        elif columns[-1]:
            columns[-1].append([])
        columns[-1].append(heading)
        for row in rows:
            if len(columns[-1]) >= height:
                columns.append([heading])
            columns[-1].append(row)
    return columns, 0


def _block(view: DetailView, block: Block, room: int) -> tuple[list[Run], list[list[Run]]]:
    """Lay a block out; values give way where a row would be wider than `room`, so that its reason is never cut."""
    wide = min(_NAME_WIDEST, max(len(block.heading), *(cell_len(safe(row.name)) for row in block.rows)))
    if not block.compared:
        lines = [
            [Run(_left(safe(row.name), wide), "muted"), Run(_GAP + _cut(row.here.text, _TEXT_WIDEST))]
            for row in block.rows
        ]
        return [Run(block.heading, "muted")], lines
    heads = [view.trial, f"★ {view.best}" if view.best else "", "median"]
    columns: list[list[Cell]] = [
        [row.here for row in block.rows],
        [row.best or Cell("") for row in block.rows] if view.best else [],
        [row.typical or Cell("") for row in block.rows],
    ]
    sizes = [
        min(_VALUE_WIDEST, max([cell_len(head), *(cell_len(cell.text) for cell in column)]))
        for head, column in zip(heads, columns, strict=True)
    ]
    kept = [at for at in range(3) if columns[at]]
    reason = max((len(_GAP) + cell_len(row.reason[1]) for row in block.rows if row.reason is not None), default=0)
    while wide + sum(len(_GAP) + sizes[at] for at in kept) + reason > room and max(sizes) > _NARROWED:
        sizes[sizes.index(max(sizes))] -= 1
    tokens = ("strong", "good", "muted")
    heading = [Run(_left(block.heading, wide), "muted")]
    heading += [Run(_GAP + _right(heads[at], sizes[at]), tokens[at], at == 0) for at in kept]
    lines = []
    for number, row in enumerate(block.rows):
        runs = [Run(_left(safe(row.name), wide), "muted" if row.same else "text")]
        for at in kept:
            cell = columns[at][number]
            token, bold = "muted" if row.same else "text", cell.odd
            if at == 0 and row.reason is not None:
                token, bold = row.reason[0], True
            runs.append(Run(_GAP + _right(cell.text, sizes[at]), token, bold))
        if row.reason is not None:
            runs.append(Run(_GAP + row.reason[1], row.reason[0]))
        lines.append(runs)
    return heading, lines


def _length(runs: Sequence[Run]) -> int:
    return sum(cell_len(run.text) for run in runs)


def _width(column: Sequence[Sequence[Run]]) -> int:
    return max((_length(runs) for runs in column), default=0)


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


def _right(text: str, width: int) -> str:
    cut = _cut(text, width)
    return " " * (width - cell_len(cut)) + cut


def _left(text: str, width: int) -> str:
    cut = _cut(text, width)
    return cut + " " * (width - cell_len(cut))
