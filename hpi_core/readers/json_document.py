"""JSON documents: a list of objects, `{"trials": […]}`, objects by id, columns by name, numbers by name, one record."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from hpi_core.errors import SourceError
from hpi_core.lines import LineCounts
from hpi_core.readers._trainer_state import is_trainer_state, run_of_trainer
from hpi_core.readers.contract import Reader
from hpi_core.roles import RoleHints
from hpi_core.tables.content import Content
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.nested import frame_of_records, unique
from hpi_core.tables.run_names import parts_of_names
from hpi_core.tables.run_table import table_of_runs
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table
from hpi_core.text import safe

_LIST_KEYS = ("trials", "runs", "results", "experiments", "records", "rows", "data", "log_history")
_SETTINGS_KEYS = ("hyperparameters", "hparams", "config", "configuration", "params", "args")
_LARGEST = 2 << 30
_FEWEST_NAMES = 8
_SPLIT = {"columns", "data"}


@dataclass(frozen=True)
class _Records:
    """Objects found in the document, the column that is their id (empty where none), and what was left out."""

    records: list[dict[str, object]]
    id: str = ""
    outside: tuple[str, ...] = ()
    refused: int = 0


def claims(name: str, head: bytes) -> int:
    """Claim contents that begin like a JSON list or object."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not re.match(rb'\{\s*("|\}|$)|\[\s*([\[{"\d\-nNI\]]|$)', text):
        return 0
    return 85 if name.lower().endswith(".json") or text.startswith(b"{") else 75


def read_table(content: Content, _options: ReadOptions, progress: Progress, _cancelled: Cancelled) -> Table:
    """Read a whole document.

    Raises:
        SourceError: no JSON, damaged, too large, or of a shape in which no records can be told.
    """
    if content.size() > _LARGEST:
        raise SourceError(f"{content.name} is a JSON document over 2 GiB.", "Write one object per line (JSON Lines).")
    progress("reading the document", None)
    data = content.bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        document = json.loads(data)
    except RecursionError as error:
        raise SourceError(
            f"{content.name} is nested too deeply to be a table.", "Write one object per line."
        ) from error
    except json.JSONDecodeError as error:
        raise SourceError(
            f"{content.name} is damaged JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
            "It may still be being written, or was cut; JSON Lines survive that.",
        ) from error
    except ValueError as error:
        raise SourceError(f"{content.name} is damaged JSON ({error}).", "Check its encoding; JSON is UTF-8.") from error
    if is_trainer_state(document):
        return replace(
            table_of_runs([run_of_trainer(document, content.name)]),
            lines=LineCounts(record=data.count(b"\n") + (not data.endswith(b"\n"))),
            shaped=True,
        )
    found = _find(content.name, document)
    frame, ledger = frame_of_records(found.records)
    if frame.width == 0:
        raise SourceError(f"{content.name} holds records without any value.", "The sweep may not have written yet.")
    entries = []
    if found.outside:
        names = ", ".join(safe(key, 80) for key in found.outside[:6]) + (", …" if len(found.outside) > 6 else "")
        entries.append(Entry("outside", f"not part of any record, left out: {names}", count=len(found.outside)))
    if found.refused:
        message = f"{found.refused:,} elements of the list are no objects"
        entries.append(Entry("refused_record", message, count=found.refused))
    newline = data.count(b"\n") + (0 if data.endswith(b"\n") or not data else 1)
    lines = LineCounts(record=newline)
    return Table(frame, ledger_frame(entries, [ledger]), lines, hints=RoleHints(id=found.id or None))


def _find(name: str, document: object) -> _Records:
    """Tell what in the document are the records."""
    if isinstance(document, list):
        return _of_list(name, document)
    if not isinstance(document, dict):
        raise SourceError(f"{name} holds a single JSON value, not a table.", "Name the sweep's results file.")
    for shape in _SHAPES:
        found = shape(document)
        if found is not None:
            return found
    lists = [key for key, value in document.items() if _depth(value) > 1]
    if lists and not any(isinstance(v, (int, float, str)) for k, v in document.items() if k not in lists):
        raise SourceError(
            f"{name}: {safe(lists[0], 80)} holds lists within lists, whose values have no names.", _NAMES_HINT
        )
    if not document:
        raise SourceError(f"{name} holds an empty JSON object.", "The sweep may not have written anything yet.")
    return _Records([document])


_NAMES_HINT = 'A table of trials needs names: write objects such as {"lr": 0.1, "val_loss": 0.3}.'


def _of_list(name: str, document: list[object], id_: str = "", outside: tuple[str, ...] = ()) -> _Records:
    records = [value for value in document if isinstance(value, dict)]
    if records:
        return _Records(records, id_, outside, len(document) - len(records))
    if not document:
        raise SourceError(f"{name} holds an empty list.", "The sweep may not have written anything yet.")
    depth = _depth(document)
    if depth > 1:
        shape = " x ".join(str(size) for size in _sizes(document))
        raise SourceError(
            f"{name} holds nested lists {depth} levels deep ({shape}), whose values have no names.", _NAMES_HINT
        )
    raise SourceError(f"{name} holds a list of {len(document):,} bare values, not of records.", _NAMES_HINT)


def _list_inside(document: Mapping[str, object]) -> _Records | None:
    if any(isinstance(document.get(key), dict) for key in _SETTINGS_KEYS):
        return None  # one trial, whose results happen to be a list
    for key in _LIST_KEYS:
        value = document.get(key)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return _of_list(key, value, outside=tuple(k for k in document if k != key))
        if isinstance(value, dict) and key in ("trials", "runs", "results", "experiments"):
            inner = _by_id(value)
            if inner is not None:
                return _Records(inner.records, inner.id, tuple(k for k in document if k != key))
    return None


def _split(document: Mapping[str, object]) -> _Records | None:
    """Take what pandas writes with orient="split"."""
    names, rows = document.get("columns"), document.get("data")
    if not (
        isinstance(names, list)
        and isinstance(rows, list)
        and set(document) <= _SPLIT | {"index", "index_names", "column_names"}
    ):
        return None
    if not rows or not all(isinstance(row, list) and len(row) == len(names) for row in rows):
        return None
    return _Records([dict(zip(map(str, names), row, strict=True)) for row in rows])


def _columns(document: Mapping[str, object]) -> _Records | None:
    """Take columns by name: lists of one length, or objects whose keys are row numbers (pandas' default)."""
    values = list(document.values())
    if not values:
        return None
    if all(isinstance(v, list) and not (v and isinstance(v[0], list)) for v in values):
        lengths = {len(v) for v in values if isinstance(v, list)}
        if len(lengths) == 1 and lengths != {0} and len(values) > 1:
            rows = zip(*values, strict=True)
            return _Records([dict(zip(document, row, strict=True)) for row in rows])
    keys = list(values[0]) if isinstance(values[0], dict) else []
    if keys and all(key.isdigit() for key in keys) and all(isinstance(v, dict) and list(v) == keys for v in values):
        return _Records([{name: column[key] for name, column in document.items()} for key in keys])  # type: ignore[index]
    return None


def _by_id(document: Mapping[str, object]) -> _Records | None:
    """Take objects by id; at least two of them that share names, or a single record's sections would be torn apart."""
    values = [value for value in document.values() if isinstance(value, dict)]
    if len(values) < 2 or len(values) < len(document):
        return None
    shared = set(values[0]).intersection(*values[1:])
    widest = max(len(value) for value in values)
    if not shared or (len(values) < 4 and len(shared) < widest / 2):
        return None
    id_ = unique("id", {key for value in values for key in value})
    return _Records([{id_: key, **value} for key, value in zip(document, values, strict=True)], id_)


def _numbers_by_name(document: Mapping[str, object]) -> _Records | None:
    """Take numbers by name where the names are built alike, as `d=96_l=8: 2.7, d=96_l=12: 2.6`."""
    if len(document) < _FEWEST_NAMES or any(type(v) not in (int, float) for v in document.values()):
        return None
    skeletons = [re.sub(r"[\d.]+(e-?\d+)?", "#", key) for key in document]
    common = max(skeletons, key=skeletons.count)
    if "#" not in common or skeletons.count(common) < len(skeletons) / 2:
        return None
    parts = parts_of_names(list(document))
    return _Records(
        [
            {
                "name": key,
                **{name: values[row] for name, values in parts.items() if name not in ("name", "value")},
                "value": value,
            }
            for row, (key, value) in enumerate(document.items())
        ],
        "name",
    )


_SHAPES: tuple[Callable[[Mapping[str, object]], _Records | None], ...] = (
    _list_inside, _split, _columns, _by_id, _numbers_by_name,
)  # fmt: skip


def _depth(value: object) -> int:
    depth = 0
    while isinstance(value, list):
        depth += 1
        value = value[0] if value else None
    return depth


def _sizes(value: object) -> list[int]:
    sizes: list[int] = []
    while isinstance(value, list):
        sizes.append(len(value))
        value = value[0] if value else None
    return sizes


READER = Reader("json", "JSON documents (.json): a list of objects, or objects by id", 40, claims, read_table)
