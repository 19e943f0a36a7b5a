"""The main screen: header, panes, footer. It owns the view state and takes the answers of the workers.

What keys do stands in `hpi_tui.commands`; what is drawn stands in the panes and widgets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.timer import Timer

from hpi_core.text import safe
from hpi_tui import chrome, messages
from hpi_tui.actions import ACTIONS
from hpi_tui.commands import Commands
from hpi_tui.jobs import Jobs
from hpi_tui.layout import Layout, layout_for
from hpi_tui.panes.detail import Detail, compute
from hpi_tui.state import ViewState, move_to
from hpi_tui.tables import PreviewTable, SweepTable
from hpi_tui.theme import Look
from hpi_tui.widgets.frame_table import FrameTable
from hpi_tui.widgets.lines import Fixed, Run
from hpi_tui.widgets.title import Position, Title

if TYPE_CHECKING:
    from textual.widgets import Input

    from hpi_core.errors import HpiError
    from hpi_core.roles import RoleOverrides
    from hpi_tui.widgets.filter_bar import FilterBar

REST = 0.1
_MOST_TYPICAL = 400


class MainScreen(Screen[None]):
    """Runs over (or beside) the detail of the trial under the cursor."""

    AUTO_FOCUS = "#table"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(action.keys), f"command('{action.name}')", action.help, show=False, id=action.name)
        for action in ACTIONS
        if action.keys
    ]

    def __init__(self, look: Look, name: str, preview: PreviewTable | None, overrides: RoleOverrides | None) -> None:
        super().__init__()
        self.look = look
        self.source_name = safe(name, 60)
        self.preview = preview or PreviewTable((), ())
        self.table: SweepTable | None = None
        self.state = ViewState(shown=self.preview.count, total=self.preview.count, column=_first(self.preview.names))
        self.overrides = overrides
        self.complete = False
        self.error: HpiError | None = None
        self.progress: str | None = "reading"
        self.status = ""
        self.noticed = True
        self.zoomed = False
        self.typical: dict[str, object] = {}
        self.filter_error: tuple[str, int] | None = None
        self.layout_now = Layout("strip")
        self.commands = Commands(self)
        self._resting: Timer | None = None
        self.filter_bar: FilterBar | None = None
        self._wanted_row: int | None = None
        self._laid_out: tuple[Layout, int] | None = None

    @property
    def jobs(self) -> Jobs:
        """The app's workers."""
        return self.app.jobs  # type: ignore[attr-defined, no-any-return]

    def compose(self) -> ComposeResult:
        """Put the parts on the screen."""
        look = self.look
        yield Fixed(look, id="header")
        yield Fixed(look, id="notice")
        with Container(id="body"):
            with Container(id="runs"):
                with Container(id="runs-title"):
                    yield Title(look, id="title")
                    yield Position(look, id="position")
                yield FrameTable(look, id="table")
            yield Fixed(look, id="gap")
            yield Detail(look, id="detail")
        yield Fixed(look, id="footer")
        yield Fixed(look, id="small")

    def on_mount(self) -> None:
        """Show the head of the file at once."""
        self.runs = self.query_one("#table", FrameTable)
        self.detail = self.query_one("#detail", Detail)
        self.runs.run_key = self.carry_out_key
        self.runs.show(self.preview, self.state)
        self.relayout()
        self.refresh_chrome()

    def on_resize(self, _event: events.Resize) -> None:
        """Choose the layout again."""
        if self.is_mounted and hasattr(self, "runs"):
            self.relayout()
            self.refresh_chrome()

    def carry_out_key(self, key: str) -> bool:
        """Carry out the action of a key; tells whether there is one."""
        action = next((action for action in ACTIONS if key in action.keys), None)
        if action is not None:
            self.commands.carry_out(action.name)
        return action is not None

    def action_command(self, name: str) -> None:
        """Carry out an action of the table."""
        self.commands.carry_out(name)

    # State

    def go(self, state: ViewState) -> None:
        """Take a new state and repaint what differs; the detail follows when the keys rest."""
        before, self.state = self.state, state
        self.runs.follow(state)
        self.query_one("#position", Position).show(state, self.runs.out_of_sight)
        if state.cursor != before.cursor:
            self._rest()
        if (state.filter, state.sorts, state.grouped) != (before.filter, before.sorts, before.grouped):
            self.rearrange()
        if (state.selection, state.columns, state.sorts, state.filter) != (
            before.selection, before.columns, before.sorts, before.filter,
        ):  # fmt: skip
            self.refresh_chrome()

    def rearrange(self) -> None:
        """Have the rows filtered and sorted; the cursor stays on its trial."""
        if self.table is None:
            return
        self._wanted_row = self.row_here() if self._wanted_row is None else self._wanted_row
        state = self.state
        self.jobs.arrange(self.table.sweep, state.filter, state.sorts, grouped=state.grouped)

    def row_here(self) -> int | None:
        """Return the `_row` of the trial under the cursor."""
        if self.table is None or not 0 <= self.state.cursor < self.table.count:
            return None
        return self.table.row_at(self.state.cursor)

    def position_of(self, row: int) -> int | None:
        """Return where a trial stands among the rows shown."""
        if self.table is None:
            return None
        found = (self.table.view == row).nonzero()[0]
        return int(found[0]) if len(found) else None

    # Answers of the workers

    @on(messages.Progressed)
    def _progressed(self, message: messages.Progressed) -> None:
        if self.progress is not None and not self.jobs.is_stale(message):
            share = "" if message.fraction is None else f" {message.fraction:.0%}"
            self.progress = f"{message.what}{share}"
            self.refresh_chrome()

    @on(messages.Loaded)
    def _loaded(self, message: messages.Loaded) -> None:
        if self.jobs.is_stale(message):
            return
        trial = self._trial_here()
        first = self.table is None
        table = SweepTable(message.sweep, message.view, message.best)
        self.table, self.progress, self.error, self.typical = table, None, None, {}
        column = self.state.column if self.state.column in table.names and not first else _first(table.names)
        self.state = replace(self.state, shown=table.count, total=table.count, column=column)
        if first:
            self._prepare_filter()
        if not first and trial is not None:
            ids = message.sweep.trial_ids()
            rows = ids.eq(trial).arg_true()
            self._wanted_row = int(rows[0]) if len(rows) else None
        self._show(table)
        if self.state.filter or self.state.sorts:
            self.rearrange()
        roles = message.sweep.roles
        wanted = [*(p.name for p in roles.hyperparameters), *(m.name for m in roles.metrics)]
        self.jobs.typical(message.sweep, wanted[:_MOST_TYPICAL])

    @on(messages.LoadFailed)
    def _load_failed(self, message: messages.LoadFailed) -> None:
        if not self.jobs.is_stale(message):
            self.progress, self.error = None, message.error
            self.relayout()
            self.refresh_chrome()

    @on(messages.Arranged)
    def _arranged(self, message: messages.Arranged) -> None:
        if self.table is not None and not self.jobs.is_stale(message):
            self._refuse_filter(None)
            self._show(self.table.seen_through(message.view))

    @on(messages.FilterRefused)
    def _filter_refused(self, message: messages.FilterRefused) -> None:
        if not self.jobs.is_stale(message):
            self._wanted_row = None
            self._refuse_filter((message.message, message.position))
            self.refresh_chrome()

    @on(messages.Typical)
    def _typical(self, message: messages.Typical) -> None:
        if not self.jobs.is_stale(message):
            self.typical = message.values
            self.refresh_detail()
            self.relayout()

    @on(messages.Broke)
    def _broke(self, message: messages.Broke) -> None:
        self.app.crash(message.error)  # type: ignore[attr-defined]

    # Pointing

    @on(FrameTable.Clicked)
    def _clicked(self, message: FrameTable.Clicked) -> None:
        state = self.state if message.column is None else replace(self.state, column=message.column)
        if message.position < 0:
            self.go(state)
            self.commands.carry_out("sort")
        else:
            self.go(move_to(state, message.position))

    @on(FrameTable.Wheel)
    def _wheel(self, message: FrameTable.Wheel) -> None:
        self.go(move_to(self.state, self.state.cursor + message.delta))

    # Filter line

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while the person types."""
        self.state = replace(self.state, filter=event.value.strip())
        self.rearrange()

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        """Go back to the list; the line stays while it holds a filter."""
        self.commands.leave_filter()

    def _prepare_filter(self) -> None:
        """Mount the filter line out of sight, so that no key typed after `/` is lost."""
        from hpi_tui.widgets.filter_bar import FilterBar

        self.filter_bar = FilterBar(self.look)
        self.query_one("#runs").mount(self.filter_bar, before="#table")

    def _refuse_filter(self, error: tuple[str, int] | None) -> None:
        self.filter_error = error
        if self.filter_bar is not None:
            self.filter_bar.refuse(error)

    # Drawing

    def _show(self, table: SweepTable) -> None:
        self.table = table
        wanted, self._wanted_row = self._wanted_row, None
        at = self.position_of(wanted) if wanted is not None else None
        self.state = move_to(replace(self.state, shown=table.count), self.state.cursor if at is None else at)
        self.runs.show(table, self.state)
        self.refresh_detail()
        self.relayout()
        self.refresh_chrome()

    def _rest(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(REST, self._rested)

    def _rested(self) -> None:
        self.refresh_detail()
        self.query_one("#header", Fixed).show(chrome.header(self))

    def refresh_detail(self) -> None:
        """Show the trial under the cursor."""
        row = self.row_here()
        self.detail.show(None if row is None or self.table is None else compute(self.table, row, self.typical))

    def refresh_chrome(self) -> None:
        """Bring header, notice, title, position and footer up to date; what did not change is not repainted."""
        width = self.size.width
        self.query_one("#header", Fixed).show(chrome.header(self))
        self.query_one("#notice", Fixed).show(*chrome.notice(self, width))
        self.query_one("#title", Title).show(*chrome.runs_title(self))
        self.query_one("#position", Position).show(self.state, self.runs.out_of_sight)
        self.query_one("#footer", Fixed).show(*chrome.footer(self, width, self.layout_now.footer))
        self.query_one("#small", Fixed).show(([Run("hpi needs a larger terminal (20x5)")], []))

    def relayout(self) -> None:
        """Choose which parts stand on the screen, and how large."""
        width, height = self.app.size
        chosen = layout_for(
            width,
            height - len(chrome.notice(self, width)),
            trials=self.state.shown,
            table_width=self.runs.natural_width(width),
            detail_height=self.detail.needed_height(width),
            zoomed=self.zoomed,
        )
        notice_lines = 0 if chosen.shape == "list" else len(chrome.notice(self, width))
        if (chosen, notice_lines) == self._laid_out:
            return
        self._laid_out = (chosen, notice_lines)
        self.layout_now = chosen
        for shape in ("tiny", "list", "beside"):
            self.set_class(chosen.shape == shape, shape)
        self.query_one("#notice").styles.height = notice_lines
        self.detail.strip = chosen.shape == "strip"
        beside = chosen.shape == "beside"
        self.detail.styles.height = "1fr" if beside else chosen.detail
        self.detail.styles.width = chosen.detail if beside else "1fr"
        footer = self.query_one("#footer", Fixed)
        footer.display = chosen.footer > 0
        footer.styles.height = chosen.footer
        self.detail.redraw()

    def _trial_here(self) -> str | None:
        row = self.row_here()
        return None if row is None or self.table is None else str(self.table.sweep.trial_ids()[row])

    def walk_marks(self) -> Iterator[int]:
        """Yield the selected rows in the order shown, for copying."""
        if self.table is not None:
            yield from (row for row in self.table.view.tolist() if row in self.state.selection)


def _first(names: tuple[str, ...]) -> str | None:
    return names[0] if names else None
