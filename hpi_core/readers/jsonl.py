"""JSON Lines: one JSON object per line; a bad line costs only itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.lines import LineCounts
from hpi_core.readers.contract import Reader
from hpi_core.tables.content import Content
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.nested import frame_of_records
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table, never, silent

_NAMES = (".jsonl", ".ndjson")
_OFTEN = 4096
_SHOWN = 80
# Refused lines are listed one by one up to this many; the rest are counted in one entry.
_LISTED = 1000


def claims(name: str, head: bytes) -> int:
    """Claim contents whose first lines are whole JSON objects (or lists, to refuse them in a true sentence)."""
    lines = [line for line in head.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip()][:3]
    if not lines or not lines[0].lstrip().startswith((b"{", b"[")):
        return 0
    named = name.lower().endswith(_NAMES)
    values = [_value(line) for line in lines]
    if isinstance(values[0], (dict, list)) and len(values) > 1:
        # A second line may be the damaged one, or may be cut by the end of the head.
        return 92 if lines[1].lstrip().startswith((b"{", b"[")) else (70 if named else 0)
    return 90 if named else 0


def read_table(content: Content, options: ReadOptions, progress: Progress, cancelled: Cancelled) -> Table:
    """Read one record per line.

    Raises:
        SourceError: no line holds a JSON object.
        Cancelled: the person asked to stop.
    """
    data = content.bytes().removeprefix(b"\xef\xbb\xbf")
    lines = data.split(b"\n")
    terminated = lines[-1] == b""
    if terminated:
        lines.pop()
    parsed = parse_lines(lines, content.name, progress, cancelled)
    if not parsed.records:
        raise _nothing(content.name, len(parsed.refused), parsed.lists)
    frame, ledger = frame_of_records(parsed.records)
    rows = len(parsed.records)
    return table_of(frame, [ledger], parsed, rows, len(lines), terminated=terminated, complete=options.complete)


@dataclass(frozen=True)
class Parsed:
    """What some lines hold: records, refused lines (1-based number, why, how it begins), blank lines, JSON lists."""

    records: list[dict[str, object]] = field(default_factory=list)
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    blank: int = 0
    lists: int = 0


def parse_lines(lines: Sequence[bytes], name: str, progress: Progress = silent, cancelled: Cancelled = never) -> Parsed:
    """Parse lines one by one, thousands together where each holds exactly one object.

    Raises:
        Cancelled: the person asked to stop.
    """
    records: list[dict[str, object]] = []
    refused: list[tuple[int, str, str]] = []
    blank = lists = 0
    for start in range(0, len(lines), _OFTEN):
        progress("reading lines", start / len(lines))
        if cancelled():
            raise ReadingCancelled(f"Reading {name} was stopped.")
        block = lines[start : start + _OFTEN]
        sound = _objects(block)
        if sound is not None:
            records += sound
            continue
        for number, line in enumerate(block, start=start + 1):
            if not line.strip():
                blank += 1
                continue
            value = _value(line)
            if isinstance(value, dict):
                records.append(value)
            else:
                lists += isinstance(value, list)
                what = "is no JSON" if value is None else f"is a JSON {_word(value)}, not an object"
                refused.append((number, what, line[:_SHOWN].decode("utf-8", "replace")))
    return Parsed(records, refused, blank, lists)


def table_of(
    frame: pl.DataFrame,
    ledgers: Sequence[pl.DataFrame],
    parsed: Parsed,
    rows: int,
    lines: int,
    *,
    terminated: bool,
    complete: bool,
) -> Table:
    """Return the frame of `rows` records from so many lines with what is to be said of them.

    `terminated` says that the last line has its line end, `complete` that it is to be accepted without.
    """
    refused = list(parsed.refused)
    entries = []
    half = not terminated and bool(refused) and refused[-1][0] == lines and refused[-1][1] == "is no JSON"
    if half:
        number, _, was = refused.pop()
        message = "the last line stops in the middle: it may still be being written"
        entries.append(Entry("incomplete", message, line=number, was=was))
    entries += [Entry("refused_line", f"line {n} {what}", line=n, was=was) for n, what, was in refused[:_LISTED]]
    if len(refused) > _LISTED:
        more = len(refused) - _LISTED
        entries.append(Entry("refused_line", f"{more:,} more lines are no JSON objects", count=more))
    # A whole object without a line end may still lack nothing.
    cut = not terminated and not complete and not half and not (refused and refused[-1][0] == lines)
    if cut:
        message = "the last line has no line end: it may still be being written"
        entries.append(Entry("incomplete", message, row=rows - 1, line=lines))
    return Table(
        frame,
        ledger_frame(entries, list(ledgers)),
        LineCounts(blank=parsed.blank, record=rows, refused=len(parsed.refused)),
        frozenset({rows - 1}) if cut else frozenset(),
    )


def _objects(block: Sequence[bytes]) -> list[dict[str, object]] | None:
    """Return the objects of lines that each hold exactly one, parsed together, thrice as fast; else None."""
    if not all(line.startswith(b"{") and line.rstrip().endswith(b"}") for line in block):
        return None
    # Between two objects stands an empty list: no lines that belong together only as a whole could be joined by it.
    value = _value(b"[" + b",[],".join(block) + b"]")
    if not isinstance(value, list) or len(value) != 2 * len(block) - 1:
        return None
    objects, between = value[0::2], value[1::2]
    whole = all(isinstance(item, dict) for item in objects) and all(item == [] for item in between)
    return objects if whole else None


def _value(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _word(value: object) -> str:
    return {list: "list", str: "text", bool: "truth value"}.get(type(value), "number")


def _nothing(name: str, refused: int, lists: int) -> SourceError:
    if lists:
        return SourceError(
            f"{name} holds one JSON list per line, whose values have no names.",
            'Write one object per line instead, such as {"lr": 0.1, "val_loss": 0.3}.',
        )
    if refused:
        return SourceError(
            f"{name} holds no JSON object on any of its {refused:,} lines.", "Check that it is JSON Lines."
        )
    return SourceError(f"{name} holds no records.", "The sweep may not have written anything yet.")


READER = Reader("jsonl", "JSON Lines (.jsonl, .ndjson): one object per line", 60, claims, read_table)
