"""Turn: one question and what came of it. The conversation reports by messages; the pane keeps the turns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from hpi_core.chat.evidence import Evidence
    from hpi_core.chat.session import Stop
    from hpi_core.chat.verifier import Verified
    from hpi_core.chat.wire import Usage
    from hpi_core.errors import HpiError

State = Literal["asked", "answering", "done"]


@dataclass
class Turn:
    """A question and its answer, which grows while it is given.

    Attributes:
        number: place among the turns, from 0.
        question: as typed.
        offline: whether it is a `/command`, answered here.
        text: what has come of the answer, printable.
        checked: how much of `text` its numbers and citations are known of; they stand in `verified`.
        state: `asked` until the first of the answer comes.
        stop: why it ended.
        problem: what went wrong, in one line and a hint.
        notes: what was done to the question before it was sent.
        usage: tokens.
        looked: what the model looked up, each in a few words.
        evidence: what its citations refer to.
        version: counts changes, for whoever keeps a drawing of it.
    """

    number: int
    question: str
    offline: bool
    text: str = ""
    checked: int = 0
    verified: Verified | None = None
    state: State = "asked"
    stop: Stop | None = None
    problem: HpiError | None = None
    notes: tuple[str, ...] = ()
    usage: Usage | None = None
    looked: list[str] = field(default_factory=list)
    evidence: Evidence | None = None
    version: int = 0

    @property
    def running(self) -> bool:
        """Whether more of the answer may come."""
        return self.state != "done"

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels cited that name something, in the order they come, each once."""
        if self.verified is None:
            return ()
        return tuple(dict.fromkeys(one.label for one in self.verified.citations if one.known))
