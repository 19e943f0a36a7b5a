"""Session: a conversation with a model about one sweep, without a screen.

`ask()` yields events as they come and always ends with an `Answer`, whatever happened: finished, cancelled, cut off or
refused, with the part that had come, its numbers checked, and the problem in one line. Retries are visible and capped.
All text in events is printable; the conversation itself keeps what the model said.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from hpi_core.chat.consent import Grant
from hpi_core.chat.evidence import Evidence
from hpi_core.chat.failures import explain
from hpi_core.chat.payload import as_sent, tool_result
from hpi_core.chat.printable import QUESTION as QUESTION
from hpi_core.chat.printable import printable
from hpi_core.chat.prompt import system_blocks
from hpi_core.chat.redaction import redact
from hpi_core.chat.server import Server
from hpi_core.chat.verifier import Verified, verify
from hpi_core.chat.wire import Reply, Usage, Wire
from hpi_core.errors import ChatError, HpiError, NoConsentError

REMEMBERED = 120_000  # characters of earlier turns that are sent along
ROUNDS = 6  # how often the model may ask tools before it must answer
RETRIES = 3
LONGEST_WAIT = 20.0  # seconds waited in all for a busy server

Stop = Literal["end", "cancelled", "failed", "refused", "cut"]


@dataclass(frozen=True)
class Said:
    """A piece of the answer, printable."""

    text: str


@dataclass(frozen=True)
class Waits:
    """The server is busy: asked again after so many seconds."""

    seconds: float
    why: str


@dataclass(frozen=True)
class Looks:
    """The model asks a tool, with these arguments, printable."""

    tool: str
    arguments: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """The end of one turn.

    Attributes:
        text: what came, printable.
        stop: why it ended; everything but `end` has a `problem`, except `cancelled`.
        verified: the numbers and citations in the text, checked.
        usage: tokens of this turn.
        problem: one line and a hint.
        notes: what was done to the question before it was sent.
    """

    text: str
    stop: Stop
    verified: Verified
    usage: Usage
    problem: HpiError | None = None
    notes: tuple[str, ...] = ()


Event = Said | Waits | Looks | Answer


@dataclass
class _Turn:
    """What one turn has come to: the messages it adds, the text shown, tokens."""

    put: Callable[[Event], None]
    messages: list[dict[str, Any]]
    text: str = ""
    usage: Usage = field(default_factory=Usage)
    stop: Stop = "end"
    problem: HpiError | None = None

    def say(self, text: str) -> None:
        self.text += text
        self.put(Said(printable(text)))


class Session:
    """One conversation; `usage` counts all its tokens."""

    def __init__(
        self,
        evidence: Evidence,
        server: Server,
        grant: Grant,
        *,
        tools: bool = True,
        max_tokens: int | None = None,
        read_seconds: float | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Begin a conversation; opens nothing.

        Args:
            evidence: what is spoken of.
            server: who is asked.
            grant: the person's yes, to this source and this server.
            tools: let the model ask the tools.
            max_tokens: longest answer, by default what the server's settings say.
            read_seconds: longest silence of the server, by default a minute, longer for one on this machine.
            sleep: waits so many seconds.

        Raises:
            NoConsentError: the grant is for another source or server.
        """
        if grant != Grant(evidence.inspection.sweep.source.location, server.origin):
            raise NoConsentError(f"There is no consent to tell {server.origin} of this sweep.", "Nothing was sent.")
        self.usage = Usage()
        self.server = server
        self._evidence = evidence
        self._system = system_blocks(evidence)
        self._wire = Wire(server, read_seconds=read_seconds)
        self._turns: list[list[dict[str, Any]]] = []
        self._tools = tools
        self._max_tokens = server.max_tokens if max_tokens is None else max_tokens
        self._sleep = sleep
        self._running: asyncio.Task[None] | None = None

    async def ask(self, question: str) -> AsyncIterator[Event]:
        """Ask, and yield what comes; the last event is the `Answer`.

        Raises:
            ChatError: an earlier question is still being answered, or there is nothing to ask.
        """
        if self._running is not None:
            raise ChatError("The last question is still being answered.", "Esc cancels it.")
        sent, notes = outgoing(question)
        if not sent:
            raise ChatError("There is no question.", "Ask something, or /help.")
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        turn = _Turn(events.put_nowait, [{"role": "user", "content": [{"type": "text", "text": sent}]}])
        running = self._running = asyncio.create_task(self._carry(turn, notes))
        running.add_done_callback(lambda _task: events.put_nowait(None))
        try:
            while (event := await events.get()) is not None:
                yield event
            running.result()  # raises what no turn should end with
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            self._running = None

    def cancel(self) -> None:
        """Stop the answer that is being given; what has come is kept."""
        if self._running is not None:
            self._running.cancel()

    async def close(self) -> None:
        """Cancel what runs and close the connection."""
        self.cancel()
        await self._wire.close()

    async def _carry(self, turn: _Turn, notes: tuple[str, ...]) -> None:
        """Carry one turn to its end, whatever that is, and put the answer."""
        try:
            await self._converse(turn)
        except asyncio.CancelledError:
            turn.stop = "cancelled"
        except ChatError as error:
            turn.stop, turn.problem = "failed", error
        self._remember(turn)
        self.usage += turn.usage
        text = printable(turn.text)
        turn.put(Answer(text, turn.stop, verify(text, self._evidence), turn.usage, turn.problem, notes))

    async def _converse(self, turn: _Turn) -> None:
        for round_ in range(ROUNDS + 1):
            reply = await self._request(turn, last=round_ == ROUNDS)
            content = reply.content()
            calls = [block for block in content if block["type"] == "tool_use"]
            if content:
                turn.messages.append({"role": "assistant", "content": content})
            if not calls or reply.stop_reason != "tool_use":
                self._settle(turn, reply)
                return
            if turn.text and not turn.text.endswith("\n"):
                turn.say("\n")
            results = [self._look(turn, call) for call in calls]
            turn.messages.append({"role": "user", "content": results})
        turn.stop = "cut"
        turn.problem = ChatError("The model asked the tools again and again without answering.", "Ask more narrowly.")

    async def _request(self, turn: _Turn, last: bool) -> Reply:
        """Send what has been said so far; ask again, visibly and a few times, while the server is busy."""
        waited, attempt = 0.0, 0
        while True:
            reply = Reply()
            try:
                await self._wire.send(self._body(turn, last), reply, turn.say)
            except Exception as error:  # anything at all may come from a server; it becomes one line
                failure = explain(error, self.server)
            else:
                return reply
            finally:
                turn.usage += reply.usage
            if failure.without_tools and self._tools and not self._tools_were_used(turn):
                self._tools = False
                continue
            wait = 2.0**attempt if failure.wait is None else failure.wait
            attempt += 1
            if not failure.again or reply.blocks or attempt > RETRIES or waited + wait > LONGEST_WAIT:
                raise failure.error
            turn.put(Waits(wait, failure.error.message))
            waited += wait
            await self._sleep(wait)

    def _body(self, turn: _Turn, last: bool) -> dict[str, Any]:
        messages = [*(message for earlier in self._turns for message in earlier), *turn.messages]
        body: dict[str, Any] = {
            "model": self.server.model,
            "max_tokens": self._max_tokens,
            "system": self._system,
            "messages": [*messages[:-1], _cached(messages[-1])],
        }
        if self._tools:
            from hpi_core.chat.tools import tools

            body["tools"] = [tool.schema() for tool in tools().values()]
            if last:
                body["tool_choice"] = {"type": "none"}
        return body

    def _look(self, turn: _Turn, call: dict[str, Any]) -> dict[str, Any]:
        """Answer one tool call; whatever is wrong with it is told to the model."""
        from hpi_core.chat.tools import tools

        tool = tools().get(str(call.get("name")))
        shown = {printable(name)[:60]: printable(str(value))[:200] for name, value in call["input"].items()}
        turn.put(Looks(printable(str(call.get("name")))[:60], shown))
        result: dict[str, Any] = {"type": "tool_result", "tool_use_id": call.get("id")}
        if tool is None:
            return {**result, "is_error": True, "content": as_sent({"error": "There is no such tool."})}
        try:
            return {**result, "content": tool_result(self._evidence, tool.ask(self._evidence, call["input"]))}
        except HpiError as error:
            said = {"error": error.message, "hint": error.hint}
        except Exception as error:  # one tool that fails on odd data costs its own answer only
            said = {"error": f"The tool failed ({type(error).__name__}).", "hint": ""}
        return {**result, "is_error": True, "content": tool_result(self._evidence, said)}

    def _settle(self, turn: _Turn, reply: Reply) -> None:
        """Say why an answer that came to its end is not a whole one, where it is not."""
        longest = f"{self._max_tokens:,} tokens"
        if reply.stop_reason == "refusal":
            turn.stop, turn.problem = "refused", ChatError("The model declined to answer this.", "Ask it differently.")
        elif reply.stop_reason == "max_tokens":
            turn.stop, turn.problem = "cut", ChatError(f"The answer was cut at {longest}.", "Ask for the rest.")
        elif reply.stop_reason == "model_context_window_exceeded":
            problem = ChatError("The conversation is longer than the model can read.", "Begin a new one.")
            turn.stop, turn.problem = "cut", problem
        elif not turn.text.strip():
            turn.stop, turn.problem = "failed", ChatError("The model answered nothing.", "Ask again.")

    def _tools_were_used(self, turn: _Turn) -> bool:
        return len(turn.messages) > 1 or any(len(earlier) > 2 for earlier in self._turns)

    def _remember(self, turn: _Turn) -> None:
        """Keep the turn for the next question: whole where it ended well, else the question and what came."""
        if not turn.text.strip() or turn.stop == "refused":
            return
        if turn.stop not in ("end", "cut") or turn.messages[-1]["role"] != "assistant":
            partial = {"role": "assistant", "content": [{"type": "text", "text": turn.text.rstrip()}]}
            turn.messages = [turn.messages[0], partial]
        self._turns.append(turn.messages)
        while len(self._turns) > 1 and sum(len(str(messages)) for messages in self._turns) > REMEMBERED:
            self._turns.pop(0)


def outgoing(question: str) -> tuple[str, tuple[str, ...]]:
    """Return a question as it is sent, redacted and cut, and what was done to it."""
    notes = []
    plain = printable(question).strip()
    if len(plain) > QUESTION:
        notes.append(f"The question was cut to its first {QUESTION:,} of {len(plain):,} characters.")
    kept = redact(plain[:QUESTION])
    if "[redacted:" in kept and "[redacted:" not in plain:
        notes.append("Something that looks like a secret was taken out of the question.")
    return kept, tuple(notes)


def _cached(message: dict[str, Any]) -> dict[str, Any]:
    """Mark the end of the last message, so that the next turn finds everything before it in the cache."""
    *before, last = message["content"]
    return {**message, "content": [*before, {**last, "cache_control": {"type": "ephemeral"}}]}
