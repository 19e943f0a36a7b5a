"""The best configurations side by side, what was left out of the ranking, and the groups beside the objective."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpi_core.numerals import cell, number, plural
from hpi_core.report.markdown_text import code, prose, table

BEST = 5
FRONT = 6


def best_configuration(summary: Mapping[str, Any]) -> list[str]:
    """Return the section: the best trials with their results and settings, and which trials were not ranked."""
    lines, best, objective = ["## Best Configuration", ""], summary["best"], summary["roles"]["objective"]
    if not best or objective is None:
        return [*lines, "No trial can be called best; see the caveats."]
    first = best[0]
    shown, group = best[:BEST], summary["roles"].get("group")
    if "group" in first:
        lines += [f"The best of every {code(group)} first; results of different ones do not compare.", ""]
    else:
        mean = f", the mean of {first['runs']} runs of its configuration" if "runs" in first else ""
        lines += [f"Trial {code(first['trial'])}: {code(objective['metric'])} = {number(first['value'], 6)}{mean}.", ""]
    headings = ["", *(code(entry["trial"]) for entry in shown)]
    result = [code(objective["metric"]), *(number(entry["value"], 6) for entry in shown)]
    settings = [
        [code(name), *(_setting(entry["configuration"][name]) for entry in shown)] for name in first["configuration"]
    ]
    above = []
    if any("group" in entry for entry in shown):
        above.append([code(group), *(_setting(entry.get("group")) for entry in shown)])
    if any("runs" in entry for entry in shown):
        above.append(["mean of runs", *(str(entry.get("runs", 1)) for entry in shown)])
    lines += table(headings, [*above, result, *settings])
    return [*lines, "", *_left_out(summary), *_groups(summary)]


def _setting(value: object) -> str:
    if value is None:
        return "–"
    return code(value["nonfinite"]) if isinstance(value, dict) and "nonfinite" in value else code(cell(value))


def _left_out(summary: Mapping[str, Any]) -> list[str]:
    """Return how many trials were ranked, how many were not and why, and those that would stand above the best."""
    ranking = summary["ranking"]
    reasons = [
        (ranking["sick"], "sick"), (ranking["unfinished"], "not finished (pruned, running, cut off)"),
        (ranking["no_value"], "without a finite objective"),
    ]  # fmt: skip
    out = ", ".join(f"{count:,} {why}" for count, why in reasons if count)
    lines = [
        f"Ranked: {ranking['ranked']:,} of {plural(summary['trials']['total'], 'trial')}. Left out: {out or 'none'}."
    ]
    if ranking["tied"] > 1:
        lines += ["", f"{ranking['tied']:,} trials share the best value: the cheaper first where costs are known."]
    higher = summary["would_rank_higher"]
    if higher:
        named = "; ".join(
            f"{code(entry['trial'])} {number(entry['value'], 6)} ({', '.join(code(i) for i in entry['issues'])})"
            for entry in higher[:BEST]
        )
        lines += ["", f"Left out although better: {named}."]
    return lines


def _groups(summary: Mapping[str, Any]) -> list[str]:
    """Return the disparity between groups as a second objective; nothing where there are no groups."""
    others, objective = summary["second_objectives"], summary["roles"]["objective"]
    if not others:
        return []
    said = (
        f"Disparity between groups is a second objective beside {code(objective['metric'])} (lower is better); the two "
        "are never one score. Unbeaten is a trial where no other is better in one and at least as good in the other."
    )
    lines = ["", "### Groups", "", said, ""]
    rows = []
    for other in others:
        best, least = other["best"], other["least"]
        mode = f" ({other['mode']})" if other["mode"] else ""
        rows.append(
            [
                f"{code(other['measure'])}{mode}",
                f"{other['groups']} of {prose(other['partition'])}" if other["partition"] else "as logged",
                number(best["value"]) if best else "–",
                f"{number(least['value'])} ({code(least['trial'])}, {number(least['objective'])})",
                _front(other),
            ]
        )
    headings = [
        "measure",
        "groups",
        "of the best trial",
        "least (trial, objective)",
        "unbeaten: trial (objective, measure)",
    ]
    return lines + table(headings, rows, right=(2,))


def _front(other: Mapping[str, Any]) -> str:
    shown = [
        f"{code(one['trial'])} ({number(one['objective'])}, {number(one['value'])})" for one in other["front"][:FRONT]
    ]
    return ", ".join(shown) + (", …" if other["front_size"] > FRONT else "")
