"""What sick trials share and what to do about it: causes with their evidence, leads, recommendations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpi_core.numerals import chance, number, percent, plural, typeset
from hpi_core.report.markdown_text import code, prose, table

EXAMPLES = 5
LEADS = 6
_CONFIDENCE = (
    "Confidence is the strength of the pathology a recommendation rests on; *observed* means that it rests on findings "
    "alone, without a range to blame."
)


def short_cause(cause: Mapping[str, Any]) -> str:
    """Return a cause in half a line: range, issue, both rates with counts, strength."""
    return (
        f"{code(typeset(cause['text']))}: {cause['sick']:,} of {cause['n']:,} {code(cause['issue'])} "
        f"({percent(cause['rate'])}), elsewhere {percent(cause['rate_elsewhere'])}; {cause['strength']}"
    )


def pathologies(summary: Mapping[str, Any]) -> list[str]:
    """Return the section on ranges and values whose issue rate is higher beyond chance, then the leads."""
    lines, causes = ["## Hyperparameter Pathologies", ""], summary["causes"]
    titles = {issue["issue"]: issue["title"] for issue in summary["issues"]}
    if not causes:
        lines.append("No range or value was found whose issue rate is higher beyond chance.")
    for place, cause in enumerate(causes, start=1):
        lines += _pathology(place, cause, titles)
    if lines[-1] == "":
        lines.pop()
    return lines + _more(summary) + _explained(summary) + _leads(summary)


def _pathology(place: int, cause: Mapping[str, Any], titles: Mapping[str, str]) -> list[str]:
    named = ", ".join(code(trial) for trial in cause["trials"][:EXAMPLES])
    more = ", …" if cause["sick"] > EXAMPLES else ""
    strata = ", ".join(code(name) for name in cause["adjusted_for"])
    rows = [
        ["range", code(typeset(cause["text"]))],
        ["sick inside", f"{cause['sick']:,} of {cause['n']:,}"],
        ["rate inside", f"{percent(cause['rate'])} ({percent(cause['rate_low'])} to {percent(cause['rate_high'])})"],
        [
            "rate elsewhere",
            f"{percent(cause['rate_elsewhere'])} ({cause['elsewhere_sick']:,} of {cause['elsewhere_n']:,})",
        ],
        _contrast(cause),
        ["q, corrected for every comparison", chance(cause["q"]).removeprefix("= ")],
        ["trials", named + more],
    ]
    if strata:
        rows.insert(-1, ["adjusted for", strata])
    for one in reversed(cause["thresholds"]):
        named = "threshold" if len(cause["thresholds"]) == 1 else f"{'lower' if one['end'] == 'low' else 'upper'} end"
        unsure = "" if one["located"] else ", not located by the data"
        rows.insert(1, [named, f"{number(one['low'])} to {number(one['high'])}{unsure}"])
    title = f"### {place}. {prose(typeset(cause['text']))}: {prose(cause['issue'])} ({cause['strength']})"
    headings = ["evidence", "value (95 % interval)"]
    return [title, "", _explanation(cause, titles), "", *table(headings, rows), ""]


def _contrast(cause: Mapping[str, Any]) -> list[str]:
    """Return the ratio of the rates, or their difference where a ratio has no bounds or they leave 1 in."""
    if cause["elsewhere_sick"] and cause["ratio_low"] > 1:
        return [
            "ratio",
            f"{number(cause['ratio'], 3)} ({number(cause['ratio_low'], 3)} to {number(cause['ratio_high'], 3)})",
        ]
    low, high = (f"{100 * min(1.0, cause[f'difference_{end}']):.0f}" for end in ("low", "high"))
    return ["difference of the rates", f"{100 * cause['difference']:.0f} points ({low} to {high})"]


def _explanation(cause: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    meaning = titles.get(cause["issue"], "")
    said = (
        f"{percent(cause['rate'])} of the judged trials with {code(typeset(cause['text']))} have {code(cause['issue'])}"
        f"{f' ({prose(meaning)})' if meaning else ''}, against {percent(cause['rate_elsewhere'])} of the others; that "
        f"accounts for about {percent(cause['share'])} of the trials with this issue."
    )
    if cause["environment"]:
        said += f" {code(cause['parameter'])} tells where a trial ran; it is not a setting to tune."
    if cause["inseparable"]:
        said += f" It cannot be told apart from {', '.join(code(name) for name in cause['inseparable'])}."
    return said


def _more(summary: Mapping[str, Any]) -> list[str]:
    left_out = summary["omitted"].get("causes", 0)
    return ["", f"{left_out:,} more are in `hpi inspect --all`."] if left_out else []


def _explained(summary: Mapping[str, Any]) -> list[str]:
    """Return the parameters that go with an issue only because another one does."""
    if not summary["explained"]:
        return []
    lines = [
        f"- {code(other['parameter'])}, {code(other['issue'])}: {prose(other['relation'])} {code(other['other'])}"
        for other in summary["explained"][:LEADS]
    ]
    return ["", "Associated as well, but accounted for:", "", *lines]


def _leads(summary: Mapping[str, Any]) -> list[str]:
    leads = summary["leads"]
    if not leads:
        return []
    lines = [
        f"- {code(typeset(lead['text']))}: {lead['sick']:,} of {lead['n']:,} {code(lead['issue'])}, elsewhere "
        f"{lead['elsewhere_sick']:,} of {lead['elsewhere_n']:,} (p {chance(lead['p'])}; about "
        f"{plural(lead['needs'], 'more trial')} would decide)"
        for lead in leads[:LEADS]
    ]
    return ["", "Too few trials for a claim; look here first:", "", *lines]


def recommendations(summary: Mapping[str, Any]) -> list[str]:
    """Return the section on what to do: what, which values, why, how sure, and what it rests on."""
    lines, items = ["## Recommendations", "", *_diagnoses(summary)], summary["recommendations"]
    if not items:
        return [*lines, "None: nothing was found that a recommendation could rest on."]
    lines += [_CONFIDENCE, ""]
    for item in items:
        basis = _basis(item["because"])
        lines.append(f"- **{item['id']}. {prose(typeset(item['text']))}**")
        if item["to"] is not None and item["from"] is not None:
            change = f"{code(item['parameter'])} from {code(item['from'])} to {code(item['to'])}"
            lines.append(f"  - Change: {change}{_cautious(item, summary['causes'])}.")
        lines.append(f"  - Why: {prose(typeset(item['reason']))}")
        lines.append(f"  - Confidence: {item['confidence']}; rests on {basis}.")
    return lines


def _diagnoses(summary: Mapping[str, Any]) -> list[str]:
    """Return what causes and curves mean together, as a list before what to do."""
    if not summary["diagnoses"]:
        return []
    told = [
        f"- {prose(one['text'][:1].upper() + one['text'][1:])}. {prose(typeset(one['reason']))}"
        for one in summary["diagnoses"]
    ]
    return ["What the findings mean together:", "", *told, ""]


def _cautious(item: Mapping[str, Any], causes: list[Any]) -> str:
    """Return where the value comes from, where it is an end of the interval in which a threshold lies."""
    for reference in item["because"]:
        kind, _colon, place = reference.partition(":")
        cause = causes[int(place)] if kind == "cause" and int(place) < len(causes) else None
        if cause is None or cause["threshold_low"] is None or cause["threshold_high"] is None:
            continue
        low, high = number(cause["threshold_low"]), number(cause["threshold_high"])
        if item["to"] in (f"≤ {low}", f"> {high}"):
            return f", the cautious end of where the threshold lies ({low} to {high})"
    return ""


def _basis(references: list[str]) -> str:
    """Return what a recommendation rests on: `pathologies 3, 5`, or the issue."""
    places = [int(reference.partition(":")[2]) + 1 for reference in references if reference.startswith("cause:")]
    issues = [code(reference.partition(":")[2]) for reference in references if not reference.startswith("cause:")]
    told = [f"{'pathology' if len(places) == 1 else 'pathologies'} {', '.join(map(str, places))}"] if places else []
    return ", ".join([*told, *issues])
