"""The page `hpi inspect` prints: a summary as a person reads it, what was read first, what to do about it last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpi_core.cli.best import listed, named_first, setting
from hpi_core.cli.ink import Column, Ink, Style
from hpi_core.cli.page_findings import (
    add_causes,
    add_diagnoses,
    add_issues,
    add_leads,
    add_recommendations,
    add_second_objectives,
    verdict,
)
from hpi_core.cli.page_results import add_pairs, add_results
from hpi_core.numerals import cell, number, percent, plural

BEST_SHOWN = 5
LINE_WORDS = {"record": "of records"}
STATUS_STYLES: dict[str, Style] = {"completed": "good", "failed": "error", "oom": "error", "timeout": "error"}


def inspection_page(summary: Mapping[str, Any], ink: Ink, *, everything: bool = False) -> str:
    """Return the page of a summary; `everything` prints every row that the summary holds."""
    _add_title(summary, ink)
    _add_roles(summary["roles"], ink)
    _add_status(summary["trials"], ink)
    _add_hyperparameters(summary["roles"]["hyperparameters"], summary["trials"]["total"], ink, everything)
    _add_metrics(summary["roles"]["metrics"], ink, everything)
    _add_schedules(summary["schedules"], summary["trials"]["total"], ink)
    _add_best(summary, ink, everything)
    add_second_objectives(summary, ink)
    add_issues(summary, ink)
    add_causes(summary, ink, everything)
    add_pairs(summary, ink, everything)
    add_results(summary, ink, everything)
    add_leads(summary, ink, everything)
    add_diagnoses(summary, ink)
    add_recommendations(summary, ink)
    _add_caveats(summary, ink)
    _add_coverage(summary, ink, everything)
    _add_ledger(summary, ink)
    return ink.page()


def _add_title(summary: Mapping[str, Any], ink: Ink) -> None:
    source = summary["source"]
    parts = [source["kind"], plural(source["rows"], "trial"), plural(source["columns"], "column")]
    if source["curves"]:
        parts.append(f"curves from {source['curves_from']}" if source["curves_from"] else "with curves")
    lines = source["lines"]
    if lines is not None:
        classes = ", ".join(
            f"{lines[name]:,} {LINE_WORDS.get(name, name)}" for name in lines if name != "total" and lines[name]
        )
        parts.append(f"{plural(lines['total'], 'line')} ({classes})")
    if source["repaired"]:
        parts.append(f"{source['repaired']:,} repaired")
    ink.spans((source["name"], "bold"))
    ink.paragraph(" · ".join(parts), "dim", indent=0)
    style, text = verdict(summary)
    ink.gap()
    ink.paragraph(text, style, indent=0)


def _add_roles(roles: Mapping[str, Any], ink: Ink) -> None:
    objective = roles["objective"]
    if objective is None:
        said = "unknown: name it with --objective METRIC and --minimize or --maximize"
    else:
        better = "lower" if objective["direction"] == "min" else "higher"
        origin = {
            "source": "the source says so", "inferred": "inferred from the names", "user": "as you said",
            "remembered": "as you said last time",
        }[objective["from"]]  # fmt: skip
        said = f"{objective['metric']}, {better} is better ({origin})"
    ink.heading("Roles", "change with --objective, --minimize, --maximize, --role COLUMN=ROLE")
    single = [(word, roles[word]) for word in ("id", "status", "seed", "group") if roles[word] is not None]
    lists = [
        (word, ", ".join(roles[word]))
        for word in ("environment", "resources", "time", "text", "constants", "ignored")
        if roles[word]
    ]
    ink.pairs([("objective", said), *single, *lists])


def _add_status(trials: Mapping[str, Any], ink: Ink) -> None:
    total = trials["total"]
    if not total:
        return
    ink.heading("Trials by status")
    for status, count in sorted(trials["by_status"].items(), key=lambda item: -item[1]):
        bar = "█" * max(1, round(30 * count / total))
        ink.spans(
            (f"{status:<10}", STATUS_STYLES.get(status, "plain")),
            (f"{count:>9,}  {percent(count / total):>7}  ", "plain"),
            (bar, STATUS_STYLES.get(status, "dim")),
            indent=2,
        )


def _count(count: int) -> str:
    return f"{count:,}" if count else "–"


def _add_hyperparameters(parameters: list[Any], total: int, ink: Ink, everything: bool) -> None:
    if not parameters:
        return
    columns = [
        Column("hyperparameter"), Column("kind"), Column("scale", drop=1), Column("min", right=True),
        Column("max", right=True), Column("distinct", right=True), Column("missing", right=True),
    ]  # fmt: skip
    ink.heading("Hyperparameters", plural(len(parameters), "column"))
    shown = parameters if everything else parameters[:20]
    ink.table(
        columns,
        [
            [
                item["name"], item["kind"], item["scale"] if item["kind"] != "categorical" else "–",
                number(item["min"], 6), number(item["max"], 6), f"{item['distinct']:,}", _count(item["missing"]),
            ]
            for item in shown
        ],
    )  # fmt: skip
    _add_more(len(parameters) - len(shown), ink)


def _add_metrics(metrics: list[Any], ink: Ink, everything: bool) -> None:
    if not metrics:
        return
    columns = [
        Column("metric"), Column("split", drop=3), Column("quantity", drop=2), Column("better", drop=1),
        Column("min", right=True), Column("median", right=True), Column("max", right=True),
        Column("nan", right=True), Column("inf", right=True), Column("missing", right=True),
    ]  # fmt: skip
    words = {"min": "low", "max": "high", None: "?"}
    ink.heading("Metrics", plural(len(metrics), "column"))
    shown = metrics if everything else metrics[:20]
    ink.table(
        columns,
        [
            [
                item["name"], item["split"] or "–", item["quantity"], words[item["direction"]],
                number(item["min"]), number(item["median"]), number(item["max"]),
                _count(item["nan"]), _count(item["inf"]), _count(item["missing"]),
            ]
            for item in shown
        ],
    )  # fmt: skip
    _add_more(len(metrics) - len(shown), ink)


def _add_schedules(schedules: list[Any], total: int, ink: Ink) -> None:
    """Write how the learning rates went that have curves: the schedules, how many trials, and one of them in words."""
    if not schedules:
        return
    ink.heading("Learning rates", "as their curves show them")
    for item in schedules:
        ink.paragraph(
            f"{item['metric']}: {item['schedule']} in {item['count']:,} of {plural(total, 'trial')}; "
            f"trial {item['trials'][0]}: {item['example']}"
        )


# What is said of a best trial that has none of what stands beside others.
_WITHOUT = {"runs": 1}


def _add_best(summary: Mapping[str, Any], ink: Ink, everything: bool) -> None:
    objective, best = summary["roles"]["objective"], summary["best"]
    if objective is None or not best:
        return
    shown = best if everything else best[:BEST_SHOWN]
    varied = [name for name in best[0]["configuration"] if any(e["configuration"][name] is not None for e in shown)]
    names = named_first(varied, [cause["parameter"] for cause in (*summary["causes"], *summary["leads"])])
    beside = [name for name in ("runs", "group") if any(name in entry for entry in shown)]
    columns = [
        Column("trial", style="bold"),
        Column(objective["metric"], right=True),
        *(Column(summary["roles"].get(name) or name, right=name == "runs") for name in beside),
        *(Column(name, drop=place) for place, name in enumerate(names, start=1)),
    ]
    ink.heading("Best healthy trials")
    dropped = ink.table(
        columns,
        [
            [
                _word(e["trial"]), number(e["value"], 6),
                *(_word(e.get(name, _WITHOUT.get(name))) for name in beside),
                *(setting(e["configuration"][name]) for name in names),
            ]
            for e in shown
        ],
    )  # fmt: skip
    if dropped:
        ink.paragraph(f"No room for {listed(dropped)}; --json has them.", "dim")
    ink.paragraph(_left_out(summary), "dim")
    higher = summary["would_rank_higher"]
    if higher:
        first = higher[0]
        ink.paragraph(
            f"Trial {first['trial']} has {number(first['value'], 6)} and would rank higher if it were healthy: "
            f"{', '.join(first['issues'])}.",
            "warn",
        )


def _left_out(summary: Mapping[str, Any]) -> str:
    """Return how many trials were ranked, and how many were not and why."""
    ranking = summary["ranking"]
    reasons = ((ranking["sick"], "sick"), (ranking["unfinished"], "not finished"), (ranking["no_value"], "no result"))
    out = ", ".join(f"{count:,} {why}" for count, why in reasons if count)
    tied = f"; {ranking['tied']:,} share the best value" if ranking["tied"] > 1 else ""
    return f"ranked {ranking['ranked']:,} of {summary['trials']['total']:,}; left out: {out or 'none'}{tied}"


def _word(value: object) -> str:
    return str(value["nonfinite"]) if isinstance(value, dict) and "nonfinite" in value else cell(value)


def _add_caveats(summary: Mapping[str, Any], ink: Ink) -> None:
    if summary["caveats"]:
        ink.heading("Caveats")
        for caveat in summary["caveats"]:
            ink.paragraph(caveat, first="· ")


def _add_coverage(summary: Mapping[str, Any], ink: Ink, everything: bool) -> None:
    coverage = summary["coverage"]
    if not coverage:
        return
    ran = [row for row in coverage if row["state"] == "ran"]
    ink.heading("Detectors", f"{len(ran)} ran, {len(coverage) - len(ran)} did not")
    crashed = [row for row in coverage if row["state"] == "crashed"]
    for row in crashed:
        ink.paragraph(f"{row['detector']} crashed: {row['reason']}", "error")
    if changed := summary["thresholds"]:
        said = ", ".join(f"{name} = {number(value)}" for name, value in changed.items())
        ink.paragraph(f"thresholds that were changed: {said}")
    if everything:
        columns = [
            Column("detector"), Column("state"), Column("judged", right=True), Column("flagged", right=True),
            Column("why"),
        ]  # fmt: skip
        names = ("detector", "state", "assessable", "flagged", "reason")
        ink.table(columns, [[_word(row[name] or None) for name in names] for row in coverage])
        return
    skipped = [row["detector"] for row in coverage if row["state"] == "skipped"]
    if skipped:
        ink.paragraph(f"not run: {', '.join(skipped)} (why: --all)", "dim")


def _add_ledger(summary: Mapping[str, Any], ink: Ink) -> None:
    ledger = summary["ledger"]
    if not ledger:
        return
    left_out = summary["omitted"].get("ledger", 0)
    ink.heading("Repairs", plural(len(ledger) + left_out, "entry", "entries"))
    for entry in ledger:
        place = f"line {entry['line']:,}" if entry["line"] is not None else entry["column"] or "file"
        count = f" ({entry['count']:,} times)" if (entry["count"] or 0) > 1 else ""
        ink.paragraph(f"{place}: {entry['message']}{count}")
    _add_more(left_out, ink)


def _add_more(count: int, ink: Ink) -> None:
    if count > 0:
        ink.paragraph(f"… and {count:,} more: --all", "dim")
