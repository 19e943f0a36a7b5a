"""Real sweeps with curves: DeepOBS by test problem, AlgoPerf by workload and submission; and which tune the rules."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from hpi_core.frames import CURVES
from hpi_core.roles import RoleOverrides
from hpi_core.sweep import Source, Sweep
from tests.shared_data import DATA

_FOLDER = DATA / "12_curves"
_TUNED_ON = ("cifar100_allcnnc", "fmnist_2c2d", "mnist_vae", "quadratic_deep", "fastmri")
_DERIVED = ("_len", "_first", "_best", "_nonfinite", ".nonfinite")


def tuned_on(name: str) -> bool:
    """Say whether thresholds were chosen by looking at this sweep."""
    return name.split()[1] in _TUNED_ON


def real_sweeps(*families: str) -> Iterator[tuple[str, Sweep]]:
    """Yield name, sweep of at least 20 trials, final metrics and curves."""
    if "deepobs" in families or not families:
        yield from _sweeps("deepobs", ["testproblem"], "epoch")
    if "algoperf" in families or not families:
        yield from _sweeps("algoperf", ["workload", "submission"], "idx")


def _sweeps(family: str, keys: list[str], step: str) -> Iterator[tuple[str, Sweep]]:
    trials = pl.read_csv(_FOLDER / f"{family}_trials.csv", infer_schema_length=None)
    trials = trials.select(name for name in trials.columns if not name.endswith(_DERIVED))
    points = pl.read_parquet(_FOLDER / f"{family}_curves.parquet").filter(pl.col("metric") != "global_step")
    points = points.rename({step: "step"})
    for group, part in trials.group_by(keys, maintain_order=True):
        if part.height < 20:
            continue
        places = part.select(pl.col("trial_id").cast(pl.UInt32)).with_row_index("_row")
        curves = points.join(places, on="trial_id").select(pl.col(n).cast(t) for n, t in CURVES.items())
        name = " ".join([family, *map(str, group)])
        loss = "validation/ctc_loss" if "librispeech" in name else "validation/loss"
        yield (
            name,
            Sweep.from_table(
                part.select(column for column in part if column.null_count() < part.height),
                Source("frame", name, name),
                curves=curves.sort("_row", "metric", "step").lazy(),
                overrides=RoleOverrides(objective=loss, direction="min") if family == "algoperf" else None,
            ),
        )
