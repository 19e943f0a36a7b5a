"""What stands at a citation, for whoever wants to see it before going there: glimpse() in a line, details() in rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hpi_core.chat.evidence import Evidence, Record
from hpi_core.chat.tools import tools
from hpi_core.numerals import chance, number, percent, plural, typeset
from hpi_core.text import safe


def glimpse(evidence: Evidence, label: str) -> str:
    """Return what a label (`C1`, without brackets) stands for; empty where it stands for nothing."""
    if label[:1] == "T":
        return _trial(evidence, label) if evidence.knows(label) else ""
    record = evidence.record(label)
    return "" if record is None else _RECORDS[label[0]](record)


def details(evidence: Evidence, label: str) -> list[tuple[str, str]]:
    """Return what a label stands for as rows of a name and what it is; the first row has no name but the words."""
    if label[:1] == "T":
        return _trial_rows(evidence, label) if evidence.knows(label) else []
    record = evidence.record(label)
    if record is None:
        return []
    if label[0] not in "CLB":
        return [("", glimpse(evidence, label))]
    where = _where(record) if label[0] == "B" else safe(typeset(record["text"]), 80)
    rows = [("", where), ("issue", str(record["issue"]))]
    rows.append(("here", f"{record['sick']:,} of {record['n']:,}  {_interval(record, 'rate', percent)}".rstrip()))
    if "elsewhere_n" in record:
        rate = percent(record["rate_elsewhere"]) if record.get("rate_elsewhere") is not None else ""
        rows.append(("elsewhere", f"{record['elsewhere_sick']:,} of {record['elsewhere_n']:,}  {rate}".rstrip()))
    if record.get("ratio") is not None:
        rows.append(("ratio", _interval(record, "ratio", _ratio)))
    if record.get("threshold_low") is not None:
        rows.append(("threshold", f"{number(record['threshold_low'])} to {number(record['threshold_high'])}"))
    if record.get("q") is not None:
        rows.append(("q", f"{chance(record['q']).removeprefix('= ')}  {record.get('strength') or ''}".rstrip()))
    if record.get("adjusted_for"):
        rows.append(("given", ", ".join(safe(name, 40) for name in record["adjusted_for"])))
    return rows


def pair_of(evidence: Evidence, label: str) -> tuple[str, str] | None:
    """Return the parameter and the issue a label speaks of, None where it speaks of no such pair."""
    record = evidence.record(label)
    if record is None:
        return None
    if label[0] == "R":
        causes = [str(reason).partition(":") for reason in record["because"]]
        place = next((int(at) for kind, _, at in causes if kind == "cause" and at.isdigit()), None)
        record = None if place is None else evidence.record(f"C{place + 1}")
    if record is None or not record.get("parameter") or not record.get("issue"):
        return None
    return str(record["parameter"]), str(record["issue"])


def _trial(evidence: Evidence, label: str) -> str:
    facts = tools()["trial"].run(evidence, label)
    said = f"trial {safe(facts['trial'], 40)}, {safe(facts['status'])}"
    issues = [f"{issue['issue']}: {safe(issue['evidence'], 120)}" for issue in facts["issues"][:3]]
    if issues:
        return f"{said}  {'; '.join(issues)}"
    rank = f", rank {facts['rank']:,} of {facts['ranked']:,}" if facts["rank"] else ""
    return f"{said}{rank}  nothing stands against it"


def _trial_rows(evidence: Evidence, label: str) -> list[tuple[str, str]]:
    facts = tools()["trial"].run(evidence, label)
    rank = f", rank {facts['rank']:,} of {facts['ranked']:,}" if facts["rank"] else ""
    rows = [("", f"trial {safe(facts['trial'], 40)}, {safe(facts['status'])}{rank}")]
    rows += [(str(issue["issue"]), safe(issue["evidence"], 120)) for issue in facts["issues"][:4]]
    if facts["causes"]:
        rows.append(("shares", " ".join(f"[{cause}]" for cause in facts["causes"][:6])))
    values = [*facts.get("metrics", {}).items(), *facts.get("configuration", {}).items()]
    return rows + [(safe(name, 24), _value(value)) for name, value in values[:12]]


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return safe(value.get("nonfinite", "nan"))
    return number(value, 6) if isinstance(value, float | int) and not isinstance(value, bool) else safe(value, 40)


def _interval(record: Record, name: str, write: Callable[[Any], str]) -> str:
    """Write a value and its interval: `47 %  28–60 %`."""
    if record.get(name) is None:
        return ""
    low, high = write(record[f"{name}_low"]), write(record[f"{name}_high"])
    return f"{write(record[name])}  {low.removesuffix(' %')}–{high}"


def _ratio(value: float | None) -> str:
    return f"×{number(value, 3)}"


def _cause(record: Record) -> str:
    return (
        f"{safe(typeset(record['text']), 80)} → {record['issue']}  {_counts(record)}, elsewhere "
        f"{record['elsewhere_sick']:,} of {record['elsewhere_n']:,}, q {chance(record['q'])}, {record['strength']}"
    )


def _lead(record: Record) -> str:
    return (
        f"{safe(typeset(record['text']), 80)} → {record['issue']}  a lead, not a claim: "
        f"{record['sick']:,} of {record['n']:,}, elsewhere {record['elsewhere_sick']:,} of {record['elsewhere_n']:,}"
    )


def _bucket(record: Record) -> str:
    return f"{_where(record)} → {record['issue']}  {_counts(record)}"


def _where(record: Record) -> str:
    """Return which trials are in a bucket."""
    name = safe(record["parameter"], 40)
    if record["missing"]:
        return f"{name} without a value"
    if record["values"]:
        return f"{name} {', '.join(safe(value, 40) for value in record['values'])}"
    return f"{name} {number(record['low'])} to {number(record['high'])}"


def _issue(record: Record) -> str:
    rate = "" if record["scope"] != "trial" else f"  {record['count']:,} of {plural(record['assessable'], 'trial')}"
    return f"{record['issue']}, {record['severity']}{rate}  {safe(record['title'], 120)}"


def _recommendation(record: Record) -> str:
    return f"{safe(typeset(record['text']), 200)}  {safe(record.get('reason') or '', 200)}".rstrip()


def _counts(record: Record) -> str:
    return (
        f"{record['sick']:,} of {record['n']:,} ({percent(record['rate'])}, 95 % interval "
        f"{percent(record['rate_low'])} to {percent(record['rate_high'])})"
    )


_RECORDS = {"C": _cause, "L": _lead, "B": _bucket, "I": _issue, "R": _recommendation}
