"""Silence on noise: hyperparameters that have nothing to do with the issues must yield no claim of any kind.

Counted are causes, what is explained by them, pairs, and the same for the worst and the best tenth of the results.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from hpi_core.statistics.causes import find_causes
from hpi_core.statistics.inputs import Floats, Issue, Parameter
from tests.bench.causes.measures import any_claim, naive_hits, print_table, told, upper_bound
from tests.bench.causes.naive import naive_claims
from tests.bench.causes.sweeps import ends, noise
from tests.shared_data import DATA, needs_shared

MOST_CLAIMS = 0.08
SWEEPS = 1000


def test_synthetic_noise_yields_no_claims() -> None:
    rows, bounds = [], []
    for n in (30, 100, 1000):
        claims = naive = 0
        for seed in range(SWEEPS):
            sweep = noise(np.random.default_rng(seed), n)
            claims += any_claim(find_causes(sweep.parameters, sweep.issues, ends(sweep)))
            naive += bool(naive_hits(sweep))
        bounds.append(upper_bound(claims, SWEEPS))
        rows.append((str(n), told(claims, SWEEPS), told(naive, SWEEPS)))
    print_table(
        f"Sweeps of noise with any claim (8 parameters x 2 issues, 2 outcomes, 28 pairs, gate {MOST_CLAIMS})",
        ("n", "hpi", "naive"),
        rows,
    )
    assert max(bounds) <= MOST_CLAIMS


@needs_shared
@pytest.mark.parametrize("source", ["deepobs", "algoperf"])
def test_real_rows_permuted_as_a_block_yield_no_claims(source: str) -> None:
    sweeps = _real_sweeps(source)
    rounds = -(-SWEEPS // len(sweeps))
    claims = naive = total = 0
    for name, (parameters, issues) in sweeps.items():
        for seed in range(rounds):
            rng = np.random.default_rng([len(name), seed])
            order = rng.permutation(len(parameters[0].values))
            shuffled = [
                Parameter(p.name, p.kind, p.values[order], p.missing[order], p.levels, p.environment)
                for p in parameters
            ]
            claims += any_claim(find_causes(shuffled, issues))
            naive += bool(naive_claims(shuffled, issues))
            total += 1
    print_table(
        f"{source}: {len(sweeps)} real sweeps, hyperparameter rows permuted as a block (gate {MOST_CLAIMS})",
        ("sweeps", "hpi", "naive"),
        [(str(total), told(claims, total), told(naive, total))],
    )
    assert upper_bound(claims, total) <= MOST_CLAIMS


def _real_sweeps(source: str) -> dict[str, tuple[list[Parameter], list[Issue]]]:
    """Return per test problem or workload the real hyperparameters and issues read off the real final metrics."""
    table = pl.read_csv(DATA / "12_curves" / f"{source}_trials.csv", infer_schema_length=None)
    if source == "deepobs":
        group, names = "testproblem", ["optimizer", "lr", "momentum", "use_nesterov", "random_seed", "batch_size"]
        train, val = "train_losses_final", "test_losses_final"
    else:
        group = "workload"
        names = [c for c in table.columns if c.startswith("hp.")]
        train, val = "train/loss", "validation/loss"
    sweeps = {}
    for (name,), part in table.group_by(group, maintain_order=True):
        t, v = (_final(part, column) for column in (train, val))
        finite = np.isfinite(t) & np.isfinite(v)
        everywhere = np.ones(len(part), dtype=np.bool_)
        gap = np.zeros(len(part))
        gap[finite] = v[finite] - t[finite]
        high = np.where(finite, v, np.inf) > np.quantile(v[finite], 0.8)
        issues = [
            Issue("nonfinite_metric", ~finite, everywhere),
            Issue("overfit_gap", gap > np.quantile(gap[finite], 0.85), finite),
            Issue("bad_result", high, everywhere),
        ]
        parameters = [_parameter(part[c]) for c in names if part[c].n_unique() > 1]
        sweeps[str(name)] = (parameters, issues)
    return sweeps


def _final(part: pl.DataFrame, column: str) -> Floats:
    """Return the final values of a loss, or of the CTC loss where a workload has no other."""
    values = part[column]
    if values.null_count() == len(values):
        values = part[column.replace("/loss", "/ctc_loss")]
    return values.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _parameter(column: pl.Series) -> Parameter:
    if column.dtype.is_numeric():
        return Parameter.numeric(column.name, column.cast(pl.Float64).fill_null(np.nan).to_numpy())
    return Parameter.categorical(column.name, column.cast(pl.String).to_list())
