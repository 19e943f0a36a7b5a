"""glimpse(): what stands at a citation, in a line or two, for whoever wants to see it before going there."""

from __future__ import annotations

from hpi_core.chat.evidence import Evidence, Record
from hpi_core.chat.tools import tools
from hpi_core.numerals import chance, number, percent, plural
from hpi_core.text import safe


def glimpse(evidence: Evidence, label: str) -> str:
    """Return what a label (`C1`, without brackets) stands for; empty where it stands for nothing."""
    if label[:1] == "T":
        return _trial(evidence, label) if evidence.knows(label) else ""
    record = evidence.record(label)
    return "" if record is None else _RECORDS[label[0]](record)


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


def _cause(record: Record) -> str:
    return (
        f"{safe(record['text'], 80)} → {record['issue']}  {_counts(record)}, elsewhere "
        f"{record['elsewhere_sick']:,} of {record['elsewhere_n']:,}, q {chance(record['q'])}, {record['strength']}"
    )


def _lead(record: Record) -> str:
    return (
        f"{safe(record['text'], 80)} → {record['issue']}  a lead, not a claim: {record['sick']:,} of {record['n']:,}, "
        f"elsewhere {record['elsewhere_sick']:,} of {record['elsewhere_n']:,}"
    )


def _bucket(record: Record) -> str:
    if record["missing"]:
        where = "without a value"
    elif record["values"]:
        where = ", ".join(safe(value, 40) for value in record["values"])
    else:
        where = f"{number(record['low'])} to {number(record['high'])}"
    return f"{safe(record['parameter'], 40)} {where} → {record['issue']}  {_counts(record)}"


def _issue(record: Record) -> str:
    rate = "" if record["scope"] != "trial" else f"  {record['count']:,} of {plural(record['assessable'], 'trial')}"
    return f"{record['issue']}, {record['severity']}{rate}  {safe(record['title'], 120)}"


def _recommendation(record: Record) -> str:
    return f"{safe(record['text'], 200)}  {safe(record.get('reason') or '', 200)}".rstrip()


def _counts(record: Record) -> str:
    return (
        f"{record['sick']:,} of {record['n']:,} ({percent(record['rate'])}, 95 % interval "
        f"{percent(record['rate_low'])} to {percent(record['rate_high'])})"
    )


_RECORDS = {"C": _cause, "L": _lead, "B": _bucket, "I": _issue, "R": _recommendation}
