"""What header, notice, title row and footer say, as runs of text: pure functions of the main screen's state."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.cells import cell_len

from hpi_core.numerals import plural
from hpi_core.text import safe
from hpi_tui.actions import footer_keys
from hpi_tui.cell_format import prose_number
from hpi_tui.layout import PANES
from hpi_tui.tables import column_name
from hpi_tui.widgets.lines import Run

if TYPE_CHECKING:
    from hpi_core.sweep import Sweep
    from hpi_tui.screens.main import MainScreen

Row = tuple[list[Run], list[Run]]
_NAMED_PARAMETERS = 4
_WIDE = 100  # columns from which the header has room for a time
_LEAST_NAME = 8


def header(screen: MainScreen) -> Row:
    """`file › counts or filter › trial` at the left, repairs at the right."""
    left = [Run(" "), Run(screen.source_name, "strong", True)]
    table = screen.table
    if table is None:
        what = "cannot be read" if screen.error else screen.progress or "reading stopped"
        return [*left, Run(" › ", "faint"), Run(what, "err" if screen.error else "muted")], []
    sweep = table.sweep
    counts = f"{screen.state.total:,} trial{'s' if screen.state.total != 1 else ''}"
    if screen.state.filter:
        counts = f"{table.count:,} of {counts}"
    left += [Run(" › ", "faint"), Run(counts)]
    if screen.standing is not None:
        sick = len(screen.standing.sick_rows)
        left.append(Run(f"  {sick:,} sick" if sick else "  none sick"))
    left += _objective(screen)
    row = screen.cursor.trial_row()
    if row is not None:
        left += [Run(" › ", "faint"), Run(f"trial {screen.cursor.trial_name(row)}")]
    busy = screen.progress or screen.inspecting
    right = [Run(f"{busy}  ", "muted")] if busy else _followed(screen)
    if repairs := sweep.repairs:
        right.append(Run(f"{repairs:,} repair{'s' if repairs != 1 else ''} ", "muted"))
    return left, [*_curves(screen, left, right), *right]


def _curves(screen: MainScreen, left: list[Run], right: list[Run]) -> list[Run]:
    """Name the file the curves come from, where it is another one, as far as there is room."""
    said = screen.table.sweep.source.curves if screen.table is not None else ""
    if not said:
        return []
    room = screen.size.width - sum(cell_len(run.text) for run in (*left, *right)) - len("curves from ") - 4
    if room < _LEAST_NAME:
        return [Run("with curves ", "muted")]
    return [Run("curves from ", "muted"), Run(f"{safe(said, room)} ")]


def _followed(screen: MainScreen) -> list[Run]:
    """That the source is followed, how many trials have come since, and when it last moved."""
    followed = screen.following.now
    if followed is None:
        return []
    runs = [
        Run("lost  " if screen.following.trouble else "following  ", "warn" if screen.following.trouble else "good")
    ]
    runs += [Run(f"+{followed.new:,}  ")] if followed.new else []
    wide = screen.size.width >= _WIDE
    return [*runs, Run(f"{followed.moved_at}  ", "muted")] if followed.moved_at and wide else runs


def _objective(screen: MainScreen) -> list[Run]:
    assert screen.table is not None
    sweep, row = screen.table.sweep, screen.cursor.trial_row()
    best = screen.table.best if row is None else screen.table.best_for(row)
    objective = sweep.roles.objective
    if objective is None or objective.direction is None:
        return []
    value = "" if best is None else " " + prose_number(sweep.trials[best, objective.metric])
    said = [Run("  "), Run(f"{safe(objective.metric, 40)} {objective.direction}{value}")]
    if (others := sweep.other_objectives) and screen.size.width >= _WIDE:
        said.append(Run(f", one of {len(others) + 1} objectives", "muted"))
    if sweep.roles.group is None or row is None or screen.size.width < _WIDE:
        return said
    return [*said, Run(f" in {safe(sweep.trials[sweep.roles.group][row], 24)}", "muted")]


def notice(screen: MainScreen, width: int) -> list[Row]:
    """Errors in words, a question about the direction, or what was inferred on the first run."""
    if screen.error is not None:
        keys = "R reads again" if screen.table is None else "Esc dismisses, R reads again"
        keys += ", E opens another" if screen.picking.possible else ""
        lines = _wrapped(screen.error.message, width - 4)
        rows: list[Row] = [
            ([Run(" ✗ " if not at else "   ", "err", True), Run(line)], []) for at, line in enumerate(lines)
        ]
        rows += [([Run("   "), Run(line, "muted")], []) for line in _wrapped(screen.error.hint, width - 4)]
        return [*rows, ([Run("   "), Run(f"{keys}, q leaves.", "muted")], [])]
    if screen.following.trouble:
        lines = _wrapped(screen.following.trouble, width - 4)
        return [([Run(" ! " if not at else "   ", "warn"), Run(line)], []) for at, line in enumerate(lines)]
    if screen.table is None or not screen.noticed:
        return []
    sweep = screen.table.sweep
    objective = sweep.roles.objective
    if sweep.trials.is_empty():
        return [([Run(" ! ", "warn"), Run("There is no trial in this source: nothing below its header.")], [])]
    if objective is not None and objective.direction is None:
        asked = f"{safe(objective.metric, 40)}: is lower or higher better?"
        return [([Run(" ? ", "warn", True), Run(asked, "strong", True)], _key("O", "answers "))]
    if sweep.incomplete and not screen.following.on:
        said = "The last record was cut off while being written: it is shown as incomplete and not ranked."
        return [([Run(" ! ", "warn"), Run(said)], _key(":", "accepts it "))]
    return [([Run(" "), *_inferred(sweep)], [*_key("O", "changes it"), *_key("Esc", "hides ")])]


def _inferred(sweep: Sweep) -> list[Run]:
    roles, objective = sweep.roles, sweep.roles.objective
    names = [safe(p.name, 24) for p in roles.hyperparameters]
    more = f" and {len(names) - _NAMED_PARAMETERS} more" if len(names) > _NAMED_PARAMETERS else ""
    said = f"{len(names)} hyperparameter{'s' if len(names) != 1 else ''}: {', '.join(names[:_NAMED_PARAMETERS])}{more}"
    goal = "no objective found" if objective is None else f"{objective.direction} {safe(objective.metric, 40)}"
    beside = ", ".join(f"{direction} {safe(name, 24)}" for name, direction in sweep.other_objectives)
    goal += f" (not judged: {beside})" if beside else ""
    return [
        Run("id ", "muted"), Run(safe(roles.id or "row number", 24)), Run("  objective ", "muted"), Run(goal),
        Run("  "), Run(said if names else "no hyperparameters found", "muted"),
    ]  # fmt: skip


def tabs(screen: MainScreen) -> list[Run]:
    """All panes in a row, the one with the keys brighter."""
    said = {"sick": f" {screen.queue.total - screen.queue.done:,}" if screen.standing is not None else ""}
    runs: list[Run] = []
    for name in screen.panes:
        here = name == screen.state.pane
        number = PANES.index(name) + 1
        runs.append(Run(f" {number} {name.capitalize()}{said.get(name, '')} ", "strong" if here else "muted", here))
    return runs


def empty_queue(screen: MainScreen) -> str:
    """Why there is no trial to decide, in words."""
    if screen.standing is None:
        return ""
    if screen.queue.total:
        done = f"All {screen.queue.total:,} sick trials are decided."
        return f"{done} H shows them; `hpi triage --export` lists the reruns."
    coverage = screen.standing.inspection.coverage
    ran = [state for state in coverage["state"].to_list() if state == "ran"]
    trials = screen.standing.inspection.sweep.trials.height
    judged = trials - screen.standing.inspection.unassessed
    ran_on = f"{plural(len(ran), 'detector')} ran on {plural(judged, 'trial')}"
    return f"No sick trials: {ran_on}, {len(coverage) - len(ran)} did not run."


def runs_title(screen: MainScreen) -> tuple[list[Run], list[Run]]:
    """Name of the pane and the state of the view."""
    state = screen.state
    said: list[Run] = []  # first what a decision would be about
    if state.selection:
        said += [Run(f"  {len(state.selection):,} selected", "muted")]
    if state.sorts:
        keys = ", ".join(f"{safe(column_name(key.column), 24)} {'↑' if key.descending else '↓'}" for key in state.sorts)
        said += [Run("  sort ", "muted"), Run(keys)]
    else:
        said += [Run("  source order", "muted")]
    if state.filter:
        said += [Run("  filter ", "muted"), Run(safe(state.filter, 60))]
    if state.grouped:
        said += [Run("  grouped by configuration", "muted")]
    if state.columns.hidden:
        said += [Run(f"  {len(state.columns.hidden):,} hidden", "muted")]
    return tabs(screen) if screen.layout_now.tabs else [Run(" 1 Runs ", "text", True)], said


def waiting(screen: MainScreen) -> tuple[str, str]:
    """What the panes of the sick and of the curves say while there is nothing to show in them."""
    if screen.table is None and screen.progress is None:
        nothing = "Nothing was read. R reads again."
        return nothing, nothing
    stopped = screen.table is not None and screen.inspecting is None and screen.standing is None
    return "Inspection stopped. R reads again." if stopped else "inspecting", "Collecting the curves …"


def footer(screen: MainScreen, width: int, height: int) -> list[Row]:
    """Keys, then status; help and commands keep their place at the right."""
    keys = footer_keys(_place(screen))
    if screen.table is None and screen.progress is None:  # nothing is there to be decided or looked at
        another = [("E", "open another")] if screen.picking.possible else []
        keys = [("R", "read again"), *another, ("q", "quit"), *keys[-2:]]
    right = [run for pair in keys[-2:] for run in _footer_key(*pair)]
    room = width - sum(cell_len(run.text) for run in right) - 4
    left: list[Run] = [Run(" ")]
    for pair in keys[:-2]:
        runs = _footer_key(*pair)
        room -= sum(cell_len(run.text) for run in runs)
        if room < 0:
            break
        left += runs
    status = screen.status or ("reading" if screen.table is None and not screen.error else "")
    if screen.progress and screen.table is None:
        status = f"{screen.progress}  Esc stops"
    counts, saved = _decided(screen)
    said = counts
    if status:
        taken = sum(cell_len(run.text) for run in (*counts, *saved))
        beside = counts and taken + cell_len(status) + 4 <= width
        said = [*counts, Run("  "), Run(status)] if beside else [Run(" "), Run(status, "muted")]
    rows: list[Row] = [(left, right), (said, saved)]
    return [([], [])] * max(0, height - 2) + rows


def _place(screen: MainScreen) -> str:
    """Return what stands in the pane that has the keys, as the footer's keys know it."""
    state = screen.state
    if state.pane == "buckets":
        return state.third
    if state.pane != "curves":
        return state.pane
    return "no curves" if screen.plotter.without_curves else state.curves.view


def _decided(screen: MainScreen) -> tuple[list[Run], list[Run]]:
    """Which of the sick trials the cursor stands at, what was decided, and when that was saved."""
    standing = screen.standing
    if standing is None:
        return [], []
    total, row = len(standing.sick_rows), screen.cursor.trial_row()
    at = int(standing.sick_rows.searchsorted(row)) + 1 if row is not None and standing.is_sick(row) else 0
    said = [f"sick {at:,}/{total:,}" if at else f"sick {total:,}"] if total else []
    verdicts: Counter[str | None] = Counter(decision.verdict for decision in screen.decided.values())
    words = (("acknowledged", "acked"), ("rerun", "rerun"), ("ignored", "ignored"))
    said += [f"{count:,} {word}" for verdict, word in words if (count := verdicts[verdict])]
    saved = [Run(f"saved {screen.saved_at} ", "muted")] if screen.saved_at else []
    return [Run(" "), Run("  ".join(said), "muted")], saved


def _footer_key(key: str, does: str) -> list[Run]:
    return [Run(key, "strong", True), Run(f" {does}  ", "muted")]


def _key(key: str, does: str) -> list[Run]:
    return [Run("  "), Run(key, "strong", True), Run(f" {does}", "muted")]


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(safe(text), max(20, width))[:4]
