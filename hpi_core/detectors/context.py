"""Context: what the detectors look at, computed once per sweep: masked values, metric pairs, hashes.

Values of trials whose last word is not in yet (running, or cut off while being written) are null here, so that a
detector cannot judge them or be misled by them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import polars as pl

from hpi_core.frames import ROW, STATUS
from hpi_core.roles.names import Name, parse

if TYPE_CHECKING:
    from hpi_core.curves.measured import MeasuredCurves
    from hpi_core.roles import Metric
    from hpi_core.statistics.inputs import Integers
    from hpi_core.sweep import Sweep

# Quantities between 0 and 1 (or 0 and 100 where written in percent), larger is better.
SCORES = frozenset(
    [
        "accuracy",
        "auc",
        "auprc",
        "pr_auc",
        "ap",
        "map",
        "map50",
        "f1",
        "f2",
        "fbeta",
        "precision",
        "recall",
        "iou",
        "jaccard",
        "dice",
        "exact_match",
        "tpr",
        "tnr",
        "bcr",
        "sensitivity",
        "specificity",
        "success_rate",
        "winrate",
        "ndcg",
        "mrr",
        "hits",
        "mar",
    ]
)
# The same turned round: smaller is better.
ERROR_RATES = frozenset(["error", "fpr", "fnr"])
# Small is good, and there is an upper bound: neither a loss nor the reverse of a score.
_BOUNDED = frozenset(["ece", "mce", "brier", "f_fpr", "f_oae", "f_dp", "f_meo"])
_SIGNIFICANT = 6


@dataclass(frozen=True)
class Pair:
    """A quantity on the training split and on a held-out one; `kind` says how the two are compared.

    `loss`: the ratio held-out / train; `score`: the difference train - held-out of fractions, where larger is better.
    """

    train: Metric
    held_out: Metric
    kind: Literal["loss", "score"]


class Context:
    """One sweep as detectors see it. All series have one value per trial, in the sweep's order."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.trials = sweep.trials
        self.roles = sweep.roles
        self.n = sweep.trials.height

    @cached_property
    def rows(self) -> pl.Series:
        """`_row` of every trial (UInt32)."""
        return self.trials.get_column(ROW)

    @cached_property
    def status(self) -> pl.Series:
        """Normalised status of every trial (String)."""
        return self.trials.get_column(STATUS)

    @cached_property
    def written(self) -> pl.Series:
        """Whether the trial's record is whole: it was not cut off while being written."""
        if not self.sweep.incomplete:
            return pl.repeat(True, self.n, dtype=pl.Boolean, eager=True)
        return ~self.rows.is_in(sorted(self.sweep.incomplete))

    @cached_property
    def ended(self) -> pl.Series:
        """Whether the trial's last word is in: it is neither running nor cut off."""
        return (self.status != "running") & self.written

    @cached_property
    def full_length(self) -> pl.Series:
        """Whether the trial ended and was not pruned on the way."""
        return self.ended & (self.status != "pruned")

    def values(self, name: str) -> pl.Series:
        """Return a column as Float64, null where it is missing, not a number, or the trial has not ended."""
        return self._values(name)

    @cached_property
    def _values(self) -> Callable[[str], pl.Series]:
        return functools.cache(self._masked)

    def _masked(self, name: str) -> pl.Series:
        column = self.trials.get_column(name)
        numeric = column.cast(pl.Float64, strict=False)
        if self.ended.all():
            return numeric
        return numeric.to_frame().select(pl.when(self.ended).then(pl.col(name))).to_series()

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that are numbers, the objective first, then held-out before train, losses before the rest."""
        chosen = self.roles.objective.metric if self.roles.objective else None
        schema = self.trials.schema  # made anew each time it is asked for
        numeric = [m for m in self.roles.metrics if schema[m.name].is_numeric()]
        order = {"val": 0, "test": 1, "train": 2, None: 3}
        return tuple(
            sorted(numeric, key=lambda m: (m.name != chosen, order[m.split], m.quantity != "loss", _variant(m.name)))
        )

    @cached_property
    def final_metrics(self) -> tuple[Metric, ...]:
        """The metrics without first values, and without best values where the last one is there, too."""
        present = {_reading(metric) for metric in self.metrics if _variant(metric.name) == 0}
        return tuple(
            metric
            for metric in self.metrics
            if _variant(metric.name) == 0 or (_variant(metric.name) == 1 and _reading(metric) not in present)
        )

    @cached_property
    def objective(self) -> Metric | None:
        """The metric trials are ranked by, with the objective's direction; None where it is open or not a number."""
        chosen = self.roles.objective
        for metric in self.metrics:
            if chosen is not None and metric.name == chosen.metric:
                return type(metric)(metric.name, metric.split, metric.quantity, chosen.direction, metric.paired_with)
        return None

    @cached_property
    def badness(self) -> pl.Series | None:
        """The objective turned so that lower is better, null where not finite; None where its direction is open."""
        if self.objective is None or self.objective.direction is None:
            return None
        values = finite(self.values(self.objective.name))
        return values if self.objective.direction == "min" else -values

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The same quantity on train and on a held-out split, validation rather than test where both are there."""
        by_name = {metric.name: metric for metric in self.final_metrics}
        found: dict[str, Pair] = {}
        for metric in self.final_metrics:
            train = by_name.get(metric.paired_with or "")
            if metric.split not in ("val", "test") or train is None or train.split != "train":
                continue
            kind: Literal["loss", "score"] | None = None
            if is_score(metric) or metric.quantity in ERROR_RATES:
                kind = "score"
            elif metric.direction == "min":
                kind = "loss"
            if kind is not None and train.name not in found:
                found[train.name] = Pair(train, metric, kind)
        return tuple(found.values())

    def fraction(self, metric: Metric) -> pl.Series:
        """Return a bounded score as a fraction, larger is better: percent divided, error rates turned round.

        Non-finite values and values outside the scale are null.
        """
        values = finite(self.values(metric.name))
        scaled = values / self.full_scale(metric)
        inside = scaled.to_frame().select(pl.when(pl.first().is_between(-1e-6, 1 + 1e-6)).then(pl.first())).to_series()
        return 1 - inside if metric.quantity in ERROR_RATES else inside

    @cached_property
    def _scales(self) -> dict[str, float]:
        return {}

    def full_scale(self, metric: Metric) -> float:
        """Return 100 where the metric, or the one it is paired with, is written in percent, else 1.

        Percent it is where at least two values and one in twenty of the finite ones are above 2: a single 87 among
        fractions is a slip, not a scale.
        """
        names = [name for name in (metric.name, metric.paired_with) if name in self.trials.columns]
        return max(self._scale(name) for name in names)

    def _scale(self, name: str) -> float:
        if name not in self._scales:
            values = finite(self.values(name))
            above = int((values > 2).sum())
            percent = above >= max(2, 0.05 * (values.len() - values.null_count()))
            self._scales[name] = 100.0 if percent else 1.0
        return self._scales[name]

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The hyperparameters, lists and records among them (Python objects cannot be compared)."""
        names = [parameter.name for parameter in self.roles.hyperparameters]
        return tuple(name for name in names if self.trials.schema[name] != pl.Object)

    def parameter_hash(self, name: str, places: pl.Series | None = None) -> pl.Series:
        """Return the hash of a hyperparameter's value in every trial (UInt64); the same value has the same hash.

        With `places`, of the trials at these places only.
        """
        values = self.trials.get_column(name)
        return (values if places is None else values.gather(places)).hash(self.parameters.index(name))

    @cached_property
    def unique_parameters(self) -> tuple[str, ...]:
        """Hyperparameters that have a value of their own in every trial; at most two are looked for."""
        found: list[str] = []
        for parameter in sorted(self.roles.hyperparameters, key=lambda p: (-p.distinct, p.name)):
            if len(found) == 2 or parameter.missing or parameter.distinct < 0.9 * self.n:
                break
            if parameter.name in self.parameters and self.trials.get_column(parameter.name).n_unique() == self.n:
                found.append(parameter.name)
        return tuple(found)

    @cached_property
    def configuration_hash(self) -> pl.Series:
        """Hash of all hyperparameters together, the seed left out (UInt64, wrapping sum).

        Where one hyperparameter already tells all trials apart, its hash alone will do.
        """
        names = self.unique_parameters[:1] or self.parameters
        return wrapping_sum((self.parameter_hash(name) for name in names), self.n)

    @cached_property
    def group_codes(self) -> Integers | None:
        """One number per trial for the sweep it belongs to; None where the sweep mixes no several ones."""
        if self.roles.group is None:
            return None
        ranked = self.trials.get_column(self.roles.group).cast(pl.String).rank("dense").fill_null(0)
        return ranked.cast(pl.Int64).to_numpy()

    @cached_property
    def configuration_codes(self) -> Integers:
        """One number per trial, 0 to n - 1, equal for equal hyperparameters within one sweep; the seed is left out."""
        hashes = self.configuration_hash
        if self.group_codes is not None:
            hashes = hashes + pl.Series(self.group_codes).hash(104729)  # wrapping
        return (hashes.rank("dense").cast(pl.Int64) - 1).to_numpy()

    @cached_property
    def seed_hash(self) -> pl.Series | None:
        """Hash of the seed, None without a seed column."""
        if self.roles.seed is None or self.roles.seed not in self.trials.columns:
            return None
        return self.trials.get_column(self.roles.seed).hash(7919)

    @cached_property
    def result_hash(self) -> pl.Series:
        """Hash of all metrics at six significant digits; null with fewer than two or a non-finite one.

        Large sweeps are compared at more digits, since many numbers of six digits meet by chance.
        """
        columns = [self.values(metric.name).alias(str(i)) for i, metric in enumerate(self.metrics)]
        frame = pl.DataFrame(columns)
        names = frame.columns
        digits = max(_SIGNIFICANT, round(2 * math.log10(max(1, self.n))))
        hashes = frame.select(pl.col(name).round_sig_figs(digits).hash(i) for i, name in enumerate(names))
        total = wrapping_sum(hashes.get_columns(), self.n)
        judged = frame.select(
            (pl.sum_horizontal(pl.col(name).is_not_null() for name in names) >= 2)
            & pl.all_horizontal(pl.col(name).is_finite().fill_null(True) for name in names)
        ).to_series()
        return pl.select(pl.when(judged).then(total)).to_series().alias("result")

    @cached_property
    def curves(self) -> MeasuredCurves | None:
        """What is known of every curve; None where the sweep has none."""
        if self.sweep.curves is None:
            return None
        from hpi_core.curves.measured import MeasuredCurves

        measured = MeasuredCurves(self.sweep)
        return measured if measured.metrics else None

    @cached_property
    def numeric_columns(self) -> tuple[str, ...]:
        """Every number column of the source, whatever its role, in the source's order."""
        return tuple(
            name for name, dtype in self.trials.schema.items() if name not in (ROW, STATUS) and dtype.is_numeric()
        )


def finite(values: pl.Series) -> pl.Series:
    """Return the values with NaN and infinities as null."""
    return (
        values.to_frame("x").select(pl.when(pl.col("x").is_finite()).then(pl.col("x"))).to_series().alias(values.name)
    )


def wrapping_sum(hashes: Iterable[pl.Series], length: int) -> pl.Series:
    """Return the sum of UInt64 hashes modulo 2**64; of many columns, one is held at a time."""
    total = pl.zeros(length, dtype=pl.UInt64, eager=True)
    for column in hashes:
        total = total + column
    return total


def is_score(metric: Metric) -> bool:
    """Say whether the metric lies between 0 and 1 (or 100) and larger is better."""
    return metric.quantity in SCORES and metric.direction == "max"


def is_loss(metric: Metric) -> bool:
    """Say whether the metric is to be made small and has no upper bound."""
    return metric.direction == "min" and metric.quantity not in ERROR_RATES | _BOUNDED


def words_of(name: str) -> tuple[str, ...]:
    """Return the lower-case words of a column's name, the namespace's prefix removed."""
    return parse(name).tokens


def _variant(name: str) -> int:
    parsed: Name = parse(name)
    return parsed.metric.variant if parsed.metric else 0


def _reading(metric: Metric) -> tuple[object, ...]:
    parsed = parse(metric.name)
    return (metric.split, parsed.metric.stem if parsed.metric else metric.name)


def _has(found: Callable[[Context], object]) -> Callable[[Context], bool]:
    return lambda context: bool(found(context))


# Word of `Detector.needs` -> (is it there?, what to say where it is not).
NEEDS: Mapping[str, tuple[Callable[[Context], bool], str]] = {
    "status": (_has(lambda c: c.roles.status), "no status column"),
    "metrics": (_has(lambda c: c.metrics), "no metrics"),
    "objective": (_has(lambda c: c.objective), "the objective is not known"),
    "direction": (_has(lambda c: c.badness is not None), "not known whether the objective is to be small or large"),
    "metric pair": (_has(lambda c: c.pairs), "no train/val metric pair"),
    "loss": (_has(lambda c: any(is_loss(metric) for metric in c.final_metrics)), "no loss"),
    "hyperparameters": (_has(lambda c: c.parameters), "no hyperparameters"),
    "seed": (_has(lambda c: c.seed_hash is not None), "no seed column"),
    "curves": (_has(lambda c: c.curves), "no curves"),
    "loss curve": (_has(lambda c: c.curves and c.curves.training), "no curve of a training loss"),
    "held-out curve": (_has(lambda c: c.curves and c.curves.held_out), "no curve of a held-out metric"),
    "main curve": (_has(lambda c: c.curves and c.curves.main), "no curve of a loss or score"),
    "curve pair": (_has(lambda c: c.curves and c.curves.pairs), "no curves of a loss on train and held-out data"),
    "pair": (
        _has(lambda c: c.pairs or (c.curves and c.curves.pairs)),
        "no metric on train and held-out data, in the table or in curves",
    ),
    "gradient curve": (_has(lambda c: c.curves and c.curves.of_kind("gradient")), "no curve of a gradient norm"),
    "two metrics": (_has(lambda c: len(c.metrics) >= 2), "fewer than two metrics"),
}
