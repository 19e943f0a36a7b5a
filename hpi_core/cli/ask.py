"""`hpi ask`: one question about a sweep, answered on stdout: a /command here and now, anything else by a model."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from hpi_core.cli.command import Command
from hpi_core.cli.inspect_source import add_threshold_argument, inspect_sweep
from hpi_core.cli.source import add_source_arguments, open_sweep
from hpi_core.errors import UsageError
from hpi_core.exit_codes import ExitCode
from hpi_core.json_text import json_text

if TYPE_CHECKING:
    from hpi_core.chat.evidence import Evidence
    from hpi_core.chat.session import Answer, Session
    from hpi_core.chat.verifier import Verified

SCHEMA = "hpi.answer/1"


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_source_arguments(parser)
    parser.add_argument(
        "question",
        metavar="QUESTION",
        help="a question to the model, or a /command answered offline (/help lists them)",
    )
    add_threshold_argument(parser)
    group = parser.add_argument_group("answer")
    group.add_argument(
        "--consent",
        action="store_true",
        help="send the summary of this sweep to the model's server, now and later (/payload shows what is sent)",
    )
    group.add_argument("--json", action="store_true", help="the answer, its checked numbers and its tokens as JSON")


def _run(args: argparse.Namespace) -> ExitCode:
    from hpi_core.chat.commands import is_command, parse

    if not args.source and os.path.exists(args.question):  # noqa: PTH110 - a question may be longer than a path can be
        raise UsageError("There is no question.", 'For example: hpi ask SOURCE "/causes"')
    if is_command(args.question):
        parse(args.question)  # a wrong command should not cost the reading of a large sweep
        evidence = _evidence(args)
        from hpi_core.chat.offline import answer

        verified = answer(evidence, args.question)
        _write(args, verified, {"stop": "end", "model": None})
        return ExitCode.OK
    return _ask_model(args)


def _evidence(args: argparse.Namespace) -> Evidence:
    from hpi_core.chat.evidence import Evidence
    from hpi_core.summary import summarize

    inspection = inspect_sweep(open_sweep(args), args)
    return Evidence(inspection, summarize(inspection))


def _ask_model(args: argparse.Namespace) -> ExitCode:
    """Ask the model: consent first, then the key, then the reading; nothing is opened before all three."""
    import asyncio

    from hpi_core.chat import consent
    from hpi_core.chat.server import address, find_server, origin
    from hpi_core.chat.session import Session
    from hpi_core.settings import load_config

    sweep_evidence = _evidence(args)
    location = sweep_evidence.inspection.sweep.source.location
    chat = load_config().chat
    where = origin(address(chat=chat)[0])
    grant = consent.give(location, where, chat) if args.consent else consent.recall(location, where, chat)
    server = find_server(chat=chat)
    for note in server.notes:
        sys.stderr.write(f"{note}\n")
    answer = asyncio.run(_turn(Session(sweep_evidence, server, grant), args, sweep_evidence))
    usage = {name: getattr(answer.usage, name) for name in ("input", "cached", "written", "output")}
    problem = None if answer.problem is None else str(answer.problem)
    if args.json:
        _write(args, answer.verified, {"stop": answer.stop, "model": server.model, "tokens": usage, "problem": problem})
    sys.stdout.flush()
    if answer.text:
        _narrate_check(answer)
    if answer.problem is not None and answer.stop != "cut":
        raise answer.problem
    return ExitCode.OK


async def _turn(session: Session, args: argparse.Namespace, evidence: Evidence) -> Answer:
    """Carry one turn; lines are checked and written as they are finished."""
    import asyncio

    from hpi_core.chat.session import Answer, Said, Waits

    line = ""
    try:
        async for event in session.ask(args.question):
            if isinstance(event, Waits):
                sys.stderr.write(f"{event.why} Asking again in {event.seconds:.0f} s …\n")
            elif isinstance(event, Said) and not args.json:
                *finished, line = (line + event.text).split("\n")
                _write_lines(finished, evidence)
            elif isinstance(event, Answer):
                if line:
                    _write_lines([line], evidence)
                for note in event.notes:
                    sys.stderr.write(f"{note}\n")
                return event
    except asyncio.CancelledError:  # Ctrl-C: what came is kept
        if line:
            _write_lines([line], evidence)
        raise
    finally:
        await session.close()
    raise AssertionError("a turn ends with its answer")


def _write_lines(lines: list[str], evidence: Evidence) -> None:
    from hpi_core.chat.verifier import verify

    for line in lines:
        sys.stdout.write(_encodable(verify(line, evidence).marked()) + "\n")
    sys.stdout.flush()


def _write(args: argparse.Namespace, verified: Verified, more: dict[str, Any]) -> None:
    """Write a whole answer, as text or as JSON."""
    if not args.json:
        sys.stdout.write(_encodable(verified.text.rstrip("\n")) + "\n")
        return
    from dataclasses import asdict

    record = {
        "schema": SCHEMA,
        "question": args.question,
        "answer": verified.text,
        "numbers": [asdict(mark) for mark in verified.numbers],
        "citations": [asdict(reference) for reference in verified.citations],
        **more,
    }
    sys.stdout.write(json_text(record))


def _narrate_check(answer: Answer) -> None:
    """Say on stderr how much of the answer was found in the analysis, and what it cost in tokens."""
    numbers, usage = answer.verified.numbers, answer.usage
    unknown = [reference.label for reference in answer.verified.citations if not reference.known]
    said = f"{len(numbers) - answer.verified.unverified:,} of {len(numbers):,} numbers found in the analysis"
    if unknown:
        said += f"; citations of nothing: {', '.join(unknown)}"
    cached = f" and {usage.cached:,} cached" if usage.cached else ""
    sys.stderr.write(f"{said} · tokens: {usage.input:,}{cached} in, {usage.output:,} out\n")


def _encodable(text: str) -> str:
    """Return text that stdout can write, whatever its encoding."""
    encoding = sys.stdout.encoding or "ascii"
    if not encoding.lower().replace("-", "").startswith("utf"):
        text = text.replace("✓", "(ok)")
    return text.encode(encoding, "backslashreplace").decode(encoding)


COMMAND = Command(
    "ask", "answer a question about a sweep, offline by /commands or by a model", _arguments, _run, order=50
)
