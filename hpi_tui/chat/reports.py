"""What a conversation reports to the chat pane: frozen facts, each with the number of the turn it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from hpi_core.chat.evidence import Evidence
    from hpi_core.chat.server import Server
    from hpi_core.chat.session import Stop
    from hpi_core.chat.verifier import Verified
    from hpi_core.chat.wire import Usage
    from hpi_core.errors import HpiError
    from hpi_tui.chat.conversation import Conversation


class Report(Message):
    """A report of `conversation`; the pane drops it when it has gone on to another one."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self.conversation = conversation


class Prepared(Report):
    """The chat can begin: questions made from this sweep, who would be asked, and what keeps one from asking."""

    def __init__(
        self, conversation: Conversation, suggestions: tuple[str, ...], server: Server | None, off: HpiError | None
    ) -> None:
        super().__init__(conversation)
        self.suggestions = suggestions
        self.server = server
        self.off = off


class Asks(Report):
    """Nothing has been sent yet: this is what would be, to this server, if the person says yes."""

    def __init__(
        self, conversation: Conversation, turn: int, server: Server, explanation: str, parts: list[tuple[str, str]]
    ) -> None:
        super().__init__(conversation)
        self.turn = turn
        self.server = server
        self.explanation = explanation
        self.parts = parts


class Heard(Report):
    """More of the answer has come: `conversation.heard()` has it all; there is never a second report on its way."""

    def __init__(self, conversation: Conversation, turn: int) -> None:
        super().__init__(conversation)
        self.turn = turn


class Waiting(Report):
    """The answer waits for something: the server is busy, or the model looks something up (`looked`)."""

    def __init__(self, conversation: Conversation, turn: int, said: str, looked: str = "") -> None:
        super().__init__(conversation)
        self.turn = turn
        self.said = said
        self.looked = looked


class Answered(Report):
    """The end of a turn, whatever it was."""

    def __init__(
        self,
        conversation: Conversation,
        turn: int,
        verified: Verified | None,
        ending: Stop,
        evidence: Evidence | None,
        *,
        usage: Usage | None = None,
        problem: HpiError | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        super().__init__(conversation)
        self.turn = turn
        self.verified = verified
        self.ending = ending
        self.evidence = evidence
        self.usage = usage
        self.problem = problem
        self.notes = notes
