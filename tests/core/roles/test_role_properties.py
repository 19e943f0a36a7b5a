"""Roles of any table at all: one role per column, whatever the order of columns and rows; never an exception."""

from __future__ import annotations

from datetime import datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from hpi_core.roles import RoleHints, Roles, infer_roles, normalise_status

_NAMES = st.one_of(
    st.sampled_from(
        ["trial_id", "id", "name", "status", "state", "failed", "lr", "params_lr", "config/seed", "seed", "host",
        "val_loss", "train_loss", "loss", "value", "number", "time", "created", "epochs", "dataset", "study",
        "notes", "x", "foo_bar", "_wandb", "tags.x", "1-acc", "0-acc", "params_", "损失", "a\x00b"]
    ),
    st.sampled_from(["", "metric:acc (maximize)", "\x1b[31mlr"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
)  # fmt: skip
_WORDS = st.sampled_from(["ok", "FAIL", "a", "b", "2024-01-01", "", "x" * 80, "\x1b[2J", "running"])


def _values(rows: int) -> st.SearchStrategy[pl.Series]:
    def of(dtype: pl.DataType | type[pl.DataType], values: st.SearchStrategy[object]) -> st.SearchStrategy[pl.Series]:
        cells = st.lists(st.one_of(st.none(), values), min_size=rows, max_size=rows)
        return cells.map(lambda some: pl.Series("v", some, dtype=dtype))

    return st.one_of(
        of(pl.Float64, st.floats()),
        of(pl.Int64, st.integers(-(2**63), 2**63 - 1)),
        of(pl.Int64, st.integers(0, 3)),
        of(pl.String, _WORDS),
        of(pl.Boolean, st.booleans()),
        of(pl.Datetime("us"), st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1))),
        of(pl.List(pl.Float64), st.lists(st.floats(), max_size=2)),
        of(pl.Null, st.none()),
        of(pl.Categorical(), _WORDS),
    )


@st.composite
def _tables(draw: st.DrawFn) -> pl.DataFrame:
    rows = draw(st.sampled_from([0, 1, 2, 5, 9]))
    names = draw(st.lists(_NAMES, max_size=6, unique=True))
    return pl.DataFrame([draw(_values(rows)).alias(name) for name in names])


def _by_column(roles: Roles) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    singles = {"id": roles.id, "status": roles.status, "seed": roles.seed, "group": roles.group}
    for role, name in singles.items():
        if name is not None:
            found.setdefault(name, []).append(role)
    several = {
        "hyperparameter": [p.name for p in roles.hyperparameters],
        "metric": [m.name for m in roles.metrics],
        **{role: list(getattr(roles, role)) for role in
           ("environment", "resources", "time", "text", "ignored", "constants")},
    }  # fmt: skip
    for role, names in several.items():
        for name in names:
            found.setdefault(name, []).append(role)
    return found


@settings(max_examples=200, deadline=None)
@given(_tables())
def test_every_column_has_exactly_one_role(table: pl.DataFrame) -> None:
    roles = infer_roles(table, RoleHints())
    found = _by_column(roles)
    assert set(found) == set(table.columns)
    assert all(len(some) == 1 for some in found.values())
    assert roles.why is not None
    assert all(roles.why[name] for name in table.columns)
    statuses = normalise_status(table, roles, frozenset({0}))
    assert statuses.len() == table.height
    assert statuses.null_count() == 0


@settings(max_examples=150, deadline=None)
@given(_tables(), st.randoms(use_true_random=False))
def test_neither_order_matters(table: pl.DataFrame, random: object) -> None:
    names = list(table.columns)
    random.shuffle(names)  # type: ignore[attr-defined]
    rows = list(range(table.height))
    random.shuffle(rows)  # type: ignore[attr-defined]
    shuffled = table.select(names)[rows] if table.width and table.height else table.select(names)
    first, second = infer_roles(table, RoleHints()), infer_roles(shuffled, RoleHints())
    assert _by_column(first) == _by_column(second)
    assert first.objective == second.objective


@settings(max_examples=100, deadline=None)
@given(_tables(), st.data())
def test_renaming_a_column_changes_no_hyperparameter_beside_it(table: pl.DataFrame, data: st.DataObject) -> None:
    table = table.with_columns(params_zeta=pl.int_range(pl.len()), params_iota=pl.int_range(pl.len()))
    before = _by_column(infer_roles(table, RoleHints()))
    after = _by_column(infer_roles(table.rename({"params_zeta": "params_kappa"}), RoleHints()))
    assert after["params_kappa"] == before["params_zeta"]
    assert {k: v for k, v in after.items() if k != "params_kappa"} == {
        k: v for k, v in before.items() if k != "params_zeta"
    }
