"""payload(): exactly what a model would be told of a sweep, as bytes that stay the same while the sweep does.

Sent are counts, rates, ranges and the values of columns whose role is id, status, hyperparameter, metric, resource,
seed or environment. Never sent: columns of free text, times, ignored columns and their names, paths, the ledger's
cells, decisions' notes, and columns named like a secret. Where a detector quotes a text as evidence, an error message
is sent redacted and cut, anything else (a comment, a note) is left out. Every string is data: it travels inside one
JSON document, without control characters, cut to a fixed length.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from hpi_core.chat.evidence import Evidence, Record
from hpi_core.chat.redaction import is_secret_name, redact
from hpi_core.text import safe

SCHEMA = "hpi.chat/1"
CAPS = {
    "issues": 20, "causes": 15, "leads": 10, "buckets": 40, "best": 5, "would_rank_higher": 5, "recommendations": 10,
    "explained": 10, "hyperparameters": 40, "metrics": 20, "trials": 8, "skipped": 30, "caveats": 12,
}  # fmt: skip
LONGEST = {"caveats": 400, "text": 300, "reason": 300, "evidence": 200}
STRING = 120
QUOTED, SHORTEST_QUOTED = 16, 4  # characters by which a quoted cell is recognised
_ERROR_COLUMN = re.compile(r"(?i)err|exception|traceback|stderr|message|reason|fail|exit")
RESULT = 12_000  # characters of one tool result

_CAUSE = (
    "text", "parameter", "issue", "kind", "low", "high", "values", "n", "sick", "rate", "rate_low", "rate_high",
    "elsewhere_n", "elsewhere_sick", "rate_elsewhere", "ratio", "ratio_low", "ratio_high", "share", "threshold_low",
    "threshold_high", "q", "strength", "environment", "adjusted_for", "inseparable", "trials",
)  # fmt: skip
_BUCKET = (
    "parameter", "issue", "low", "high", "values", "missing", "n", "sick", "rate", "rate_low", "rate_high"
)  # fmt: skip
_LEAD = (
    "text", "parameter", "issue", "low", "high", "values", "n", "sick", "elsewhere_n", "elsewhere_sick", "p", "needs"
)  # fmt: skip
_ISSUE = (
    "issue", "title", "severity", "scope", "assessable", "count", "rate", "rate_low", "rate_high", "diagnostic",
    "evidence", "trials",
)  # fmt: skip
_RECOMMENDATION = ("text", "reason", "because", "parameter", "from", "to", "confidence")


def payload(evidence: Evidence) -> str:
    """Return what is sent of a sweep: one JSON document, sorted, ASCII, free of `<`."""
    return as_sent(document(evidence))


def document(evidence: Evidence) -> dict[str, Any]:
    """Return the same before it is written as text."""
    summary, roles = evidence.summary, evidence.summary["roles"]
    source = summary["source"]
    paired = {(entry["parameter"], entry["issue"]) for name in ("causes", "leads") for entry in summary[name]}
    buckets = [pair for pair in evidence.labelled("B") if (pair[1]["parameter"], pair[1]["issue"]) in paired]
    hyperparameters = [entry for entry in roles["hyperparameters"] if not is_secret_name(entry["name"])]
    sent = cleaned(
        {
            "schema": SCHEMA,
            "source": {name: source.get(name) for name in ("kind", "name", "rows", "repaired", "refused")},
            "curves": bool(source.get("curves")),
            "objective": roles["objective"],
            "hyperparameters": hyperparameters[: CAPS["hyperparameters"]],
            "metrics": roles["metrics"][: CAPS["metrics"]],
            "environment": roles["environment"],
            "trials": summary["trials"],
            "issues": _labelled(evidence, "I", _ISSUE),
            "causes": _labelled(evidence, "C", _CAUSE),
            "leads": _labelled(evidence, "L", _LEAD),
            "buckets": [_entry(evidence, label, entry, _BUCKET) for label, entry in buckets[: CAPS["buckets"]]],
            "recommendations": _labelled(evidence, "R", _RECOMMENDATION),
            "best": [_ranked(evidence, entry) for entry in summary["best"][: CAPS["best"]]],
            "would_rank_higher": [
                _ranked(evidence, entry) for entry in summary.get("would_rank_higher", [])[: CAPS["would_rank_higher"]]
            ],
            "explained": list(summary.get("explained", []))[: CAPS["explained"]],
            "not_run": _not_run(summary),
            "decisions": summary["triage"],
            "caveats": list(summary["caveats"])[: CAPS["caveats"]],
        }
    )
    return _unnamed(evidence, sent)


def tool_result(evidence: Evidence, result: Mapping[str, Any]) -> str:
    """Return a tool's answer as it is sent; one that is too long is replaced by saying so."""
    if isinstance(result.get("issues"), list) and (row := evidence.row(str(result.get("cite")))) is not None:
        issues = [
            {**issue, "evidence": _without_notes(evidence, issue["evidence"], [row])} for issue in result["issues"]
        ]
        result = {**result, "issues": issues}
    text = as_sent(_unnamed(evidence, cleaned(result)))
    if len(text) <= RESULT:
        return text
    return as_sent({"truncated": True, "error": "the result is too long to be sent", "characters": len(text)})


def cleaned(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return JSON-like data fit to leave: redacted, one line per string, cut, without columns named like a secret."""
    return {
        safe(redact(str(name)), STRING): _clean(item, str(name))
        for name, item in value.items()
        if not (is_secret_name(str(name)) and isinstance(item, str | int | float))
    }


def _unnamed(evidence: Evidence, sent: dict[str, Any]) -> dict[str, Any]:
    """Return data without the names of columns named like a secret, wherever a sentence speaks of one."""
    names = sorted((name for name in evidence.inspection.sweep.trials.columns if is_secret_name(name)), key=len)
    if not names:
        return sent
    spoken = re.compile("|".join(re.escape(safe(name, STRING)) for name in reversed(names)))

    def clean(value: object) -> object:
        if isinstance(value, str):
            return spoken.sub("(a column that is not sent)", value)
        if isinstance(value, Mapping):
            return {name: clean(item) for name, item in value.items()}
        return [clean(item) for item in value] if isinstance(value, list) else value

    return cast(dict[str, Any], clean(sent))


def as_sent(value: Mapping[str, Any]) -> str:
    """Write data as one line of JSON that no text inside it can break out of."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\x7f", "\\u007f")


def _clean(value: object, name: str) -> object:
    if isinstance(value, str):
        return safe(redact(value[:2000], name), LONGEST.get(name, STRING))
    if isinstance(value, Mapping):
        column = value.get("parameter") or value.get("column")
        if isinstance(column, str) and is_secret_name(column):
            return {key: value[key] for key in ("cite", "n", "sick") if key in value}
        return cleaned(value)
    if isinstance(value, list | tuple):
        return [_clean(item, name) for item in value]
    return value


def _labelled(evidence: Evidence, kind: str, fields: tuple[str, ...]) -> list[dict[str, Any]]:
    entries = list(evidence.labelled(kind))[: CAPS[_LIST[kind]]]
    return [_entry(evidence, label, entry, fields) for label, entry in entries]


_LIST = {"I": "issues", "C": "causes", "L": "leads", "R": "recommendations"}


def _entry(evidence: Evidence, label: str, entry: Record, fields: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of an entry that say something, its trials as labels."""
    kept = {name: entry[name] for name in fields if entry.get(name) not in (None, [], "")}
    if "evidence" in kept:
        rows = [row for trial in entry.get("trials", []) if (row := evidence.row(str(trial))) is not None]
        kept["evidence"] = _without_notes(evidence, kept["evidence"], rows)
    if "trials" in kept:
        labels = [evidence.label_of_id(trial) for trial in kept["trials"][: CAPS["trials"]]]
        kept["trials"] = [known for known in labels if known]
    return {"cite": label, **kept}


def _without_notes(evidence: Evidence, text: str | None, rows: list[int]) -> str:
    """Return what a detector says of these trials without the cells of text columns it quotes, errors excepted."""
    sweep = evidence.inspection.sweep
    said = text or ""
    for name in sweep.roles.text:
        if _ERROR_COLUMN.search(name):
            continue
        for value in sweep.trials[name].gather(rows).to_list() if rows else []:
            cell = "" if value is None else str(value).strip()
            start = said.find(cell[:QUOTED]) if len(cell) >= SHORTEST_QUOTED else -1
            if start >= 0:
                said = f"{said[:start]}(a text that is not sent)"
    return said


def _ranked(evidence: Evidence, entry: Record) -> dict[str, Any]:
    rest = {name: value for name, value in entry.items() if name != "trial"}
    return {"cite": evidence.label_of_id(entry["trial"]), **rest}


def _not_run(summary: Record) -> list[dict[str, str]]:
    rows = [row for row in summary["coverage"] if row["state"] != "ran"]
    return [{"detector": row["detector"], "reason": row["reason"]} for row in rows[: CAPS["skipped"]]]
