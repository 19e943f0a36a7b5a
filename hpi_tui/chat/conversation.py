"""Conversation: the chat's side that thinks and asks, in a thread of its own, so that typing never waits for it.

It takes orders from the screen's thread and answers by the messages of `reports`. The model's client is imported, and
a connection opened, by the first question that is no `/command`, after the person's yes.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from hpi_tui.chat.reports import Answered, Asks, Heard, Prepared, Waiting

if TYPE_CHECKING:
    from textual.message import Message

    from hpi_core.chat.evidence import Evidence
    from hpi_core.chat.growing import Growing
    from hpi_core.chat.server import Server
    from hpi_core.chat.session import Answer, Session
    from hpi_core.chat.verifier import Verified
    from hpi_core.errors import HpiError
    from hpi_core.inspection import Inspection

_NOTHING_RUNS = -1


class Conversation:
    """One conversation about one inspection.

    Args:
        inspection: what is spoken of.
        post: hands a message to the screen; called from the conversation's thread.
        start: runs a function in a thread of its own.
        triage: how many trials were `acknowledged`, marked for `rerun` and `ignored`.
    """

    def __init__(
        self,
        inspection: Inspection,
        post: Callable[[Message], object],
        start: Callable[[Callable[[], None]], object],
        triage: Mapping[str, int] | None = None,
    ) -> None:
        self.inspection = inspection
        self._triage = dict(triage or {})
        self._post, self._start = post, start
        self._orders: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._begun = False
        self._evidence: Evidence | None = None
        self._session: Session | None = None
        self._runner: asyncio.Runner | None = None
        self._newest = self._cancelled = _NOTHING_RUNS
        self._lock = threading.Lock()
        self._heard: Verified | None = None
        self._told = False

    # Orders of the screen

    def prepare(self) -> None:
        """Gather what can be spoken of; answers with Prepared."""
        if not self._begun:
            self._begun = True
            self._orders.put(self._prepare)
            self._start(self._work)

    def ask(self, turn: int, question: str, *, said_yes: bool = False) -> None:
        """Answer a command here, or ask the model; answers with Heard and Waiting, at the end with Asks or Answered.

        Args:
            turn: number of the question; later ones have higher numbers.
            question: as typed.
            said_yes: the person has read what Asks showed and said yes.
        """
        self.prepare()
        self._newest = turn
        self._orders.put(lambda: self._answer(turn, question, said_yes))

    def cancel(self) -> None:
        """Stop the answer that is being given; what has come is kept."""
        self._cancelled = self._newest
        runner = self._runner
        if runner is not None:
            with contextlib.suppress(RuntimeError):  # it has just been closed
                runner.get_loop().call_soon_threadsafe(self._cancel_running)

    def close(self) -> None:
        """Stop what runs, close the connection and end the thread; nothing is reported any more."""
        self._post = lambda _message: None
        self._orders.put(None)
        self.cancel()

    @property
    def evidence(self) -> Evidence | None:
        """What can be spoken of, None until it has been gathered."""
        return self._evidence

    def heard(self) -> Verified | None:
        """Return the answer as far as it has come, its whole lines checked."""
        with self._lock:
            self._told = False
            return self._heard

    # In the conversation's thread

    def _work(self) -> None:
        """Carry out orders until the last one."""
        while (order := self._orders.get()) is not None:
            order()
        runner, session, self._runner = self._runner, self._session, None
        if runner is not None:
            if session is not None:
                runner.run(session.close())
            runner.close()

    def _prepare(self) -> None:
        from hpi_core.chat.evidence import Evidence
        from hpi_core.chat.suggestions import suggestions
        from hpi_core.summary import summarize

        try:
            evidence = Evidence(self.inspection, summarize(self.inspection, self._triage))
            evidence.row("")  # the ids are looked through here rather than when a citation is drawn
            asked = tuple(suggestions(evidence))
        except BaseException as error:  # a panic in polars does not derive from Exception
            self._post(Prepared(self, (), None, _unforeseen(error)))
            return
        self._evidence = evidence
        try:
            server = self._find_server()
        except BaseException as error:
            self._post(Prepared(self, asked, None, _unforeseen(error)))
        else:
            self._post(Prepared(self, asked, server, None))

    def _find_server(self) -> Server:
        """Return who would be asked.

        Raises:
            ChatError: there is no key or no address, or the person's configuration says never.
        """
        from hpi_core.chat import consent
        from hpi_core.chat.server import find_server

        chat = _chat_settings()
        server = find_server(chat=chat)
        if consent.standing(self._location, server.origin, chat) == "never":
            consent.recall(self._location, server.origin, chat)
        return server

    @property
    def _location(self) -> str:
        return self.inspection.sweep.source.location

    def _answer(self, turn: int, question: str, said_yes: bool) -> None:
        from hpi_core.chat.commands import is_command
        from hpi_core.errors import ChatError

        evidence = self._evidence
        try:
            if evidence is None:
                raise ChatError("The chat could not be prepared for this sweep.", "R reads it again.")
            if is_command(question):
                from hpi_core.chat.offline import answer

                self._post(Answered(self, turn, answer(evidence, question), "end", evidence))
            else:
                self._ask_model(turn, question, evidence, said_yes)
        except BaseException as error:  # whatever goes wrong costs this answer only
            self._post(Answered(self, turn, None, "failed", evidence, problem=_unforeseen(error)))

    def _ask_model(self, turn: int, question: str, evidence: Evidence, said_yes: bool) -> None:
        """Ask the model; the person first, where nothing is known of their yes to this sweep and this server."""
        from hpi_core.chat import consent

        server, chat = self._find_server(), _chat_settings()
        if said_yes:
            grant = consent.give(self._location, server.origin, chat)
        elif self._session is not None and self._session.server == server:
            grant = consent.Grant(self._location, server.origin)
        elif consent.standing(self._location, server.origin, chat) == "asked":
            self._show_what_would_be_sent(turn, question, evidence, server)
            return
        else:
            grant = consent.recall(self._location, server.origin, chat)
        if self._runner is None:
            runner = asyncio.Runner()
            runner.get_loop()  # made in this thread before the screen's can ask for it
            self._runner = runner
        notes: tuple[str, ...] = ()
        if self._session is None or self._session.server != server:
            from hpi_core.chat.session import Session

            self._session, notes = Session(evidence, server, grant), server.notes
        self._runner.run(self._turn(self._session, turn, question, evidence, notes))

    def _show_what_would_be_sent(self, turn: int, question: str, evidence: Evidence, server: Server) -> None:
        from hpi_core.chat.consent import explanation
        from hpi_core.chat.disclosure import disclosure
        from hpi_core.chat.payload import payload

        words = explanation(server.origin, server.model, len(payload(evidence)))
        self._post(Asks(self, turn, server, words, disclosure(evidence, question)))

    async def _turn(
        self, session: Session, turn: int, question: str, evidence: Evidence, notes: tuple[str, ...]
    ) -> None:
        from hpi_core.chat.growing import Growing
        from hpi_core.chat.session import Looks, Said, Waits

        growing = Growing(evidence)
        if self._cancelled == turn:
            self._post(Answered(self, turn, None, "cancelled", evidence))
            return
        async for event in session.ask(question):
            if isinstance(event, Said):
                self._hear(turn, growing, event.text)
            elif isinstance(event, Waits):
                self._post(Waiting(self, turn, f"{event.why} Asking again in {event.seconds:.0f} s."))
            elif isinstance(event, Looks):
                words = " ".join([event.tool, *event.arguments.values()])
                self._post(Waiting(self, turn, f"The model looks up {words}.", words))
            else:
                self._end(turn, event, evidence, notes)

    def _hear(self, turn: int, growing: Growing, text: str) -> None:
        """Check what came and tell the screen, unless it has not yet fetched what it was told of before."""
        verified = growing.more(text)
        with self._lock:
            self._heard, told, self._told = verified, self._told, True
        if not told:
            self._post(Heard(self, turn))

    def _end(self, turn: int, answer: Answer, evidence: Evidence, notes: tuple[str, ...]) -> None:
        with self._lock:
            self._heard, self._told = None, False
        how: dict[str, Any] = {"usage": answer.usage, "problem": answer.problem, "notes": (*notes, *answer.notes)}
        self._post(Answered(self, turn, answer.verified, answer.stop, evidence, **how))

    def _cancel_running(self) -> None:
        if self._session is not None:
            self._session.cancel()


def _chat_settings() -> dict[str, Any]:
    from hpi_core.settings import load_config

    return dict(load_config().chat)


def _unforeseen(error: BaseException) -> HpiError:
    """Return an error a person can read; of one nobody foresaw, the details go to a log."""
    from hpi_core.errors import ChatError, HpiError

    if isinstance(error, HpiError):
        return error
    from hpi_core.cli.crash_log import write_crash_log

    return ChatError(f"The chat failed ({type(error).__name__}).", f"This is a bug; details: {write_crash_log(error)}")
