"""The report in Markdown: from the verdict over the evidence to what to do, each claim with its counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpi_core.numerals import number, percent, plural, typeset
from hpi_core.report.contract import Making, ReportFormat
from hpi_core.report.markdown_best import best_configuration
from hpi_core.report.markdown_findings import pathologies, recommendations, short_cause
from hpi_core.report.markdown_importance import importance
from hpi_core.report.markdown_results import results, short_result, together
from hpi_core.report.markdown_text import code, prose, table

EXAMPLES = 5
ORIGINS = {
    "source": "the source says so", "inferred": "inferred from the names", "user": "as you said",
    "remembered": "as you said last time",
}  # fmt: skip


def render(summary: Mapping[str, Any], making: Making) -> str:
    """Return the whole report."""
    sections = [
        _overview(summary),
        best_configuration(summary),
        _issues(summary),
        [*pathologies(summary), *together(summary), *results(summary), *importance(summary)],
        recommendations(summary),
        _caveats(summary),
        _made(summary, making),
    ]
    title = f"# Hyperparameter report: {prose(summary['source']['name'])}"
    return "\n".join([title, *("\n" + "\n".join(lines) for lines in sections)]) + "\n"


def _overview(summary: Mapping[str, Any]) -> list[str]:
    trials = summary["trials"]
    status = ", ".join(f"{count:,} {word}" for word, count in sorted(trials["by_status"].items(), key=lambda i: -i[1]))
    objective = summary["roles"]["objective"]
    if objective:
        better = "lower" if objective["direction"] == "min" else "higher"
        ranked = f"Objective: {code(objective['metric'])}, {better} is better ({ORIGINS[objective['from']]})."
    else:
        ranked = "Objective: unknown."
    lines = ["## Overview", "", _health(summary), "", f"Status: {status}. {ranked}"]
    return [*lines, "", *_severities(trials, summary["issues"]), "", *_in_short(summary), *_coverage(summary)]


def _health(summary: Mapping[str, Any]) -> str:
    trials = summary["trials"]
    total, sick = trials["total"], trials["sick"]
    if not any(row["state"] == "ran" for row in summary["coverage"]):
        return "**Nothing could be judged**: no detector had what it needs."
    if not sick:
        return f"**No sick trials** among the {total - trials['not_assessable']:,} that could be judged."
    return f"**{sick:,} of {plural(total, 'trial')} sick** ({percent(sick / total)})."


def _severities(trials: Mapping[str, Any], issues: list[Any]) -> list[str]:
    """Return how trials spread over the severities, each sick trial once, by its worst; then issues of the sweep."""
    healthy = trials["total"] - trials["sick"] - trials["not_assessable"]
    counts = [*((word, trials["by_severity"][word]) for word in ("error", "warn")), ("no error or warning", healthy)]
    if trials["not_assessable"]:
        counts.append(("not judged", trials["not_assessable"]))
    kinds = {
        word: [code(i["issue"]) for i in issues if i["severity"] == word and i["scope"] == "trial"]
        for word in ("error", "warn")
    }
    rows = [
        [
            word,
            f"{count:,}",
            percent(count / trials["total"]) if trials["total"] else "–",
            ", ".join(kinds.get(word, [])),
        ]
        for word, count in counts
    ]
    lines = table(["worst severity", "trials", "share", "issues"], rows, right=(1, 2))
    whole = [i for i in issues if i["scope"] == "sweep" and i["severity"] != "info"]
    if whole:
        said = ", ".join(f"{code(issue['issue'])} ({issue['severity']})" for issue in whole)
        lines += ["", f"Of the sweep as a whole: {said}."]
    return lines


def _in_short(summary: Mapping[str, Any]) -> list[str]:
    """Return the strongest causes and the first thing to do, where there are any."""
    lines = []
    if summary["causes"]:
        lines += ["What the sick trials share, most of them first:", ""]
        lines += [f"- {short_cause(cause)}" for cause in summary["causes"][:3]]
        lines.append("")
    elif summary["objective_causes"]:
        lines += ["What goes with bad and good results:", ""]
        lines += [f"- {short_result(cause)}" for cause in summary["objective_causes"][:3]]
        lines.append("")
    if summary["recommendations"]:
        first = summary["recommendations"][0]
        lines += [f"First thing to do: {prose(typeset(first['text']))} ({first['confidence']})", ""]
    return lines


def _coverage(summary: Mapping[str, Any]) -> list[str]:
    ran = [row for row in summary["coverage"] if row["state"] == "ran"]
    rest = [row for row in summary["coverage"] if row["state"] != "ran"]
    lines = [f"{plural(len(ran), 'detector')} ran: {', '.join(code(row['detector']) for row in ran) or 'none'}."]
    if not rest:
        return lines
    reasons: dict[str, list[str]] = {}
    for row in rest:
        what = f"crashed: {row['reason']}" if row["state"] == "crashed" else row["reason"] or row["state"]
        reasons.setdefault(what, []).append(code(row["detector"]))
    lines += ["", f"{plural(len(rest), 'detector')} could not run, so nothing is said about what they look for:", ""]
    return lines + [f"- {prose(reason)}: {', '.join(detectors)}" for reason, detectors in reasons.items()]


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
        rate = "–" if whole else percent(issue["rate"])
        interval = "–" if whole else f"{percent(issue['rate_low'])} to {percent(issue['rate_high'])}"
        meaning = prose(issue["title"])
        rows.append([code(issue["issue"]), meaning, issue["severity"], of, rate, interval, ", ".join(named)])
    headings = ["issue", "meaning", "severity", "trials", "rate", "95 % interval", "for example"]
    lines += [*table(headings, rows, right=(3, 4)), ""]
    if any(issue["severity"] == "info" for issue in issues):
        lines += ["What is *info* makes no trial sick.", ""]
    return lines + [f"- {_shown(issue)}" for issue in issues if issue["evidence"]]


def _shown(issue: Mapping[str, Any]) -> str:
    """Return the evidence of the first trial, or of the sweep, and whether the issue counts."""
    note = "" if issue["diagnostic"] else " It fires on the best trials as well, so it counts for nothing here."
    where = f", trial {code(issue['trials'][0])}" if issue["scope"] == "trial" and issue["trials"] else ""
    return f"{code(issue['issue'])}{where}: {prose(issue['evidence'].rstrip('.'))}.{note}"


def _caveats(summary: Mapping[str, Any]) -> list[str]:
    source = summary["source"]
    notes = [prose(caveat) for caveat in summary["caveats"]]
    if source["repaired"] or source["refused"]:
        refused = plural(source["refused"], "line")
        notes.append(f"{plural(source['repaired'], 'repair')} in the source; {refused} could not be read as a trial.")
    fixed = "Associations come from this sweep alone; they are not proof that a change will help."
    return ["## Caveats", "", *(f"- {note}" for note in [*notes, fixed])]


def _made(summary: Mapping[str, Any], making: Making) -> list[str]:
    source = summary["source"]
    when = f" on {prose(making.date)}" if making.date else ""
    origin = f"{plural(source['rows'], 'trial')}, {code(source['fingerprint'] or 'no fingerprint')}"
    version = f"Made by hpi {making.version}{when}"
    lines = ["---", "", f"{version} from {code(source['name'])} ({origin}); options: {prose(making.options)}."]
    if changed := summary["thresholds"]:
        said = ", ".join(code(f"{name} = {number(value)}") for name, value in changed.items())
        lines += ["", f"Thresholds that were changed: {said}."]
    return lines


FORMAT = ReportFormat("markdown", (".md", ".markdown"), render)
