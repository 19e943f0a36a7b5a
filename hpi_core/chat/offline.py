"""answer(): the chat's commands, answered here from the evidence alone: no model, no key, no network.

Every statement ends with the label of the place it stands at, so that it can be jumped to and checked like a model's.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from hpi_core.chat.commands import FORMS, parse
from hpi_core.chat.evidence import Evidence, Record
from hpi_core.chat.payload import document
from hpi_core.chat.printable import printable
from hpi_core.chat.tools import tools
from hpi_core.chat.verifier import Verified, verify
from hpi_core.next_experiment import Row, plan_next
from hpi_core.numerals import chance, number, percent, plural, typeset
from hpi_core.text import safe

SHOWN = 12
NAMED = 6


def answer(evidence: Evidence, command: str) -> Verified:
    """Answer a `/command`; the text is printable and its numbers are checked.

    Raises:
        UsageError: no such command, trial or pair; the hint says what there is.
    """
    name, arguments = parse(command)
    text = printable("\n".join(_ANSWERS[name](evidence, *arguments)))
    if name in ("payload", "help"):
        return Verified(text)
    verified = verify(text, evidence)
    # The plan of the next sweep holds numbers of its own, computed here; there is nothing to check them against.
    return Verified(text, citations=verified.citations) if name == "next" else verified


def _why(evidence: Evidence, trial: str) -> list[str]:
    facts = tools()["trial"].run(evidence, trial)
    cite, objective = facts["cite"], evidence.summary["roles"]["objective"]
    at = f"[{cite}]"
    issues = facts["issues"]
    lines = [_verdict(facts, at)]
    for issue in issues:
        where = f" [{issue['cite']}]" if issue["cite"] else ""
        note = "" if issue["diagnostic"] else " (found on the best trials too: not counted)"
        lines.append(f"- {issue['severity']} {issue['issue']}: {safe(issue['evidence'], 200)} {at}{where}{note}")
    if advice := list(dict.fromkeys(issue["advice"] for issue in issues if issue["advice"])):
        lines += [f"What to do: {safe(item, 200)} {at}" for item in advice[:3]]
    for label in facts["causes"]:
        cause = evidence.record(label)
        if cause is not None:
            lines.append(f"It shares {safe(typeset(cause['text']))} with others: {_cause_counts(cause)} [{label}]")
    if objective is not None and objective["metric"] in facts.get("metrics", {}):
        lines.append(f"{safe(objective['metric'])} {_value(facts['metrics'][objective['metric']])} {at}")
    configuration = ", ".join(f"{safe(name)} {_value(value)}" for name, value in _first(facts.get("configuration", {})))
    if configuration:
        lines.append(f"Configuration: {configuration} {at}")
    return lines


def _verdict(facts: Record, at: str) -> str:
    status = "" if facts["status"] == "unknown" else f" ({safe(facts['status'])})"
    trial = f"Trial {safe(facts['trial'])}{status}"
    if facts["sick"]:
        return f"{trial} is sick: {plural(facts['n'], 'finding')} {at}"
    if facts["incomplete"]:
        return f"{trial} was cut off while being written; it is not judged {at}"
    rank = f", rank {facts['rank']:,} of {facts['ranked']:,}" if facts["rank"] else ""
    return f"{trial}: nothing that makes it sick was found{rank} {at}"


def _best(evidence: Evidence) -> list[str]:
    summary = evidence.summary
    objective = summary["roles"]["objective"]
    if objective is None:
        return ["No trial can be ranked: the objective or its direction is not known (--objective, --minimize)."]
    if not summary["best"]:
        return ["No healthy finished trial has a finite objective."]
    better = "low" if objective["direction"] == "min" else "high"
    lines = [f"The best healthy trials by {safe(objective['metric'])} ({better} is better):"]
    if (group := summary["roles"].get("group")) is not None:
        lines.insert(0, f"The source mixes several {safe(group)}, whose results cannot be compared with one another.")
    for entry in summary["best"][:SHOWN]:
        label = evidence.label_of_id(entry["trial"])
        known = {name: value for name, value in entry["configuration"].items() if value is not None}
        configuration = ", ".join(f"{safe(name)} {_short(value)}" for name, value in _first(known))
        runs = f" (mean of {entry['runs']} runs)" if "runs" in entry else ""
        own = f" in {safe(str(entry['group']))}" if "group" in entry else ""
        lines.append(f"- {_short(entry['value'])}{runs}{own}: {configuration}{_cite(label)}")
    for entry in summary.get("would_rank_higher", [])[:NAMED]:
        issues = ", ".join(entry["issues"])
        label = evidence.label_of_id(entry["trial"])
        lines.append(f"- would rank higher, but is sick ({issues}): {_short(entry['value'])}{_cite(label)}")
    return lines


def _causes(evidence: Evidence) -> list[str]:
    lines = [
        f"- {safe(typeset(cause['text']))} → {cause['issue']} ({cause['strength']}): {_cause_counts(cause)} [{label}]"
        for label, cause in list(evidence.labelled("C"))[:SHOWN]
    ]
    if lines:
        return ["Associations beyond chance, strongest first:", *lines, *_more(evidence, "causes")]
    leads = list(evidence.labelled("L"))[:SHOWN]
    if not leads:
        return ["No cause was found beyond chance, and no lead.", *_caveats(evidence)]
    return [
        "No cause can be claimed. Where to look first (counts, not claims):",
        *(
            f"- {safe(typeset(lead['text']))} → {lead['issue']}: {lead['sick']:,} of {lead['n']:,} sick, elsewhere "
            f"{lead['elsewhere_sick']:,} of {lead['elsewhere_n']:,}; about {lead['needs']:,} more trials would tell "
            f"[{label}]"
            for label, lead in leads
        ),
    ]


def _cause_counts(cause: Record) -> str:
    return (
        f"{cause['sick']:,} of {cause['n']:,} ({percent(cause['rate'])}, 95 % interval {percent(cause['rate_low'])} to "
        f"{percent(cause['rate_high'])}), elsewhere {cause['elsewhere_sick']:,} of {cause['elsewhere_n']:,}, "
        f"q {chance(cause['q'])}"
    )


def _issues(evidence: Evidence) -> list[str]:
    trials = evidence.summary["trials"]
    if not evidence.summary["issues"]:
        ran = sum(row["state"] == "ran" for row in evidence.summary["coverage"])
        return [f"No issue was found; {plural(ran, 'detector')} ran on {plural(trials['total'], 'trial')}."]
    lines = [f"{trials['sick']:,} of {trials['total']:,} trials are sick."]
    for label, issue in list(evidence.labelled("I"))[:SHOWN]:
        if issue["scope"] == "sweep":
            lines.append(
                f"- {issue['severity']} {issue['issue']}: {safe(issue['evidence'] or issue['title'], 200)} [{label}]"
            )
            continue
        trial_labels = [evidence.label_of_id(trial) for trial in issue["trials"][:3]]
        example = " ".join(f"[{trial}]" for trial in trial_labels if trial)
        note = "" if issue["diagnostic"] else "; found on the best trials too: not counted"
        lines.append(
            f"- {issue['severity']} {issue['issue']}: {issue['count']:,} of {issue['assessable']:,} assessable trials "
            f"({percent(issue['rate'])}){note} [{label}]; for example {example}"
        )
    return [*lines, *_more(evidence, "issues")]


def _compare(evidence: Evidence, first: str, second: str) -> list[str]:
    found = tools()["compare"].run(evidence, first, second)
    a, b = f"[{found['first']['cite']}]", f"[{found['second']['cite']}]"
    if not found["differing"]:
        lines = [f"{a} and {b} do not differ in any column that is compared."]
    else:
        lines = [f"{a} against {b}; what is not listed is the same:"]
    lines += [
        f"- {safe(column['column'])}: {_value(column['first'])} {a} against {_value(column['second'])} {b}"
        for column in found["differing"]
    ]
    for name, who in (("issues_of_first_only", a), ("issues_of_second_only", b)):
        if found[name]:
            lines.append(f"Only {who} has {', '.join(found[name])}.")
    if found["issues_of_both"]:
        lines.append(f"Both have {', '.join(found['issues_of_both'])}.")
    return lines


def _buckets(evidence: Evidence, parameter: str, issue: str) -> list[str]:
    found = tools()["bucket"].run(evidence, parameter, issue)
    return [
        f"{safe(found['parameter'])} and {found['issue']}, bucket by bucket:",
        *(
            f"- {_range(bucket)}: {bucket['sick']:,} of {bucket['n']:,} ({percent(bucket['rate'])}, 95 % interval "
            f"{percent(bucket['rate_low'])} to {percent(bucket['rate_high'])}) [{bucket['cite']}]"
            for bucket in found["buckets"]
        ),
    ]


def _range(bucket: Record) -> str:
    if bucket["missing"]:
        return "without a value"
    if bucket["values"]:
        return ", ".join(_value(value) for value in bucket["values"])
    return f"{number(bucket['low'])} to {number(bucket['high'])}"


def _next(evidence: Evidence) -> list[str]:
    found = list(evidence.labelled("R"))
    plan = plan_next(evidence.inspection, trials=0, repeats=0)
    rows = [row for row in plan.rows if row.actions != ("keep",)]
    if not found and not rows:
        return ["Nothing to recommend: no cause, no lead and no issue asks for a change.", *_caveats(evidence)]
    lines = []
    for label, entry in found[:SHOWN]:
        lines.append(f"- {safe(typeset(entry['text']), 200)} [{label}]")
        if entry.get("reason"):
            lines.append(f"  {safe(entry['reason'], 300)} [{label}]")
    if rows:
        lines.append("The search space of the next sweep:")
        lines += [line for row in rows[:SHOWN] for line in _row(evidence, row)]
        lines.append("Configurations, and files for other tools: `hpi next SOURCE --format csv` (wandb, optuna, …)")
    return lines


def _row(evidence: Evidence, row: Row) -> list[str]:
    """Return a parameter, now and next, and below it what is done step by step, each with its evidence."""
    to = "as it is" if row.stays else safe(row.recommended, 100)
    lines = [f"- {safe(row.parameter, 80)}: {safe(row.current, 100)} → {to}"]
    for step in row.steps:
        cause = next(
            (label for label, c in evidence.labelled("C") if step.rationale.startswith(f"{typeset(c['text'])}:")), None
        )
        sure = "" if step.confidence == "none" else f" ({step.confidence})"
        lines.append(f"  {step.action}: {safe(step.rationale, 300)}{sure}{_cite(cause)}")
    return lines


def _payload(evidence: Evidence) -> list[str]:
    """Return what would be sent, laid out for reading; the bytes that travel hold the same without line ends."""
    text = json.dumps(document(evidence), indent=1, sort_keys=True, ensure_ascii=False)
    return ["A model would be told this and your questions, and nothing else before it asks a tool:", *text.split("\n")]


def _help(evidence: Evidence) -> list[str]:
    width = max(len(form.usage) for form in FORMS)
    return [
        "Answered here, without a model:",
        *(f"  {form.usage:<{width}}  {form.help}" for form in FORMS),
        "Anything else is a question to the model, once you have allowed it.",
    ]


_ANSWERS: Mapping[str, Callable[..., list[str]]] = {
    "why": _why,
    "best": _best,
    "causes": _causes,
    "issues": _issues,
    "compare": _compare,
    "buckets": _buckets,
    "next": _next,
    "payload": _payload,
    "help": _help,
}


def _first(configuration: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return list(configuration.items())[:SHOWN]


def _value(value: object) -> str:
    """Write a source's value as it is: floats whole, so that it can be found again."""
    if isinstance(value, Mapping):
        return str(value.get("nonfinite", "nan"))
    if isinstance(value, float):
        return repr(value)
    return "–" if value is None else safe(value, 80)


def _short(value: object) -> str:
    """Write a value in five digits, enough to tell trials apart and to be found again."""
    return f"{value:.5g}" if isinstance(value, float) and math.isfinite(value) else _value(value)


def _cite(label: str | None) -> str:
    return f" [{label}]" if label else ""


def _more(evidence: Evidence, name: str) -> list[str]:
    left = len(evidence.summary[name]) - SHOWN + int(evidence.summary["omitted"].get(name, 0))
    return [f"… and more of them: `hpi inspect --all` shows every one of the {name}."] if left > 0 else []


def _caveats(evidence: Evidence) -> list[str]:
    return [safe(caveat, 300) for caveat in evidence.summary["caveats"][:3]]
