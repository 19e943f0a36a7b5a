"""Real sweeps with healthy and sick trials: DeepOBS by test problem, AlgoPerf by workload and submission."""

from __future__ import annotations

import polars as pl

from hpi_core.roles import RoleOverrides
from hpi_core.sweep import Sweep
from tests.shared_data import DATA

_CURVES = DATA / "12_curves"


def real_sweeps() -> dict[str, Sweep]:
    """Return name -> sweep of at least 20 trials, final metrics only."""
    found: dict[str, Sweep] = {}
    deepobs = pl.read_csv(_CURVES / "deepobs_trials.csv", infer_schema_length=None)
    keep = [c for c in deepobs.columns if not c.endswith(("_len", "_first", "_best", "_nonfinite"))]
    for (problem,), part in deepobs.select(keep).group_by(["testproblem"], maintain_order=True):
        found[f"deepobs {problem}"] = Sweep.from_polars(_filled(part))
    algoperf = pl.read_csv(_CURVES / "algoperf_trials.csv", infer_schema_length=None)
    keep = [c for c in algoperf.columns if not c.endswith(".nonfinite")]
    for (workload, submission), part in algoperf.select(keep).group_by(["workload", "submission"], maintain_order=True):
        if part.height >= 20:
            loss = "validation/ctc_loss" if workload == "librispeech_conformer" else "validation/loss"
            found[f"algoperf {workload} {submission}"] = Sweep.from_polars(
                _filled(part), overrides=RoleOverrides(objective=loss, direction="min")
            )
    return found


def _filled(part: pl.DataFrame) -> pl.DataFrame:
    return part.select(column for column in part if column.null_count() < part.height)
