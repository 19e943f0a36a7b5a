"""The part of the page that judges: the verdict, issues, causes, leads and recommendations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpi_core.claim_words import contrast_words, threshold_words
from hpi_core.cli.ink import Column, Ink, Style
from hpi_core.numerals import chance, number, percent, plural, typeset

SEVERITY_STYLES: dict[str, Style] = {"error": "error", "warn": "warn", "info": "dim"}
SHOWN = 12


def verdict(summary: Mapping[str, Any]) -> tuple[Style, str]:
    """Return the one sentence that everything else explains, and how loudly to say it."""
    if not summary["trials"]["total"]:
        return "plain", "There is no trial to look at: none stands in the source, or none passes the filter."
    trials, ran = summary["trials"], [row for row in summary["coverage"] if row["state"] == "ran"]
    if not ran:
        return "plain", "No detector could judge this sweep: nothing is said about its health."
    judged = trials["total"] - trials["not_assessable"]
    if not trials["sick"]:
        skipped = len(summary["coverage"]) - len(ran)
        return "good", (
            f"✓ No sick trials: {plural(len(ran), 'detector')} ran on {plural(judged, 'trial')}, {skipped} did not run."
        )
    severities = trials["by_severity"]
    by = ", ".join(f"{severities[word]:,} {word}" for word in ("error", "warn") if severities[word])
    causes = len(summary["causes"]) + summary["omitted"].get("causes", 0)
    found = f"{plural(causes, 'cause')} found" if causes else "no cause found beyond chance"
    return "error" if severities["error"] else "warn", (
        f"✗ {trials['sick']:,} of {plural(trials['total'], 'trial')} sick "
        f"({percent(trials['sick'] / trials['total'])}): {by}; {found}."
    )


def add_issues(summary: Mapping[str, Any], ink: Ink) -> None:
    """Write the table of issues, worst first."""
    issues = summary["issues"]
    if not issues:
        return
    columns = [
        Column("severity"), Column("issue"), Column("trials", right=True), Column("of", right=True),
        Column("rate", right=True), Column("95 % interval", right=True, drop=1), Column("for example", drop=2),
    ]  # fmt: skip
    ink.heading("Issues")
    ink.table(columns, [_issue_row(issue) for issue in issues], notes=[_issue_note(issue) for issue in issues])


def _issue_note(issue: Mapping[str, Any]) -> str:
    """Return what the id means, what was found on the sweep as a whole or on the first trial, and whether it counts."""
    whose = "" if issue["scope"] == "sweep" else f"trial {issue['trials'][0]}: "
    evidence = f": {whose}{issue['evidence']}" if issue["evidence"] else ""
    return f"{issue['title']}{evidence}{'' if issue['diagnostic'] else '; fires on the best trials too: not counted'}"


def _issue_row(issue: Mapping[str, Any]) -> list[str]:
    if issue["scope"] == "sweep":
        return [issue["severity"], issue["issue"], "sweep", "–", "–", "–", ""]
    named = [str(trial) for trial in issue["trials"][:4]]
    example = ", ".join(named) + (", …" if issue["count"] > len(named) else "")
    interval = f"{percent(issue['rate_low'])} to {percent(issue['rate_high'])}"
    return [
        issue["severity"], issue["issue"], f"{issue['count']:,}", f"{issue['assessable']:,}", percent(issue["rate"]),
        interval, example,
    ]  # fmt: skip


def add_second_objectives(summary: Mapping[str, Any], ink: Ink) -> None:
    """Write the measures of disparity beside the objective: of the best trial, the least one, and who is unbeaten."""
    others, objective = summary["second_objectives"], summary["roles"]["objective"]
    if not others or objective is None:
        return
    ink.heading("Groups", f"disparity beside {objective['metric']}: lower is better, never one score with it")
    columns = [
        Column("measure"), Column("groups", drop=1), Column("best trial", right=True), Column("least", right=True),
        Column("trial"), Column(objective["metric"], right=True), Column("unbeaten in both", right=True, drop=2),
    ]  # fmt: skip
    ink.table(columns, [_second_row(other) for other in others], notes=[_unbeaten(other) for other in others])


def _second_row(other: Mapping[str, Any]) -> list[str]:
    best, least = other["best"], other["least"]
    return [
        measure_name(other), groups_of(other), number(best["value"]) if best else "–", number(least["value"]),
        str(least["trial"]), number(least["objective"], 6), f"{other['front_size']:,} of {other['trials']:,}",
    ]  # fmt: skip


def measure_name(other: Mapping[str, Any]) -> str:
    """Return a measure and how it was worked out: `F_FPR (sum)`."""
    return f"{other['measure']} ({other['mode']})" if other["mode"] else str(other["measure"])


def groups_of(other: Mapping[str, Any]) -> str:
    """Return how many groups were compared and what tells them apart: `8 of gender x race`."""
    return f"{other['groups']} of {other['partition']}" if other["partition"] else "as logged"


def _unbeaten(other: Mapping[str, Any]) -> str:
    """Return the trials of the front where there is a choice to make: objective and disparity of each."""
    if other["front_size"] < 2:
        return ""
    pairs = [f"{one['trial']} ({number(one['objective'])}, {number(one['value'])})" for one in other["front"][:4]]
    more = ", …" if other["front_size"] > 4 else ""
    return f"the choice: {', '.join(pairs)}{more}"


def add_causes(summary: Mapping[str, Any], ink: Ink, everything: bool) -> None:
    """Write every cause with its counts, intervals and corrected p-value, strongest first."""
    causes = summary["causes"]
    if not causes:
        return
    shown = causes if everything else causes[:SHOWN]
    ink.heading("Causes", "associations beyond chance, corrected for everything that was tried")
    for cause in shown:
        ink.spans(
            (typeset(cause["text"]), "bold"),
            (f"  → {cause['issue']}", "warn"),
            (f"  {cause['strength']}", "dim"),
            indent=2,
        )
        ink.paragraph(cause_sentence(cause), indent=6)
    _add_more(len(causes) - len(shown) + summary["omitted"].get("causes", 0), ink)
    for other in summary["explained"][: None if everything else 6]:
        ink.paragraph(f"{other['parameter']} → {other['issue']}: {other['relation']} {other['other']}", "dim")


def cause_sentence(cause: Mapping[str, Any]) -> str:
    """Return the evidence for a cause in one sentence: counts, rates, intervals, q, what it was adjusted for."""
    said = (
        f"{cause['sick']:,} of {plural(cause['n'], 'trial')}: {percent(cause['rate'])} "
        f"({percent(cause['rate_low'])} to {percent(cause['rate_high'])}); elsewhere {cause['elsewhere_sick']:,} of "
        f"{cause['elsewhere_n']:,}: {percent(cause['rate_elsewhere'])}; {contrast_words(cause)}"
    )
    if cause["thresholds"]:
        said += f"; {threshold_words(cause['thresholds'])}"
    said += f"; q {chance(cause['q'])}"
    if cause["adjusted_for"]:
        said += f"; adjusted for {', '.join(cause['adjusted_for'])}"
    if cause["inseparable"]:
        said += f"; cannot be told apart from {', '.join(cause['inseparable'])}"
    return said + "."


def add_leads(summary: Mapping[str, Any], ink: Ink, everything: bool) -> None:
    """Write the leads in grey: counts and what would decide, never a claim."""
    leads = summary["leads"]
    if not leads:
        return
    shown = leads if everything else leads[:6]
    ink.heading("Look here first", "not enough data for a cause; raw counts only")
    for lead in shown:
        ink.paragraph(lead_sentence(lead), "dim")
    _add_more(len(leads) - len(shown) + summary["omitted"].get("leads", 0), ink)


def lead_sentence(lead: Mapping[str, Any], word: str | None = None) -> str:
    """Return a lead in one sentence: raw counts, exact p, how many more trials would decide; `word` for its issue."""
    elsewhere = f"elsewhere {lead['elsewhere_sick']:,} of {lead['elsewhere_n']:,}"
    return (
        f"{typeset(lead['text'])}: {lead['sick']:,} of {lead['n']:,} {word or lead['issue']}, {elsewhere} "
        f"(p {chance(lead['p'])}; about {plural(lead['needs'], 'more trial')} would decide)"
    )


def add_diagnoses(summary: Mapping[str, Any], ink: Ink) -> None:
    """Write what causes and curves mean together, and what each rests on."""
    if not summary["diagnoses"]:
        return
    ink.heading("Diagnosis", "what the causes and curves mean together")
    for one in summary["diagnoses"]:
        ink.spans(
            (one["text"][:1].upper() + one["text"][1:], "bold"), (f"  {', '.join(one['issues'])}", "dim"), indent=2
        )
        ink.paragraph(typeset(one["reason"]), indent=6)


def add_recommendations(summary: Mapping[str, Any], ink: Ink) -> None:
    """Write what to do next and what it rests on."""
    recommendations = summary["recommendations"]
    if not recommendations:
        return
    ink.heading("What to do")
    for item in recommendations:
        ink.paragraph(typeset(item["text"]), "bold", first=f"{item['id']} ")
        ink.paragraph(f"{typeset(item['reason'])} ({item['confidence']})", indent=2 + len(item["id"]) + 1)


def _add_more(count: int, ink: Ink) -> None:
    if count > 0:
        ink.paragraph(f"… and {count:,} more: --all", "dim")
