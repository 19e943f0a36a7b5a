"""The Chat pane: questions about the sweep, answers that cite it, and the line they are typed in.

It keeps the turns and the draft, and draws them; a `Conversation` answers. Keys that are no typing are its own where
they concern the chat (Enter, Tab, Esc, Up, PgUp …) and otherwise go to whoever handed it `run_key`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from textual import events, on
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer

from hpi_tui.chat.conversation import Conversation
from hpi_tui.chat.draft import EDITS, Draft, Recall, line_above, line_below, pasted, typed, whole
from hpi_tui.chat.jumps import jump_of
from hpi_tui.chat.reports import Answered, Asks, Heard, Prepared, Report, Waiting
from hpi_tui.chat.turns import Turn
from hpi_tui.panes import chat_side, chat_words
from hpi_tui.panes.chat_page import Cited, Page, Shown, draw, heights
from hpi_tui.panes.chat_transcript import Transcript
from hpi_tui.theme import Look
from hpi_tui.widgets.key_turn import handed_on
from hpi_tui.widgets.lines import Lines

if TYPE_CHECKING:
    from hpi_core.chat.evidence import Evidence
    from hpi_core.chat.server import Server
    from hpi_core.errors import HpiError
    from hpi_core.inspection import Inspection

_FRAME = 0.05  # seconds between two looks at an answer that is coming
_WHEEL = 3
_FIRST_KEYS = frozenset({"question_mark", "colon", "plus", "underscore"})  # commands while nothing is typed


class Chat(Lines, can_focus=True):
    """The transcript and the prompt."""

    DEFAULT_CSS = "Chat { height: 1fr; width: 1fr; }"

    class Left(Message):
        """The person wants to be elsewhere."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:
        super().__init__(look, id=id)
        self.active = False
        self.run_key: Callable[[str], bool] | None = None
        self.trial_here: Callable[[], str] | None = None
        self.conversation: Conversation | None = None
        self.transcript = Transcript(look)
        self.draft = Draft()
        self.selected: Cited | None = None
        self.server: Server | None = None
        self.off: HpiError | None = None
        self.prepared = False
        self._recall = Recall()
        self._notice: tuple[str, str] | None = None
        self._waiting = ""
        self._fetching: Timer | None = None
        self._page: tuple[tuple[int, int], Page] | None = None

    # What the pane is told

    def show(self, conversation: Conversation | None) -> None:
        """Speak of another inspection from now on; what was said before stays readable."""
        before, self.conversation = self.conversation, conversation
        if before is not None and before is not conversation:
            before.close()
            if self.transcript.running is not None:
                self._finish(self.transcript.running, "The sweep was read anew while this was being answered.")
        self.prepared, self.server, self.off = False, None, None
        if conversation is not None and self.active:
            conversation.prepare()
        self._repaint()

    def on_unmount(self) -> None:
        """End the conversation with the app."""
        if self.conversation is not None:
            self.conversation.close()

    def activate(self, active: bool) -> None:
        """Show that keys go to this pane, or that they do not."""
        if active == self.active:
            return
        self.active = active
        if active and self.conversation is not None:
            self.conversation.prepare()
        self._repaint()

    def begin(self, text: str) -> None:
        """Put the beginning of a question into the prompt."""
        self._type(whole(text))

    @property
    def wide(self) -> bool:
        """Whether there is room for the evidence beside the transcript."""
        return self.size.width >= chat_side.FROM

    @property
    def _width(self) -> int:
        return self.size.width - (chat_side.WIDTH if self.wide else 0)

    @property
    def suggestions(self) -> tuple[str, ...]:
        """Questions worth asking of this sweep."""
        return self._recall.suggested

    # Keys and pointing

    def on_key(self, event: events.Key) -> None:
        """Type, or carry out what a key means here; others go to the screen."""
        if handed_on(self, event):
            return
        event.stop()
        event.prevent_default()
        key, before = event.key, self._notice
        self._notice = None
        if event.is_printable and event.character:
            if self.draft.text or key not in _FIRST_KEYS or not self._hand_over(key):
                self._type(typed(self.draft, event.character))
        elif key in _KEYS:
            _KEYS[key](self)
        elif key in EDITS:
            self._type(EDITS[key](self.draft))
        else:
            self._hand_over(key)
        if before != self._notice:
            self._repaint()

    def on_paste(self, event: events.Paste) -> None:
        """Put pasted text into the prompt: line ends do not send it, control characters do nothing."""
        event.stop()
        draft, said = pasted(self.draft, event.text)
        self._notice = (said, "warn") if said else None
        self._type(draft)

    def on_click(self, event: events.Click) -> None:
        """Select a citation, or go to the selected one; take a suggestion."""
        page = self._drawn()
        at = next((one for start, end, one in page.cited.get(event.y, ()) if start <= event.x < end), None)
        if at is not None:
            if at == self.selected:
                self._jump(at)
            else:
                self._select(at)
        elif not self.selected and page.first_hint <= event.y < page.first_hint + len(self._recall.suggested):
            self.begin(self._recall.suggested[event.y - page.first_hint])

    def on_mouse_scroll_down(self, _event: events.MouseScrollDown) -> None:
        """Read on."""
        self._scroll(_WHEEL)

    def on_mouse_scroll_up(self, _event: events.MouseScrollUp) -> None:
        """Read what stands above."""
        self._scroll(-_WHEEL)

    def _hand_over(self, key: str) -> bool:
        return self.run_key is not None and self.run_key(key)

    def _type(self, draft: Draft) -> None:
        self.draft, self.selected = draft, None
        self._repaint()

    def _up(self) -> None:
        self._type(line_above(self.draft) or self._recall.step(self.draft, -1))

    def _down(self) -> None:
        self._type(line_below(self.draft) or self._recall.step(self.draft, 1))

    def _enter(self) -> None:
        if self.selected is not None:
            self._jump(self.selected)
        elif not self.draft.text.strip():
            self._say("Type a question, or /help for what is answered here.")
        elif self.transcript.running is not None and not self.transcript.running.offline:
            self._say("The last question is still being answered; Esc cancels it.")
        elif self.conversation is None:
            self._say("Questions can be asked once the sweep is inspected.")
        else:
            self._send(self.draft.text.strip(), self.conversation)

    def _escape(self) -> None:
        if self.transcript.running is not None and self.conversation is not None:
            self.conversation.cancel()
        elif self.selected is not None:
            self._type(self.draft)
        else:
            self.post_message(self.Left())

    def _tab(self, delta: int = 1) -> None:
        """Complete a command, else go to the next citation; without any, to the next pane."""
        completed = chat_words.completed(self.draft.text)
        if completed is not None:
            self._type(whole(completed))
            return
        all_of_them = self.transcript.citations
        if not all_of_them:
            self._hand_over("tab" if delta > 0 else "shift+tab")
        elif self.selected in all_of_them:
            self._select(all_of_them[(all_of_them.index(self.selected) + delta) % len(all_of_them)])
        else:
            newest = [cited for cited in all_of_them if cited.turn == all_of_them[-1].turn]
            self._select(newest[0 if delta > 0 else -1])

    # Asking and hearing

    def _send(self, question: str, conversation: Conversation) -> None:
        from hpi_core.chat.commands import is_command

        if question.lower() == "/why" and self.trial_here is not None:
            question = f"/why {shlex.quote(self.trial_here())}".removesuffix(" ''")
        turn = self.transcript.add(question, offline=is_command(question))
        self._recall.keep(question)
        self._waiting = ""
        conversation.ask(turn.number, question)
        self._type(Draft())

    @on(Report)
    def _reported(self, report: Report) -> None:
        report.stop()
        if report.conversation is not self.conversation:
            return
        if isinstance(report, Prepared):
            self.prepared, self.server, self.off = True, report.server, report.off
            self._recall.suggested = report.suggestions
        elif isinstance(report, Asks):
            self._ask_consent(report)
        elif isinstance(report, Heard):
            if self._fetching is None:
                self._fetching = self.set_timer(_FRAME, self._fetch)
            return
        elif isinstance(report, Waiting):
            self._waiting = report.said
            if report.looked:
                self.transcript.turns[report.turn].looked.append(report.looked)
        elif isinstance(report, Answered):
            self._take_answer(report)
        self._repaint()

    def _fetch(self) -> None:
        """Take what has come of the answer."""
        self._fetching = None
        turn, conversation = self.transcript.running, self.conversation
        verified = None if conversation is None else conversation.heard()
        if turn is None or conversation is None or verified is None:
            return
        turn.text, turn.verified, turn.evidence = verified.text, verified, conversation.evidence
        turn.state, self._waiting = "answering", ""
        turn.version += 1
        self._repaint()

    def _take_answer(self, report: Answered) -> None:
        turn = self.transcript.turns[report.turn]
        if report.verified is not None:
            turn.text, turn.verified = report.verified.text, report.verified
        turn.stop, turn.problem, turn.notes, turn.usage = report.ending, report.problem, report.notes, report.usage
        turn.evidence = report.evidence
        self._finish(turn)

    def _finish(self, turn: Turn, note: str = "") -> None:
        turn.state, self._waiting = "done", ""
        turn.notes = (*turn.notes, note) if note else turn.notes
        turn.version += 1

    def _ask_consent(self, report: Asks) -> None:
        from hpi_tui.screens.consent import ConsentScreen

        turn = self.transcript.turns[report.turn]

        def answered(yes: bool | None) -> None:
            if yes and report.conversation is self.conversation:
                report.conversation.ask(turn.number, turn.question, said_yes=True)
            else:
                self._finish(turn, "Nothing was sent. /causes and /why answer here, without a model.")
            self._repaint()

        self.app.push_screen(ConsentScreen(self.look, report.server, report.explanation, report.parts), answered)

    # Citations and scrolling

    def _select(self, cited: Cited) -> None:
        self.selected = cited
        self.transcript.reveal(cited, self._width, self._log_lines)
        self._repaint()

    def _jump(self, cited: Cited) -> None:
        evidence = self.transcript.evidence_of(cited)
        jump = None if evidence is None else jump_of(evidence, cited.label)
        if jump is None:
            self._say(f"[{cited.label}] speaks of no single place to go to.")
        else:
            self.post_message(jump)

    def _scroll(self, delta: int) -> None:
        self.transcript.scroll(delta, self._width, self._log_lines)
        self._repaint()

    def _page_down(self) -> None:
        self._scroll(max(1, self._log_lines - 1))

    def _page_up(self) -> None:
        self._scroll(-max(1, self._log_lines - 1))

    @property
    def _log_lines(self) -> int:
        return heights(self._width, self.size.height, self.draft).log

    # Drawing

    def line(self, y: int, width: int) -> Strip:
        """Draw a line of the pane."""
        strips = self._drawn().strips
        return strips[y] if y < len(strips) else Strip.blank(width, self.look.style())

    def _say(self, text: str, token: str = "text") -> None:
        self._notice = (text, token)
        self._repaint()

    def _repaint(self) -> None:
        """Repaint the lines that differ from what was drawn last."""
        before, size = self._page, (self.size.width, self.size.height)
        self._page = None
        if not self.is_mounted or before is None or before[0] != size:
            self.redraw()
            return
        old, new = before[1].strips, self._drawn().strips
        self.redraw_lines(*(y for y in range(max(len(old), len(new))) if old[y : y + 1] != new[y : y + 1]))

    def _drawn(self) -> Page:
        size = (self.size.width, self.size.height)
        if self._page is None or self._page[0] != size:
            page = draw(self.look, self._shown(self._width, size[1]), self._width, size[1])
            if self.wide:
                sides = chat_side.draw_side(self, size[1])
                strips = [Strip([*left, *right]) for left, right in zip(page.strips, sides, strict=True)]
                page = replace(page, strips=strips)
            self._page = (size, page)
        return self._page[1]

    def _shown(self, width: int, height: int) -> Shown:
        share, transcript = heights(width, height, self.draft), self.transcript
        log = transcript.rows(width) or [(-1, row) for row in chat_words.opening(self, width)]
        top = transcript.top(width, share.log) if transcript.turns else 0
        below = max(0, len(log) - 1 - top - share.log)  # the last row is blank
        return Shown(
            log=log, top=top, draft=self.draft, active=self.active, selected=self.selected,
            hints=chat_words.hints(self, self._notice, width, share.hints),
            going_on=chat_words.going_on(self, self._notice, self._waiting, below, width, alone=share.hints == 0),
            placeholder="ask, or / for commands" if self.active else "5 to ask",
            state="answers from this analysis", right=chat_words.totals(transcript.turns),
        )  # fmt: skip


_KEYS: dict[str, Callable[[Chat], None]] = {
    "enter": Chat._enter,
    "escape": Chat._escape,
    "tab": Chat._tab,
    "shift+tab": lambda chat: chat._tab(-1),
    "up": Chat._up,
    "down": Chat._down,
    "pagedown": Chat._page_down,
    "pageup": Chat._page_up,
}


def compute(inspection: Inspection, *_: object) -> Evidence:
    """Return everything the chat may speak of; fit for a worker."""
    from hpi_core.chat.evidence import Evidence
    from hpi_core.summary import summarize

    return Evidence(inspection, summarize(inspection))


class Pane(NamedTuple):
    """What the composition of the app needs to know of a pane."""

    title: str
    key: str
    needs: str
    compute: Callable[..., Evidence]
    widget: type[Chat]


PANE = Pane("Chat", "5", "an inspection; a model's server for what is no /command", compute, Chat)
