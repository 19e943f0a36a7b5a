"""narrow(): the part of a sweep a filter lets through, as a sweep of its own."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl

from hpi_core import frames
from hpi_core.filter import parse
from hpi_core.roles import RoleOverrides, Roles
from hpi_core.sweep import Sweep

_SINGLE = ("id", "status", "seed", "group")
_SEVERAL = {"environment": "environment", "resources": "resource", "time": "time", "text": "text", "ignored": "ignored"}


def narrow(sweep: Sweep, text: str) -> Sweep:
    """Return the sweep of the trials that pass the filter, columns keeping the roles they have in the whole.

    Hyperparameters that do not vary any more become constants; ranges and counts are those of the part.

    Raises:
        FilterError: the filter cannot be understood.
    """
    kept = sweep.trials.select(frames.ROW).filter(passing(sweep, text))[frames.ROW]
    table = sweep.trials.filter(pl.col(frames.ROW).is_in(kept.implode()))
    new_row = {int(old): new for new, old in enumerate(kept)}
    part = Sweep.from_table(
        table.drop(frames.ROW, frames.STATUS),
        sweep.source,
        ledger=_part_of_ledger(sweep.ledger, kept),
        curves=_part_of_curves(sweep.curves, kept),
        incomplete=frozenset(new_row[row] for row in sweep.incomplete if row in new_row),
        hints=sweep.hints,
        overrides=_pinned(sweep.roles, table),
    )
    return replace(part, roles=replace(part.roles, objective=sweep.roles.objective))


def passing(sweep: Sweep, text: str) -> pl.Series:
    """Return one Boolean per trial: whether it passes the filter, which may ask for issues and decisions.

    Raises:
        FilterError: the filter cannot be understood.
    """
    understood = parse(text)
    known: pl.DataFrame | None = None
    issues: list[str] | None = None
    if re.search(r"\b(issue|severity)\s*:", text):
        from hpi_core.detectors import detect
        from hpi_core.detectors.catalogue import catalogue

        issues = [detector.issue for detector in catalogue().detectors]
        known = (
            detect(sweep)
            .findings.filter(pl.col(frames.ROW).is_not_null())
            .group_by(frames.ROW, maintain_order=True)
            .agg(pl.col("issue").alias("issues"), pl.col("severity").alias("severities"))
        )
    if re.search(r"\bdecision\s*:", text):
        from hpi_core.triage import Decisions, decisions_folder, decisions_frame, trial_keys

        decided = decisions_frame(Decisions.open(decisions_folder(sweep)), trial_keys(sweep))
        known = decided if known is None else decided.join(known, on=frames.ROW, how="full", coalesce=True)
    return understood.mask(sweep, known, issues)


def _pinned(roles: Roles, table: pl.DataFrame) -> RoleOverrides:
    """Return the roles of the whole as the word on the part."""
    pairs = [(name, word) for word in _SINGLE if (name := getattr(roles, word)) is not None]
    pairs += [(name, word) for field, word in _SEVERAL.items() for name in getattr(roles, field)]
    pairs += [(metric.name, "metric") for metric in roles.metrics]
    pairs += [
        (item.name, "hyperparameter" if table[item.name].n_unique() > 1 else "constant")
        for item in roles.hyperparameters
    ]
    pairs += [(name, "constant") for name in roles.constants]
    objective = roles.objective
    return RoleOverrides(
        objective=objective.metric if objective else None,
        direction=objective.direction if objective else None,
        roles=tuple(pairs),
    )


def _part_of_ledger(ledger: pl.DataFrame, kept: pl.Series) -> pl.DataFrame:
    """Keep the entries about the kept trials and those about the whole file, rows numbered anew."""
    numbers = pl.DataFrame({"row": kept.cast(pl.UInt32), "_new": pl.int_range(kept.len(), dtype=pl.UInt32, eager=True)})
    joined = ledger.join(numbers, on="row", how="left", maintain_order="left")
    return joined.filter(pl.col("row").is_null() | pl.col("_new").is_not_null()).select(
        pl.col("_new").alias("row"), pl.all().exclude("row", "_new")
    )


def _part_of_curves(curves: pl.LazyFrame | None, kept: pl.Series) -> pl.LazyFrame | None:
    if curves is None:
        return None
    numbers = pl.LazyFrame(
        {frames.ROW: kept.cast(pl.UInt32), "_new": pl.int_range(kept.len(), dtype=pl.UInt32, eager=True)}
    )
    return curves.join(numbers, on=frames.ROW, how="inner", maintain_order="left").select(
        pl.col("_new").alias(frames.ROW), pl.all().exclude(frames.ROW, "_new")
    )
