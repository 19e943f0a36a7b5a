"""`hpi best`: the best healthy trials, what repeating them would give, and what they were set to."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hpi_core.cli.command import Command
from hpi_core.cli.inspect_source import add_threshold_argument, inspect_sweep
from hpi_core.cli.source import add_source_arguments, open_sweep
from hpi_core.exit_codes import ExitCode
from hpi_core.json_text import json_text

if TYPE_CHECKING:
    from hpi_core.cli.ink import Ink
    from hpi_core.inspection import Inspection


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_source_arguments(parser)
    add_threshold_argument(parser)
    group = parser.add_argument_group("output")
    group.add_argument("-k", type=_count, default=10, metavar="N", help="how many trials (default: 10)")
    group.add_argument("--json", action="store_true", help="strict JSON instead of a page")


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of trials (1 to 100,000)")
    return int(text)


def _run(args: argparse.Namespace) -> ExitCode:
    found = best_of(inspect_sweep(open_sweep(args), args), args.k)
    if args.json:
        sys.stdout.write(json_text(found))
        return ExitCode.OK
    from hpi_core.cli.ink import Ink

    sys.stdout.write(best_page(found, Ink.for_stdout()))
    return ExitCode.OK


def best_of(inspection: Inspection, k: int) -> dict[str, Any]:
    """Return the k best healthy trials and what would rank higher, as plain data."""
    from hpi_core.importance import best_runs
    from hpi_core.importance.costs import cost_column
    from hpi_core.importance.placing import tells_repetitions
    from hpi_core.importance.records import best_records
    from hpi_core.inspection.caveats import beyond_issues
    from hpi_core.summary import plain

    sweep, ranking = inspection.sweep, inspection.ranking
    objective = sweep.roles.objective
    runs = best_runs(inspection, k)
    group = sweep.roles.group
    if group is not None and sweep.trials[group].n_unique() < 2:
        group = None
    blamed = [*(cause.parameter for cause in inspection.causes), *(lead.parameter for lead in inspection.leads)]
    names = named_first([item.name for item in sweep.roles.hyperparameters], blamed)
    rows = [run.row for run in runs]
    configurations = sweep.trials.select(names)[rows].to_dicts() if names and rows else [{} for _ in rows]
    return {
        "schema": "hpi.best/1",
        "source": {"kind": sweep.source.kind, "name": sweep.source.name, "fingerprint": sweep.source.fingerprint},
        "objective": None
        if objective is None or objective.direction is None
        else {"metric": objective.metric, "direction": objective.direction, "from": objective.origin},
        "cost": cost_column(sweep),
        "seed": sweep.roles.seed,
        "repetitions": tells_repetitions(sweep),
        "ranked": ranking.ranked,
        "best": [
            {**record, "configuration": {name: plain(value) for name, value in configured.items()}}
            for record, configured in zip(best_records(runs), configurations, strict=True)
        ],
        "group": group,
        "would_rank_higher": [
            {"trial": entry.trial, "value": entry.value, "issues": list(entry.sick)} for entry in ranking.excluded[:20]
        ],
        "caveats": beyond_issues(inspection),
    }


def best_page(found: Mapping[str, Any], ink: Ink) -> str:
    """Return the page of the best trials."""
    from hpi_core.cli.ink import Column
    from hpi_core.numerals import number, plural

    objective, best, cost = found["objective"], found["best"], found["cost"]
    ink.spans((found["source"]["name"], "bold"))
    if objective is None:
        ink.paragraph("The objective or its direction is not known: --objective METRIC, --minimize, --maximize.")
        _add_caveats(found, ink)
        return ink.page()
    better = "lower" if objective["direction"] == "min" else "higher"
    ink.paragraph(
        f"{objective['metric']}, {better} is better · {plural(found['ranked'], 'healthy finished trial')}",
        "dim",
        indent=0,
    )
    if not best:
        ink.paragraph("No healthy, finished trial has a finite value: there is no best trial.")
        _add_caveats(found, ink)
        return ink.page()
    names = [name for name in best[0]["configuration"] if any(e["configuration"][name] is not None for e in best)]
    repeated = any(entry["runs"] > 1 for entry in best)
    tied = _tied(found)
    columns = [
        Column("#", right=True), Column("trial", style="bold"),
        *([Column(found["group"])] if found["group"] else []),
        Column(objective["metric"], right=True), Column(""), *([Column("runs", right=True)] if repeated else []),
        Column("if repeated", right=True, drop=2), Column(cost or "", right=True, drop=len(names) + 3),
        *(Column(name, drop=3 + place if place else 1) for place, name in enumerate(names)),
    ]  # fmt: skip
    ink.heading("Best healthy trials")
    dropped = ink.table(
        columns,
        [
            [
                str(entry["rank"]), str(entry["trial"]), *([setting(entry["group"])] if found["group"] else []),
                number(entry["value"], 6), "=" if entry["trial"] in tied else "",
                *([str(entry["runs"])] if repeated else []),
                number(entry["expected"], 6), number(entry["cost"], 4),
                *(setting(entry["configuration"][name]) for name in names),
            ]
            for entry in best
        ],
    )  # fmt: skip
    if dropped:
        ink.paragraph(f"No room for {listed(dropped)}; --json has them.", "dim")
    _add_notes(found, ink)
    _add_caveats(found, ink)
    return ink.page()


def named_first(names: Sequence[str], first: Iterable[str]) -> list[str]:
    """Return the names, those of `first` in front in its order: what tables keep when room is short."""
    known = set(names)
    return list(dict.fromkeys([*(name for name in first if name in known), *names]))


def setting(value: object) -> str:
    """Return what a trial was set to as a cell: numbers with six digits."""
    if value is None:
        return "–"
    if isinstance(value, dict) and "nonfinite" in value:
        return str(value["nonfinite"])
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def listed(names: Sequence[str]) -> str:
    """Return at most four names, and how many more there are."""
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(names[:4]) + more


def _tied(found: Mapping[str, Any]) -> set[str]:
    """Return the trials that cannot be told from the best of their sweep, it among them; none where it stands alone."""
    sizes = Counter(entry["group"] for entry in found["best"] if entry["tied"])
    return {entry["trial"] for entry in found["best"] if entry["tied"] and sizes[entry["group"]] > 1}


def _add_notes(found: Mapping[str, Any], ink: Ink) -> None:
    from hpi_core.numerals import number, plural

    best, group, tied = found["best"], found["group"], len(_tied(found))
    repeated = any(entry["runs"] > 1 for entry in best)
    ink.gap()
    if group:
        own = len({entry["group"] for entry in best})
        ink.paragraph(
            f"Ranked within each {group}: the first of every one, then the seconds; -k {2 * own} for two of each.",
            "dim",
        )
    if repeated:
        seeds = " with other seeds" if found["seed"] else ""
        ink.paragraph(
            f"runs: so many of one configuration{seeds} stand once, with their mean; the trial is the best of them.",
            "dim",
        )
    if tied and group:
        ink.paragraph(
            f"=  cannot be told from the best of its {group} by {'their' if repeated else 'single'} runs.", "dim"
        )
    elif tied:
        every = " or more" if tied == len(best) and sum(entry["runs"] for entry in best) < found["ranked"] else ""
        what = plural(tied, "configuration" if repeated else "trial")
        by = "their runs" if repeated else "one run each"
        ink.paragraph(f"=  {what}{every} cannot be told from the best by {by}.", "dim")
    if any(entry["expected"] is not None for entry in best):
        ink.paragraph(
            "if repeated: the best of many trials was lucky as well; values shrunk by the spread between repetitions "
            "of one configuration. # goes by it.",
            "dim",
        )
    elif found["seed"] or found["repetitions"]:
        ink.paragraph("No configuration was repeated: how much of the lead is luck cannot be told.", "dim")
    else:
        ink.paragraph("No column tells repetitions apart: how much of the lead is luck cannot be told.", "dim")
    for entry in found["would_rank_higher"][:3]:
        ink.paragraph(
            f"Trial {entry['trial']} has {number(entry['value'], 6)} and would rank higher if it were healthy: "
            f"{', '.join(entry['issues'])}.",
            "warn",
        )


def _add_caveats(found: Mapping[str, Any], ink: Ink) -> None:
    if found["caveats"]:
        ink.heading("Caveats")
        for caveat in found["caveats"]:
            ink.paragraph(caveat, first="· ")


COMMAND = Command("best", "show the best healthy trials and what repeating them would give", _arguments, _run, order=12)
