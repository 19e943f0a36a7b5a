"""The main screen: header, panes, footer. It owns the view state and keeps all panes at its one cursor.

What keys do stands in `hpi_tui.commands`, what the workers tell is taken in by `hpi_tui.answers`; what is drawn stands
in the panes and widgets.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from hpi_tui.answers import Answers
from hpi_tui.chat.jumps import JumpToIssue, JumpToPair, JumpToTrial
from hpi_tui.commands import Commands
from hpi_tui.cursor import Cursor
from hpi_tui.following import Following
from hpi_tui.jobs import Jobs
from hpi_tui.layout import Layout
from hpi_tui.panes.buckets import Buckets
from hpi_tui.panes.chat import Chat
from hpi_tui.panes.curves import Curves
from hpi_tui.panes.detail import Detail, compute
from hpi_tui.panes.importance import Importance
from hpi_tui.panes.sick import Sick, SickView
from hpi_tui.panes.together import Together
from hpi_tui.picking import Picking
from hpi_tui.placing import Placing
from hpi_tui.plotter import Plotter
from hpi_tui.sick_queue import QueueView, view_of
from hpi_tui.state import ViewState, move_to, with_filter
from hpi_tui.tables import DECISION, PreviewTable, SweepTable
from hpi_tui.theme import Look
from hpi_tui.viewer import Viewer
from hpi_tui.widgets.frame_table import FrameTable
from hpi_tui.widgets.key_taker import KeyTaker
from hpi_tui.widgets.lines import Fixed, Lines, Run
from hpi_tui.widgets.title import Position, Title

if TYPE_CHECKING:
    from textual.widgets import Input

    from hpi_core.charts.sick import Standing
    from hpi_core.errors import HpiError
    from hpi_core.roles import RoleOverrides
    from hpi_core.triage import Decision
    from hpi_core.typical import TypicalValues
    from hpi_tui.desk import Desk
    from hpi_tui.widgets.filter_bar import FilterBar
    from hpi_tui.widgets.note_line import NoteLine

REST = 0.1
_NO_QUEUE = QueueView((), {}, {}, 0, 0)


class MainScreen(Screen[None]):
    """All panes over the trials of one sweep."""

    AUTO_FOCUS = "#header"
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
        self.standing: Standing | None = None
        self.desk: Desk | None = None
        self.queue = _NO_QUEUE
        self.state = ViewState(shown=self.preview.count, total=self.preview.count, column=_first(self.preview.names))
        self.overrides = overrides
        self.complete = False
        self.error: HpiError | None = None
        self.progress: str | None = "reading"
        self.inspecting: str | None = None
        self.status = ""
        self.saved_at = ""
        self.noticed = True
        self.touched = False
        self.zoomed = False
        self.typical: TypicalValues = {}
        self.filter_error: tuple[str, int] | None = None
        self.layout_now = Layout("one")
        self.panes: tuple[str, ...] = ("runs", "sick", "buckets", "curves", "chat")
        self.cursor = Cursor(self)
        self.plotter = Plotter(self)
        self.viewer = Viewer(self)
        self.commands = Commands(self)
        self.following = Following(self)
        self.picking = Picking(self)
        self.filter_bar: FilterBar | None = None
        self.note_line: NoteLine | None = None
        self.wanted_row: int | None = None
        self.arranging = False
        self._answers = Answers(self)
        self._placing = Placing(self)
        self._resting: Timer | None = None
        self._parameter: str | None = None

    @property
    def jobs(self) -> Jobs:
        """The app's workers."""
        return self.app.jobs  # type: ignore[attr-defined, no-any-return]

    @property
    def decided(self) -> Mapping[int, Decision]:
        """What was decided, by row."""
        return {} if self.desk is None else self.desk.decided

    def compose(self) -> ComposeResult:
        """Put the parts on the screen."""
        look = self.look
        yield KeyTaker(look, id="header")
        yield Fixed(look, id="notice")
        with Container(id="body"):
            yield Title(look, id="tabs")
            with Container(id="runs"):
                with Container(id="runs-title"):
                    yield Title(look, id="title")
                    yield Position(look, id="position")
                yield FrameTable(look, id="table")
            yield Sick(look, id="sick")
            yield Buckets(look, id="buckets")
            yield Importance(look, id="importance")
            yield Together(look, id="together")
            yield Curves(look, id="curves")
            yield Chat(look, id="chat")
            yield Detail(look, id="detail")
        yield Fixed(look, id="footer")
        yield Fixed(look, id="small")

    def on_mount(self) -> None:
        """Show the head of the file at once."""
        self.runs = self.query_one("#table", FrameTable)
        self.sick = self.query_one("#sick", Sick)
        self.buckets = self.query_one("#buckets", Buckets)
        self.buckets.count = self.jobs.count_pair
        self.importance = self.query_one("#importance", Importance)
        self.together = self.query_one("#together", Together)
        self.curves = self.query_one("#curves", Curves)
        self.chat = self.query_one("#chat", Chat)
        self.detail = self.query_one("#detail", Detail)
        self.chat.trial_here = self.commands.chat.trial_label
        self.header = self.query_one("#header", KeyTaker)
        self.header.run_key = self.runs.run_key = self.chat.run_key = self.carry_out_key
        self.runs.laid_out = lambda out: self.query_one("#position", Position).show(self.state, out)
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
            self.touched = True
            self.commands.carry_out(action.name)
        return action is not None

    def action_command(self, name: str) -> None:
        """Carry out an action of the table."""
        self.touched = True
        self.commands.carry_out(name)

    def take_keys(self) -> None:
        """Take the keys back from an input; in the chat they type."""
        self.set_focus(self.chat if self.state.pane == "chat" else self.header)

    # The one cursor

    def go(self, state: ViewState) -> None:
        """Take a new state and repaint what differs in the pane that has the keys; the others follow at rest."""
        before, self.state = self.state, state
        self.runs.follow(state)
        self.query_one("#position", Position).show(state, self.runs.out_of_sight)
        if state.queue != before.queue:
            self.refresh_queue()
        if state.cursor != before.cursor or state.queue.at != before.queue.at:
            self._rest()
        if state.curves != before.curves:
            self.plotter.follow()
        if (state.filter, state.sorts, state.grouped) != (before.filter, before.sorts, before.grouped):
            self.rearrange()
        if (state.selection, state.columns, state.sorts, state.filter) != (
            before.selection, before.columns, before.sorts, before.filter,
        ):  # fmt: skip
            self.refresh_chrome()

    def focus_pane(self, name: str) -> None:
        """Give the keys to another pane, which stands at the same trial."""
        if name not in self.panes or name == self.state.pane:
            return
        self.cursor.meet()
        self.state = replace(self.state, pane=name)
        for pane in (self.sick, self.curves, self.chat):
            pane.activate(pane.id == name)
        self.viewer.shown.activate(name == "buckets")
        if name == "sick":
            self.cursor.meet_queue()
            if self.cursor.queue_line() is None and self.queue.lines:
                self.state = replace(self.state, queue=replace(self.state.queue, at=self.queue.lines[0]))
            self.refresh_queue()
        self.query_one("#title", Title).activate(name == "runs")
        self.query_one("#position", Position).activate(name == "runs")
        self.relayout()
        self.refresh_chrome()
        self.runs.activate(name == "runs")
        self._rest()  # the queue may stand at another trial than Runs did
        self.take_keys()

    def _rest(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(REST, self._rested)

    def _rested(self) -> None:
        if self._parameter is not None:  # chosen in place 3, which the plots follow
            parameter, self._parameter = self._parameter, None
            self.state = replace(self.state, curves=replace(self.state.curves, parameter=parameter))
        self.cursor.meet()
        self.refresh_detail()
        self.header.show(chrome.header(self))
        self.refresh_footer()

    # Answers of the workers, pointing, lines of text

    @on(messages.Answer)
    def _answered(self, message: messages.Answer) -> None:
        self._answers.take(message)

    @on(Buckets.Chosen)
    @on(Importance.Chosen)
    def _chosen(self, message: Buckets.Chosen | Importance.Chosen) -> None:
        self._parameter = message.parameter
        self._rest()

    @on(JumpToTrial)
    @on(JumpToPair)
    @on(JumpToIssue)
    def _cited(self, message: JumpToTrial | JumpToPair | JumpToIssue) -> None:
        self.commands.chat.follow_citation(message)

    @on(Chat.Left)
    def _left_chat(self) -> None:
        self.focus_pane("runs")

    def on_click(self, event: events.Click) -> None:
        """Give the keys to the pane under the pointer."""
        above = () if event.widget is None else event.widget.ancestors_with_self
        names = (("buckets" if part in self.thirds else part.id) for part in above)
        pointed = next((name for name in names if name in self.panes), None)
        if pointed is not None:
            self.focus_pane(pointed)

    @on(FrameTable.Clicked)
    def _clicked(self, message: FrameTable.Clicked) -> None:
        self.focus_pane("runs")
        state = self.state if message.column is None else replace(self.state, column=message.column)
        if message.position < 0:
            self.go(state)
            self.commands.carry_out("sort")
        else:
            self.go(move_to(state, message.position))

    @on(FrameTable.Wheel)
    def _wheel(self, message: FrameTable.Wheel) -> None:
        self.go(move_to(self.state, self.state.cursor + message.delta))

    @on(Sick.Clicked)
    def _clicked_queue(self, message: Sick.Clicked) -> None:
        self.focus_pane("sick")
        if 0 <= message.line < len(self.queue.lines):
            place = self.queue.lines[message.line]
            again = place == self.state.queue.at
            self.go(replace(self.state, queue=replace(self.state.queue, at=place)))
            if again:
                self.commands.carry_out("open")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while the person types."""
        if event.input.id == "filter-input":
            self.go(with_filter(self.state, event.input.value))

    def prepare_lines(self) -> None:
        """Mount the lines of text out of sight, so that no key typed after the one that opens them is lost."""
        from hpi_tui.widgets.filter_bar import FilterBar
        from hpi_tui.widgets.note_line import NoteLine

        self.filter_bar = FilterBar(self.look)
        self.query_one("#runs").mount(self.filter_bar, before="#table")
        self.note_line = NoteLine(self.look, self.commands.decide.take_note, self.take_keys)
        self.mount(self.note_line, before="#footer")

    def ask_note(self, about: str, text: str) -> None:
        """Ask for a note about some trials."""
        if self.note_line is not None:
            self.note_line.open(about, text)

    def refuse_filter(self, error: tuple[str, int] | None) -> None:
        """Point at what is wrong with the filter, or be content again."""
        self.filter_error = error
        if self.filter_bar is not None:
            self.filter_bar.refuse(error)

    def rearrange(self) -> None:
        """Have the rows filtered and sorted; the cursor stays on its trial."""
        if self.table is None:
            return
        self.wanted_row = self.cursor.row_here() if self.wanted_row is None else self.wanted_row
        state, self.arranging = self.state, True
        self.jobs.arrange(self.table, state.filter, state.sorts, grouped=state.grouped)

    # Drawing

    def show_table(self, table: SweepTable) -> None:
        """Show these rows, the cursor on its trial where that is among them."""
        self.table = table
        self.source_name = safe(table.sweep.source.name, 60)
        wanted, self.wanted_row = self.wanted_row, None
        at = self.cursor.position_of(wanted) if wanted is not None else None
        self.state = move_to(replace(self.state, shown=table.count), self.state.cursor if at is None else at)
        self.runs.show(table, self.state)
        self.refresh_detail()
        self.relayout()
        self.refresh_chrome()

    def show_standing(self) -> None:
        """Show what stands against the trials, in every pane."""
        self._answers.stand()

    def show_decisions(self) -> None:
        """Show what was just decided, in every pane."""
        self.runs.follow(self.state)  # the first decision brings a column with it
        self.runs.retell(DECISION)
        self.refresh_queue()
        self.refresh_chrome()
        if "decision:" in self.state.filter or any(key.column == DECISION for key in self.state.sorts):
            self.rearrange()

    def show_map(self) -> None:
        """Show what parameters have to do with issues."""
        if self.standing is not None:
            from hpi_tui.panes.buckets import compute as map_of

            self.buckets.show(map_of(self.standing.inspection))
        self.viewer.follow()

    @property
    def thirds(self) -> tuple[Lines, ...]:
        """What can stand in place 3."""
        return (self.buckets, self.importance, self.together)

    def refresh_queue(self) -> None:
        """Bring the queue up to date with decisions and choices."""
        if self.standing is None or self.table is None:
            self.queue = _NO_QUEUE
            self.sick.show(None)
            return
        self.queue = view_of(self.standing.queue, self.decided, self.state.queue)
        at = self.state.queue.at
        self.sick.show(SickView(self.queue, self.table, at, chrome.empty_queue(self)))

    def refresh_detail(self) -> None:
        """Show the trial all panes stand at."""
        row = self.cursor.trial_row()
        known = row is not None and self.table is not None and row < self.table.sweep.trials.height
        self.detail.show(compute(self.table, row, self.typical) if known else None)  # type: ignore[arg-type]
        self.buckets.locate(row if self.standing is not None else None)
        self.plotter.follow()
        self.commands.chat.follow()

    def refresh_chrome(self) -> None:
        """Bring header, notice, title, position and footer up to date; what did not change is not repainted."""
        width = self.size.width
        self.header.show(chrome.header(self))
        self.query_one("#notice", Fixed).show(*chrome.notice(self, width))
        label, said = chrome.runs_title(self)
        self.query_one("#title", Title).show(label, said)
        self.query_one("#tabs", Title).show(chrome.tabs(self), [])
        self.query_one("#position", Position).show(self.state, self.runs.out_of_sight)
        self.refresh_footer()
        self.sick.waiting, self.curves.waiting = chrome.waiting(self)
        self.query_one("#small", Fixed).show(([Run("hpi needs a larger terminal (20x5)")], []))

    def refresh_footer(self) -> None:
        """Bring keys, counts and status up to date."""
        footer = chrome.footer(self, self.size.width, self.layout_now.footer)
        self.query_one("#footer", Fixed).show(*footer)

    def relayout(self) -> None:
        """Choose which parts stand on the screen, and where."""
        self._placing.place()


def _first(names: tuple[str, ...]) -> str | None:
    return names[0] if names else None
