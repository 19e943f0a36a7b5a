"""The report in Markdown: from the verdict over the evidence to what to do, each claim with its counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpi_core.numerals import cell, chance, number, percent, plural
from hpi_core.report.contract import Making, ReportFormat
from hpi_core.report.markdown_text import code, prose, table

EXAMPLES = 5
BEST = 5


def render(summary: Mapping[str, Any], making: Making) -> str:
    """Return the whole report."""
    sections = [
        _overview(summary),
        _best(summary),
        _issues(summary),
        _pathologies(summary),
        _recommendations(summary),
        _caveats(summary),
        _made(summary, making),
    ]
    title = f"# Hyperparameter report: {prose(summary['source']['name'])}"
    return "\n".join([title, *("\n" + "\n".join(lines) for lines in sections)]) + "\n"


def _overview(summary: Mapping[str, Any]) -> list[str]:
    trials, issues = summary["trials"], summary["issues"]
    total, sick = trials["total"], trials["sick"]
    ran = [row for row in summary["coverage"] if row["state"] == "ran"]
    if not ran:
        health = "**Nothing could be judged**: no detector had what it needs."
    elif not sick:
        health = f"**No sick trials** among the {total - trials['not_assessable']:,} that could be judged."
    else:
        health = f"**{sick:,} of {plural(total, 'trial')} sick** ({percent(sick / total)})."
    status = ", ".join(f"{count:,} {word}" for word, count in sorted(trials["by_status"].items(), key=lambda i: -i[1]))
    lines = ["## Overview", "", health, "", f"Status: {status}."]
    if summary["roles"]["objective"]:
        objective = summary["roles"]["objective"]
        better = "lower" if objective["direction"] == "min" else "higher"
        lines[-1] += f" Objective: {code(objective['metric'])}, {better} is better ({objective['from']})."
    lines += ["", *_severities(trials, issues), "", *_coverage(summary, ran)]
    return lines


def _severities(trials: Mapping[str, Any], issues: list[Any]) -> list[str]:
    """Return how trials spread over the severities: each sick trial once, by its worst."""
    healthy = trials["total"] - trials["sick"] - trials["not_assessable"]
    counts = [*((word, trials["by_severity"][word]) for word in ("error", "warn")), ("no error or warning", healthy)]
    if trials["not_assessable"]:
        counts.append(("not judged", trials["not_assessable"]))
    kinds = {word: sum(1 for issue in issues if issue["severity"] == word) for word in ("error", "warn")}
    rows = [
        [word, f"{count:,}", percent(count / trials["total"]) if trials["total"] else "–", str(kinds.get(word, "–"))]
        for word, count in counts
    ]
    return table(["worst severity", "trials", "share", "kinds of issue"], rows, right=(1, 2, 3))


def _coverage(summary: Mapping[str, Any], ran: list[Any]) -> list[str]:
    rest = [row for row in summary["coverage"] if row["state"] != "ran"]
    lines = [f"{plural(len(ran), 'detector')} ran: {', '.join(code(row['detector']) for row in ran) or 'none'}."]
    if rest:
        lines += ["", f"{plural(len(rest), 'detector')} could not run:", ""]
        lines += [f"- {code(row['detector'])}: {prose(row['reason'] or row['state'])}" for row in rest]
    return lines


def _best(summary: Mapping[str, Any]) -> list[str]:
    lines, best, objective = ["## Best Configuration", ""], summary["best"], summary["roles"]["objective"]
    if not best or objective is None:
        return [*lines, "No trial can be called best; see the caveats."]
    first = best[0]
    lines += [f"Trial {code(first['trial'])}: {code(objective['metric'])} = {number(first['value'], 6)}.", ""]
    lines += table(
        ["hyperparameter", "value"],
        [[code(name), code(_word(value))] for name, value in first["configuration"].items()],
    )
    if len(best) > 1:
        runners = "; ".join(f"{code(entry['trial'])} {number(entry['value'], 6)}" for entry in best[1:BEST])
        lines += ["", f"Next best: {runners}."]
    lines += ["", "Ranked are healthy, finished trials with a finite objective; sick, pruned and running ones are not."]
    higher = summary["would_rank_higher"]
    if higher:
        named = "; ".join(
            f"{code(entry['trial'])} {number(entry['value'], 6)} ({', '.join(code(i) for i in entry['issues'])})"
            for entry in higher[:BEST]
        )
        lines += ["", f"Excluded although better: {named}."]
    return lines


def _issues(summary: Mapping[str, Any]) -> list[str]:
    lines, issues = ["## Issue Breakdown", ""], summary["issues"]
    if not issues:
        return [*lines, "No issue was found."]
    rows = []
    for issue in issues:
        whole = issue["scope"] == "sweep"
        named = [code(trial) for trial in issue["trials"][:EXAMPLES]]
        if issue["count"] > len(named) and not whole:
            named.append("…")
        of = "sweep" if whole else f"{issue['count']:,} of {issue['assessable']:,}"
        interval = "–" if whole else f"{percent(issue['rate_low'])} to {percent(issue['rate_high'])}"
        rows.append([code(issue["issue"]), issue["severity"], of, percent(issue["rate"]), interval, ", ".join(named)])
    lines += table(["issue", "severity", "trials", "rate", "95 % interval", "for example"], rows, right=(2, 3))
    lines.append("")
    for issue in issues:
        note = "" if issue["diagnostic"] else " It fires on the best trials as well, so it counts for nothing here."
        evidence = (
            f" {prose(issue['evidence'].rstrip('.'))}." if issue["scope"] == "sweep" and issue["evidence"] else ""
        )
        lines.append(f"- {code(issue['issue'])}: {prose(issue['title'])}.{evidence}{note}")
    return lines


def _pathologies(summary: Mapping[str, Any]) -> list[str]:
    lines, causes = ["## Hyperparameter Pathologies", ""], summary["causes"]
    if not causes:
        lines.append("No range or value was found whose issue rate is higher beyond chance.")
    for place, cause in enumerate(causes, start=1):
        lines += _pathology(place, cause)
    leads = summary["leads"]
    if leads:
        lines += ["", "Too few trials for a claim; look here first:", ""]
        lines += [
            f"- {code(lead['text'])}: {lead['sick']:,} of {lead['n']:,} {code(lead['issue'])}, elsewhere "
            f"{lead['elsewhere_sick']:,} of {lead['elsewhere_n']:,} (p {chance(lead['p'])}; about "
            f"{plural(lead['needs'], 'more trial')} would decide)"
            for lead in leads[:6]
        ]
    return lines


def _pathology(place: int, cause: Mapping[str, Any]) -> list[str]:
    named = ", ".join(code(trial) for trial in cause["trials"][:EXAMPLES])
    more = ", …" if cause["sick"] > EXAMPLES else ""
    strata = ", ".join(code(name) for name in cause["adjusted_for"])
    adjusted = f", adjusted for {strata}" if strata else ""
    rows = [
        ["range", code(cause["text"])],
        ["sick inside", f"{cause['sick']:,} of {cause['n']:,}"],
        ["rate inside", f"{percent(cause['rate'])} ({percent(cause['rate_low'])} to {percent(cause['rate_high'])})"],
        [
            "rate elsewhere",
            f"{percent(cause['rate_elsewhere'])} ({cause['elsewhere_sick']:,} of {cause['elsewhere_n']:,})",
        ],
        ["ratio", f"{number(cause['ratio'], 3)} ({number(cause['ratio_low'], 3)} to {number(cause['ratio_high'], 3)})"],
        ["corrected for every comparison", f"q {chance(cause['q'])}{adjusted}"],
        ["trials", named + more],
    ]
    if cause["threshold_low"] is not None and cause["threshold_high"] is not None:
        rows.insert(1, ["threshold", f"{number(cause['threshold_low'])} to {number(cause['threshold_high'])}"])
    kind = "column of the environment, not a choice" if cause["environment"] else "hyperparameter"
    apart = [code(name) for name in cause["inseparable"]]
    explanation = (
        f"{percent(cause['rate'])} of the trials with {code(cause['text'])} have {code(cause['issue'])}, against "
        f"{percent(cause['rate_elsewhere'])} of the others. {code(cause['parameter'])} is a {kind}; the association "
        f"accounts for about {percent(cause['share'])} of the trials with this issue."
    )
    if apart:
        explanation += f" It cannot be told apart from {', '.join(apart)}."
    title = f"### {place}. {prose(cause['text'])}: {prose(cause['issue'])} ({cause['strength']})"
    return [title, "", explanation, "", *table(["evidence", ""], rows), ""]


def _recommendations(summary: Mapping[str, Any]) -> list[str]:
    lines, items = ["## Recommendations", ""], summary["recommendations"]
    if not items:
        return [*lines, "None: nothing was found that a recommendation could rest on."]
    for item in items:
        basis = ", ".join(code(_basis(reference)) for reference in item["because"])
        lines.append(f"- **{item['id']}. {prose(item['text'])}** {prose(item['reason'])}")
        lines.append(f"  Confidence: {item['confidence']}; rests on {basis}.")
        if item["to"] is not None and item["from"] is not None:
            lines.append(f"  {code(item['parameter'])}: {code(item['from'])} → {code(item['to'])}.")
    return lines


def _basis(reference: str) -> str:
    kind, _colon, what = reference.partition(":")
    return f"pathology {int(what) + 1}" if kind == "cause" else what


def _caveats(summary: Mapping[str, Any]) -> list[str]:
    source = summary["source"]
    notes = [prose(caveat) for caveat in summary["caveats"]]
    if source["repaired"] or source["refused"]:
        notes.append(f"{source['repaired']:,} repairs and {source['refused']:,} refused lines in the source.")
    fixed = "Associations come from this sweep alone; they are not proof that a change will help."
    return ["## Caveats", "", *(f"- {note}" for note in [*notes, fixed])]


def _made(summary: Mapping[str, Any], making: Making) -> list[str]:
    source = summary["source"]
    when = f" on {prose(making.date)}" if making.date else ""
    origin = f"{plural(source['rows'], 'trial')}, {code(source['fingerprint'] or 'no fingerprint')}"
    version = f"Made by hpi {making.version}{when}"
    return ["---", "", f"{version} from {code(source['name'])} ({origin}); options: {prose(making.options)}."]


def _word(value: object) -> str:
    if isinstance(value, dict) and "nonfinite" in value:
        return str(value["nonfinite"])
    return "not set" if value is None else cell(value)


FORMAT = ReportFormat("markdown", (".md", ".markdown"), render)
