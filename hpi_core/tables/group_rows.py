"""Group rows: a fairness table with one row per trial and group of people, the metrics of the group on that row.

Recognised only where an id column repeats, the columns that name the group (`group`, `gender`, `race`, …) tell its rows
apart, and a metric varies within the trial. Each metric becomes one column per group, `fpr/group_male_asian`; rows of
the group `all` or `overall` become the plain column.
"""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl

from hpi_core.roles import RoleHints
from hpi_core.roles.names import tokenise
from hpi_core.tables.curve_frames import is_step_name, moved_ledger, number
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.nested import unique
from hpi_core.tables.table import Table
from hpi_core.tables.trial_steps import constant_columns, is_id_name

_GROUP = re.compile(
    r"(sub|demographic|protected|sensitive|intersectional)?[ _\-]*(group|grp)([ _\-]*(id|name))?"
    r"|gender|sex|race|ethnicity|age[ _\-]?(group|bin|band)|skin[ _\-]?(tone|type)|nationality|religion",
    re.IGNORECASE,
)
_EVERYBODY = frozenset(["all", "overall", "total", "everyone", "global", "average", "mean"])
_MEASURED = frozenset(
    [
        "acc",
        "accuracy",
        "fpr",
        "fnr",
        "tpr",
        "tnr",
        "recall",
        "sensitivity",
        "specificity",
        "ppr",
        "selection",
        "positive",
    ]
)
_MOST_GROUPS = 64


def group_rows(table: Table, _group: str | None = None) -> Table | None:
    """Return one row per trial where the table has one row per trial and group, else None."""
    frame = table.frame
    schema = frame.schema
    named = [
        n for n in schema if _GROUP.fullmatch(n.strip()) and not schema[n].is_float() and not schema[n].is_nested()
    ]
    keys = [n for n in schema if is_id_name(n) and n not in named and not schema[n].is_float()]
    if not named or not keys or frame.null_count().select(keys[0], *named).row(0) != (0,) * (1 + len(named)):
        return None
    key = keys[0]
    trials = frame.select(key).unique(maintain_order=True).with_row_index("_row")
    row_of = frame.select(key).join(trials, on=key, how="left", maintain_order="left")["_row"]
    parts = _varying_groups(frame, row_of, named)
    if not parts or trials.height < 2:
        return None
    words = frame.select(pl.concat_str([pl.col(n).cast(pl.String) for n in parts], separator=" ").alias("g"))["g"]
    cells = pl.DataFrame({"row": row_of, "group": words})
    per_trial = cells.group_by("row").len()["len"]
    if words.n_unique() > _MOST_GROUPS or cells.n_unique() != frame.height or number(per_trial.median()) < 2:
        return None
    return _spread_out(table, key, row_of, words, [n for n in schema if n not in (key, *parts)])


def _varying_groups(frame: pl.DataFrame, row_of: pl.Series, named: list[str]) -> list[str]:
    """Return those of the group columns that differ within trials: one that does not describes the trial."""
    constant = set(constant_columns(frame, row_of, named))
    return [name for name in named if name not in constant]


def _spread_out(table: Table, key: str, row_of: pl.Series, words: pl.Series, others: list[str]) -> Table | None:
    frame = table.frame
    constant = constant_columns(frame, row_of, others)
    varying = [n for n in others if n not in constant]
    metrics = [n for n in varying if frame.schema[n].is_numeric()]
    if any(is_step_name(n) for n in varying) or not any(_MEASURED & set(tokenise(n)) for n in metrics):
        return None
    trials = frame.select(pl.Series("_row", row_of), key, *constant).group_by("_row", maintain_order=True)
    wide = trials.agg(pl.col(key).first(), pl.col(constant).drop_nulls().first()).sort("_row")
    taken = set(wide.columns)
    groups = words.unique(maintain_order=True).to_list()
    everybody = {group for group in groups if group.strip().casefold() in _EVERYBODY}
    for group in groups:
        new = {n: unique(n if group in everybody else f"{n}/group_{group}", taken) for n in metrics}
        taken |= set(new.values())
        mine = frame.select(pl.Series("_row", row_of), *(pl.col(n).alias(new[n]) for n in metrics)).filter(
            words == group
        )
        wide = wide.join(mine, on="_row", how="left", maintain_order="left")
    message = (
        f"one row per {key} and group ({len(groups) - len(everybody)} groups): {frame.height:,} rows became "
        f"{wide.height:,} trials with a column per metric and group"
    )
    entries = [Entry("reshaped", message, count=frame.height)]
    if left := [n for n in varying if n not in metrics]:
        message = f"columns that change within a trial and are no metric were left out: {', '.join(left[:6])}"
        entries.append(Entry("dropped_columns", message, count=len(left)))
    return replace(
        table,
        frame=wide.drop("_row"),
        ledger=ledger_frame(entries, [moved_ledger(table, row_of)]),
        incomplete=frozenset(int(row_of[row]) for row in table.incomplete),
        hints=RoleHints(id=key),
    )
