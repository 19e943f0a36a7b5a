"""How many of all, and of the best tenth, each rule flags on real trials: ours beside those of other tools, printed."""

from __future__ import annotations

from collections import defaultdict

import polars as pl

from hpi_core.detectors import detect
from hpi_core.detectors.context import Context
from tests.bench.detectors.sweeps import real_sweeps
from tests.bench.detectors.vendor_rules import VENDOR_RULES
from tests.shared_data import needs_shared

Counts = dict[str, list[int]]


@needs_shared
def test_flag_rates_on_real_trials() -> None:
    families: dict[str, Counts] = {"deepobs": defaultdict(lambda: [0] * 4), "algoperf": defaultdict(lambda: [0] * 4)}
    for name, sweep in real_sweeps().items():
        context = Context(sweep)
        best = _best(context)
        counts = families[name.split()[0]]
        detection = detect(sweep)
        for issue, verdict in detection.verdicts.items():
            grave = detection.findings.filter((pl.col("issue") == issue) & (pl.col("severity") != "info"))
            counted = context.rows.is_in(grave.get_column("_row").to_list())
            _count(counts[f"{issue} (all)"], verdict.fill_null(False), verdict.is_not_null(), best)
            _count(counts[f"{issue} (counts as sick)"], counted, verdict.is_not_null(), best)
        for rule, judge in VENDOR_RULES.items():
            flags = judge(context)
            if flags is not None:
                _count(counts[f"~ {rule}"], flags.fill_null(False), flags.is_not_null(), best)
    _print(families)


def _best(context: Context) -> pl.Series:
    assert context.badness is not None
    known = context.badness.drop_nulls()
    edge = known.bottom_k(max(1, known.len() // 10)).max()
    return (context.badness <= edge).fill_null(False)


def _count(cells: list[int], flags: pl.Series, judged: pl.Series, best: pl.Series) -> None:
    for i, mask in ((0, judged), (2, judged & best)):
        cells[i] += int((flags & mask).sum())
        cells[i + 1] += int(mask.sum())


def _print(families: dict[str, Counts]) -> None:
    for family, counts in families.items():
        print(f"\n{family:45} {'all':>18} {'best tenth':>16}")
        for rule, (flagged, n, top, n_top) in sorted(counts.items()):
            if flagged or rule.startswith("~"):
                of_all, of_best = flagged / max(n, 1), top / max(n_top, 1)
                print(f"{rule:45} {flagged:5}/{n:5} {of_all:6.1%} {top:4}/{n_top:4} {of_best:6.1%}")
