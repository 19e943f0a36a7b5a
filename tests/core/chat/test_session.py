"""A conversation against a scripted server: turns, tools, cancelling, retries, and everything that goes wrong."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable

import pytest

from hpi_core.chat.consent import Grant
from hpi_core.chat.session import LONGEST_WAIT, QUESTION, Answer, Event, Looks, Said, Session, Waits
from hpi_core.errors import ChatError, NoConsentError
from tests.core.chat.scripted_server import (
    Exchange,
    Step,
    calls,
    closed_port,
    refuses,
    says,
    scripted_server,
)
from tests.core.chat.sweeps import KEY, demo_evidence, granted


class Naps:
    """A sleep that takes no time and remembers."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


async def turn(session: Session, question: str) -> tuple[list[Event], Answer]:
    events = [event async for event in session.ask(question)]
    assert isinstance(events[-1], Answer)
    return events, events[-1]


async def test_turns_stream_and_each_sends_the_same_bytes_before_it() -> None:
    with scripted_server([says("37 of 58 ", "[C1]", cache_read_input_tokens=90), says("Yes.")]) as served:
        session = Session(*granted(demo_evidence(), served.url))
        events, first = await turn(session, "Why?")
        _, second = await turn(session, "Sure?")
        await session.close()
    assert [event.text for event in events if isinstance(event, Said)] == ["37 of 58 ", "[C1]"]
    assert (first.text, first.stop, first.problem) == ("37 of 58 [C1]", "end", None)
    assert [mark.found for mark in first.verified.numbers] == [True, True]
    assert (first.usage.input, first.usage.cached, first.usage.output) == (10, 90, 7)
    assert session.usage == first.usage + second.usage
    one, two = served.requests
    assert json.dumps(one["system"]) == json.dumps(two["system"])
    assert one["tools"] == two["tools"]
    assert one["system"][-1]["cache_control"] == {"type": "ephemeral"}
    texts = [(message["role"], message["content"][0]["text"]) for message in two["messages"]]
    assert texts == [("user", "Why?"), ("assistant", "37 of 58 [C1]"), ("user", "Sure?")]
    assert served.headers[0]["authorization"] == f"Bearer {KEY}"


async def test_the_model_can_look_at_a_trial() -> None:
    with scripted_server([calls("trial", {"trial": "T17"}, before="Looking."), says("lr 0.0498 [T17]")]) as served:
        session = Session(*granted(demo_evidence(), served.url))
        events, answer = await turn(session, "What about 17?")
        await session.close()
    assert [event for event in events if isinstance(event, Looks)] == [Looks("trial", {"trial": "T17"})]
    assert answer.text == "Looking.\nlr 0.0498 [T17]"
    assert answer.verified.unverified == 0
    result = served.requests[1]["messages"][-1]["content"][0]
    assert result["tool_use_id"] == "toolu_1"
    assert json.loads(result["content"])["configuration"]["lr"] == 0.0498


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("trial", {"trial": "T999"}, "No trial is called T999."),
        ("trial", {"trial": "1", "path": "/etc/passwd"}, "trial takes exactly: trial."),
        ("trial", ["T1"], "trial takes exactly: trial."),
        ("delete_everything", {}, "There is no such tool."),
    ],
)
async def test_a_wrong_tool_call_is_told_to_the_model(tool: str, arguments: object, said: str) -> None:
    with scripted_server([calls(tool, arguments), says("Sorry.")]) as served:  # type: ignore[arg-type]
        session = Session(*granted(demo_evidence(), served.url))
        _, answer = await turn(session, "?")
        await session.close()
    result = served.requests[1]["messages"][-1]["content"][0]
    assert result["is_error"] is True
    assert json.loads(result["content"])["error"] == said
    assert answer.stop == "end"


async def test_tools_asked_for_ever_end_in_a_plain_sentence() -> None:
    with scripted_server([calls("trial", {"trial": "1"})]) as served:
        session = Session(*granted(demo_evidence(), served.url))
        _, answer = await turn(session, "?")
        await session.close()
    assert (answer.stop, len(served.requests)) == ("cut", 7)
    assert served.requests[-1]["tool_choice"] == {"type": "none"}


async def test_a_server_that_refuses_tools_is_asked_without() -> None:
    with scripted_server([refuses(400, "invalid_request_error", "tools unsupported"), says("Fine.")]) as served:
        session = Session(*granted(demo_evidence(), served.url))
        _, answer = await turn(session, "?")
        await session.close()
    assert answer.text == "Fine."
    assert "tools" not in served.requests[1]


async def test_cancel_keeps_the_part_and_the_conversation_goes_on() -> None:
    def endless(exchange: Exchange) -> None:
        exchange.begin()
        exchange.message_start()
        exchange.text("The first half")
        exchange.release.wait(20)

    with scripted_server([endless, says("Done.")]) as served:
        session = Session(*granted(demo_evidence(), served.url))
        began = time.monotonic()
        answer: Answer | None = None
        async for event in session.ask("Tell me"):
            if isinstance(event, Said):
                session.cancel()
            if isinstance(event, Answer):
                answer = event
        assert time.monotonic() - began < 10
        assert answer is not None
        assert (answer.text, answer.stop, answer.problem) == ("The first half", "cancelled", None)
        _, second = await turn(session, "Go on")
        await session.close()
    assert second.text == "Done."
    assert [message["role"] for message in served.requests[1]["messages"]] == ["user", "assistant", "user"]
    assert served.requests[1]["messages"][1]["content"][0]["text"] == "The first half"


async def test_leaving_in_mid_answer_stops_the_request() -> None:
    left = threading.Event()

    def endless(exchange: Exchange) -> None:
        exchange.begin()
        exchange.message_start()
        exchange.text("a")
        try:
            while not exchange.release.wait(0.01):
                exchange.event("ping")
        except OSError:
            left.set()

    with scripted_server([endless]) as served:
        session = Session(*granted(demo_evidence(), served.url))
        events = session.ask("?")
        await anext(events)
        await events.aclose()  # type: ignore[attr-defined]
        await session.close()
        assert await asyncio.to_thread(left.wait, 10)


def cut_cleanly(exchange: Exchange) -> None:
    exchange.begin()
    exchange.message_start()
    exchange.text("Half of ")


def cut_in_a_chunk(exchange: Exchange) -> None:
    exchange.begin(chunked=True)
    exchange.raw(b"400\r\nevent: mess")


def cut_after_text_in_a_chunk(exchange: Exchange) -> None:
    exchange.begin(chunked=True)
    data = (
        b'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":3}}}\n\n'
        b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        b'"content_block":{"type":"text","text":"Half of "}}\n\n'
    )
    exchange.raw(f"{len(data):x}\r\n".encode() + data + b"\r\n20\r\nabc")


def stalls(exchange: Exchange) -> None:
    exchange.begin()
    exchange.message_start()
    exchange.text("Half of ")
    exchange.release.wait(20)


def never_begins(exchange: Exchange) -> None:
    exchange.release.wait(20)


def overloaded_in_the_middle(exchange: Exchange) -> None:
    exchange.begin()
    exchange.message_start()
    exchange.text("Half of ")
    exchange.event("error", error={"type": "overloaded_error", "message": "Overloaded"})


def malformed(exchange: Exchange) -> None:
    exchange.begin()
    exchange.message_start()
    exchange.text("Half of ")
    exchange.raw(b"event: content_block_delta\ndata: {not json\n\n")


def missing_fields(exchange: Exchange) -> None:
    exchange.begin()
    exchange.message_start()
    exchange.text("Half of ")
    exchange.event("content_block_delta")


def unknown_place(exchange: Exchange) -> None:
    exchange.begin()
    exchange.message_start()
    exchange.text("Half of ")
    exchange.event("content_block_delta", index=9, delta={"type": "text_delta", "text": "x"})


def garbage(exchange: Exchange) -> None:
    exchange.raw(b"\x00\xffno http at all\r\n\r\n")


FAULTS: list[tuple[str, Step, str]] = [
    ("401", refuses(401, "authentication_error", f"invalid x-api-key {KEY}"), "does not accept the key (401)"),
    ("403", refuses(403, "permission_error", f"key {KEY} may not"), "does not allow this key to do that (403)"),
    ("404", refuses(404, "not_found_error", "model: claude-test"), "knows no model claude-test"),
    ("413", refuses(413, "request_too_large", "too large"), "too large for http://127.0.0.1"),
    ("400", refuses(400, "invalid_request_error", f"credit balance {KEY}"), "refuses the request (400)"),
    ("429 for ten minutes", refuses(429, "rate_limit_error", "slow", retry_after="600"), "It asks to wait 10 min"),
    ("529", refuses(529, "overloaded_error", "Overloaded"), "is overloaded (529)"),
    ("500", refuses(500, "api_error", "oops"), "failed (500)"),
    ("418", refuses(418, "", "teapot"), "answered with status 418"),
    ("overloaded in the middle", overloaded_in_the_middle, "is overloaded."),
    ("cut", cut_cleanly, "broke off before its end"),
    ("cut in a chunk", cut_in_a_chunk, "broke in the middle"),
    ("cut after text", cut_after_text_in_a_chunk, "broke in the middle"),
    ("stalled", stalls, "stopped sending in the middle"),
    ("no beginning", never_begins, "did not answer in time"),
    ("json", lambda exchange: exchange.json({"type": "message", "content": []}), "did not send an answer as a stream"),
    ("html", lambda exchange: exchange.raw(b"HTTP/1.0 200 OK\r\n\r\n<html></html>"), "did not send an answer as a"),
    ("malformed", malformed, "did not send an answer as a stream"),
    ("missing fields", missing_fields, "cannot be understood"),
    ("unknown place", unknown_place, "cannot be understood"),
    ("no http", garbage, "cannot be reached"),
    ("refusal", says("I ", reason="refusal"), "declined"),
    ("nothing", says(""), "answered nothing"),
    ("too long", says("Half of ", reason="max_tokens"), "was cut at"),
]


@pytest.mark.parametrize(("step", "said"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
async def test_whatever_goes_wrong_is_one_clear_line_and_the_part_is_kept(
    step: Step, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    naps = Naps()
    with scripted_server([step]) as served:
        session = Session(*granted(demo_evidence(), served.url), sleep=naps, read_seconds=0.5, tools=False)
        events, answer = await turn(session, "Why?")
        served.script[:] = [says("Well again.")]
        _, after = await turn(session, "And now?")
        await session.close()
    assert answer.problem is not None
    told = str(answer.problem)
    assert said in told
    assert "\n" not in told
    assert KEY not in told + caplog.text + repr(session.server)
    assert "Traceback" not in told
    shown = "".join(event.text for event in events if isinstance(event, Said))
    assert answer.text == shown
    if answer.text:
        assert answer.text in ("Half of ", "I ")
    assert after.text == "Well again."
    assert sum(naps.seconds) <= LONGEST_WAIT


async def test_a_busy_server_is_asked_again_visibly_and_only_as_long_as_agreed() -> None:
    naps = Naps()
    script = [refuses(429, "rate_limit_error", retry_after="7"), refuses(529, "overloaded_error"), says("Here.")]
    with scripted_server(script) as served:
        session = Session(*granted(demo_evidence(), served.url), sleep=naps)
        events, answer = await turn(session, "Why?")
        await session.close()
    assert answer.text == "Here."
    assert naps.seconds == [7, 2]
    assert [event.seconds for event in events if isinstance(event, Waits)] == [7, 2]
    with scripted_server([refuses(529, "overloaded_error", retry_after="15")]) as served:
        session = Session(*granted(demo_evidence(), served.url), sleep=naps)
        _, answer = await turn(session, "Why?")
        await session.close()
    assert len(served.requests) == 2  # a second wait would go beyond the limit
    assert answer.stop == "failed"


async def test_nobody_there() -> None:
    session = Session(*granted(demo_evidence(), f"http://127.0.0.1:{closed_port()}"))
    _, answer = await turn(session, "Why?")
    await session.close()
    assert "cannot be reached" in str(answer.problem)


async def test_a_grant_for_another_server_or_sweep_opens_no_conversation() -> None:
    evidence, server, grant = granted(demo_evidence(), "http://127.0.0.1:1")
    for wrong in (Grant(grant.location, "https://api.anthropic.com"), Grant("other.csv", grant.server)):
        with pytest.raises(NoConsentError):
            Session(evidence, server, wrong)


async def test_one_question_at_a_time_and_not_an_empty_one() -> None:
    with scripted_server([says("a")]) as served:
        session = Session(*granted(demo_evidence(), served.url))
        with pytest.raises(ChatError, match="no question"):
            await anext(aiter(session.ask(" \n")))
        first = aiter(session.ask("one"))
        await anext(first)
        with pytest.raises(ChatError, match="still being answered"):
            await anext(aiter(session.ask("two")))
        session.cancel()
        assert [event async for event in first]
        await session.close()


@pytest.mark.parametrize(
    "make", [lambda: "x y " * 25_000, lambda: "\x1b]52;c;AAAA\x07 why \x00?"], ids=["100 KB", "bytes"]
)
async def test_a_pasted_flood_and_control_bytes_are_cut_and_cleaned(make: Callable[[], str]) -> None:
    with scripted_server([says("ok")]) as served:
        session = Session(*granted(demo_evidence(), served.url))
        _, answer = await turn(session, make())
        await session.close()
    sent = served.requests[0]["messages"][0]["content"][0]["text"]
    assert len(sent) <= QUESTION
    assert "\x1b" not in sent
    assert bool(answer.notes) == (len(make()) > QUESTION)


async def test_control_bytes_in_an_answer_never_come_out_raw() -> None:
    hostile = "\x1b]52;c;AAAA\x07\x1b[2J\x9b31m\r\u202egnp\u200b.exe [C1]\n37 of 58 [C1]"
    with scripted_server([says(*hostile)]) as served:
        session = Session(*granted(demo_evidence(), served.url))
        events, answer = await turn(session, "Why?")
        await session.close()
    for text in [answer.text, answer.verified.marked(), *(e.text for e in events if isinstance(e, Said))]:
        assert all(sign == "\n" or sign.isprintable() for sign in text)
    assert "37✓ of 58✓ [C1]" in answer.verified.marked()


@pytest.mark.parametrize("code", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed_to_a_server_without_consent(code: int) -> None:
    with scripted_server([says("stolen")]) as other:
        with scripted_server([refuses(code, location=f"{other.url}/v1/messages")]) as served:
            session = Session(*granted(demo_evidence(), served.url))
            _, answer = await turn(session, "Why?")
            await session.close()
        assert other.requests == []
    assert answer.stop == "failed"
    assert f"wants to send you elsewhere ({code})" in str(answer.problem)
