"""MeasuredCurves: the features of a sweep's curves, metric by metric, one value per trial.

What a curve is of is told by its name: a loss, a score, a gradient norm, memory, … Lower is better in every feature of
losses and scores; `Measured.shown` turns levels back to the source's orientation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import polars as pl

from hpi_core.curves.features import SCHEMA, curve_features
from hpi_core.curves.kept import features_of
from hpi_core.frames import ROW
from hpi_core.roles.names import parse
from hpi_core.roles.vocabulary import words

if TYPE_CHECKING:
    from hpi_core.roles import Metric
    from hpi_core.roles.model import Direction, Split
    from hpi_core.sweep import Sweep

Kind = Literal[
    "loss", "score", "gradient", "learning rate", "memory", "duration", "throughput", "dead", "saturated",
    "update ratio", "parameters", "clock", "other",
]  # fmt: skip

_LEARNING_RATE = frozenset(["lr", "learning_rate", "current_lr", "step_size"])
_OPTIMIZERS = frozenset(
    words("sgd adam adamw adamax nadam radam rmsprop adagrad adadelta lamb lion adafactor optimizer w")
)
_GROUP = re.compile(r"pg|group|param|params|\d+|(?:pg|group)\d+")
_NUMBERED = re.compile(r"lr\d+")
_PACE = "time per step"
_MEMORY = frozenset(["memory", "mem", "rss", "vram", "ram"])
_STEP_TIMES = ("step_time", "iter_time", "iteration_time", "batch_time", "time_per_step", "time_per_iter", "epoch_time",
               "time_this_iter", "seconds_per_step", "sec_per_step", "step_duration")  # fmt: skip
_CLOCKS = frozenset(
    words(
        """
        time timestamp datetime wall_time walltime wall_clock wallclock elapsed elapsed_s elapsed_sec elapsed_seconds
        elapsed_time runtime runtime_s runtime_sec runtime_seconds time_total_s relative_time time_s time_sec seconds
        total_duration accumulated_submission_time
        """
    )
)
_THROUGHPUT = ("per_second", "per_sec", "throughput", "it_s", "samples_s", "tokens_s")
# Losses that need not fall when training goes well.
_NOT_FALLING = frozenset(
    words(
        """
        gan generator discriminator adversarial adv critic actor policy reward entropy kl kld kullback elbo contrastive
        diversity commitment temporal td q value gen disc
        """
    )
)


@dataclass(frozen=True)
class CurveMetric:
    """A metric that has curves; `falls` is true for a loss that falls when training goes well."""

    name: str
    kind: Kind
    split: Split | None
    quantity: str
    direction: Direction | None
    stem: str
    falls: bool


@dataclass(frozen=True, eq=False)
class Measured:
    """The features of one metric's curves: `frame` has one row per trial of the sweep, null where it has no curve."""

    metric: CurveMetric
    frame: pl.DataFrame
    sign: float

    def __getitem__(self, feature: str) -> pl.Series:
        return self.frame.get_column(feature)

    def shown(self, feature: str) -> pl.Series:
        """Return a level as the source has it, larger values being larger."""
        return self[feature] * self.sign


class MeasuredCurves:
    """The curves of one sweep. Measured on first use, in one pass over the points, and kept."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep

    @cached_property
    def metrics(self) -> tuple[CurveMetric, ...]:
        """The metrics that have curves, the objective first, then by name."""
        names = self._features.get_column("metric").unique().sort().to_list()
        roles = self._sweep.roles
        objective = roles.objective
        known = {metric.name: metric for metric in roles.metrics}
        first = objective.metric if objective is not None else None
        told = objective.direction if objective is not None else None
        ordered = sorted(names, key=lambda name: (name != first, name))
        return tuple(_metric(name, known.get(name), told if name == first else None) for name in ordered)

    @cached_property
    def _features(self) -> pl.DataFrame:
        curves = self._sweep.curves
        if curves is None:
            return pl.DataFrame(schema=SCHEMA)
        return features_of(curves, _Maximised(self._sweep))

    @cached_property
    def _parts(self) -> dict[str, pl.DataFrame]:
        split = self._features.partition_by("metric", as_dict=True)
        return {str(key[0]): part for key, part in split.items()}

    @cached_property
    def _measured(self) -> dict[str, Measured]:
        return {}

    def of(self, metric: CurveMetric) -> Measured:
        """Return the features of a metric's curves, one row per trial."""
        if metric.name not in self._measured:
            rows = self._sweep.trials.select(ROW)
            part = self._parts[metric.name].drop("metric")
            frame = rows.join(part, on=ROW, how="left", maintain_order="left")
            self._measured[metric.name] = Measured(metric, frame, -1.0 if metric.direction == "max" else 1.0)
        return self._measured[metric.name]

    def of_kind(self, *kinds: Kind) -> tuple[Measured, ...]:
        """Return the measured curves of these kinds."""
        return tuple(self.of(metric) for metric in self.metrics if metric.kind in kinds)

    def like(self, column: str) -> Measured | None:
        """Return the curves that a trial's column shows the end of: of the same name, or of the same reading of it."""
        by_name = {metric.name: metric for metric in self.metrics}
        if column in by_name:
            return self.of(by_name[column])
        wanted = parse(column).metric
        if wanted is None or wanted.variant:
            return None
        same = [
            m for m in self.metrics if (m.split, m.quantity, m.stem) == (wanted.split, wanted.quantity, wanted.stem)
        ]
        return self.of(same[0]) if len(same) == 1 else None

    @cached_property
    def training(self) -> tuple[Measured, ...]:
        """The training losses: those of the split `train`, else losses without a split, both only if they must fall."""
        losses = [metric for metric in self.metrics if metric.kind == "loss" and metric.falls]
        own = [metric for metric in losses if metric.split == "train"]
        bare = [metric for metric in losses if metric.split is None]
        return tuple(self.of(metric) for metric in [*own, *bare])

    @cached_property
    def held_out(self) -> tuple[Measured, ...]:
        """The held-out curve that says how good the model is: the objective's, else the loss, else the score.

        An objective that names no split is held-out, unless it is a loss that training brings down. Of several sweeps
        in one, each has its own; no trial has two.
        """
        objective = self._sweep.roles.objective
        told = objective.metric if objective is not None else ""
        judged = [
            m
            for m in self.metrics
            if m.kind in ("loss", "score")
            and m.direction
            and (m.split in ("val", "test") or (m.name == told and m.split is None and not m.falls))
        ]
        order = {"val": 0, "test": 1}
        judged.sort(key=lambda m: (m.name != told, m.kind != "loss", order[m.split or "val"], len(m.stem), m.name))
        return self._first_of_each(judged)

    @cached_property
    def _sweep_of_row(self) -> pl.Series | None:
        """The sweep of every trial where several were put together, else None."""
        hints = self._sweep.hints
        if not hints.grouped or hints.group not in self._sweep.trials.columns:
            return None
        return self._sweep.trials.get_column(hints.group)

    def _first_of_each(self, candidates: Sequence[CurveMetric]) -> tuple[Measured, ...]:
        """Return for every sweep the first of the candidates that it has curves of, each for the trials it is for."""
        sweeps = self._sweep_of_row
        if sweeps is None:
            return tuple(self.of(metric) for metric in candidates[:1])
        chosen: dict[int, list[str]] = {}
        waiting = set(sweeps.drop_nulls().unique().to_list())
        for at, candidate in enumerate(candidates):
            with_curves = set(sweeps.filter(self.of(candidate)["n"].is_not_null()).drop_nulls().unique().to_list())
            if mine := waiting & with_curves:
                chosen[at] = sorted(mine)
                waiting -= mine
        return tuple(_only(self.of(candidates[at]), sweeps.is_in(names)) for at, names in chosen.items())

    @cached_property
    def pace(self) -> Measured | None:
        """How long a step took, from the times that stand in the curves; None where there are none."""
        taken = self._pace
        if taken is None:
            return None
        frame = self._sweep.trials.select(ROW).join(
            curve_features(taken).drop("metric"), on=ROW, how="left", maintain_order="left"
        )
        return Measured(CurveMetric(_PACE, "duration", None, "duration", None, _PACE, False), frame, 1.0)

    def points(self, measured: Measured) -> pl.LazyFrame:
        """Return the points these features are of, among those of other metrics."""
        own = self._pace if measured.metric.name == _PACE else self._sweep.curves
        assert own is not None
        return own

    @cached_property
    def _pace(self) -> pl.LazyFrame | None:
        """The time per step from point to point, as curves; None where nothing in the curves tells the time."""
        curves = self._sweep.curves
        name = next((metric.name for metric in self.metrics if metric.kind == "clock"), None)
        if curves is None or name is None:
            return None
        own = pl.col(ROW) == pl.col(ROW).shift(1)
        steps, seconds = pl.col("step").diff(), pl.col("value").diff() / ticks(pl.col("value").min())
        return (
            curves.filter(pl.col("metric").cast(pl.String) == name)
            .select(ROW, pl.lit(_PACE).alias("metric"), "step",
                    pl.when(own & (steps > 0) & (seconds >= 0)).then(seconds / steps).alias("value"))
            .drop_nulls("value")
        )  # fmt: skip

    @cached_property
    def main(self) -> tuple[Measured, ...]:
        """The held-out curve, or the training losses where there is none; of several sweeps in one for each."""
        sweeps = self._sweep_of_row
        if sweeps is None or not self.held_out:
            return self.held_out or self.training
        held = set().union(*(sweeps.filter(one["n"].is_not_null()).to_list() for one in self.held_out))
        others = ~sweeps.is_in(sorted(held))
        rest = [_only(one, others) for one in self.training if one["n"].filter(others).is_not_null().any()]
        return (*self.held_out, *rest)

    @cached_property
    def pairs(self) -> tuple[tuple[Measured, Measured], ...]:
        """(training, held-out) curves of the same loss, validation rather than test."""
        found = []
        for train in self.training:
            same = [
                m
                for split in ("val", "test")
                for m in self.metrics
                if m.kind == "loss" and m.split == split and m.stem == train.metric.stem and m.direction == "min"
            ]
            found += [(train, held_out) for held_out in self._first_of_each(same)]
        return tuple(found)


def _only(measured: Measured, rows: pl.Series) -> Measured:
    """Return the features of these trials, null for all others."""
    others = [pl.when(rows).then(pl.col(name)).alias(name) for name in measured.frame.columns if name != ROW]
    return replace(measured, frame=measured.frame.with_columns(others))


def ticks(first: pl.Expr) -> pl.Expr:
    """Return how many ticks of a clock make a second, told by when it began: since 1970 in ms, µs or ns, else in s."""
    return (
        pl.when(first > 1e17).then(1e9).when(first > 1e14).then(1e6).when(first > 1e11).then(1e3).otherwise(1.0)
    )  # fmt: skip


class _Maximised(dict[str, bool]):
    """Metric -> whether it is to be large, as far as anybody knows."""

    def __init__(self, sweep: Sweep) -> None:
        assert sweep.curves is not None
        names = sweep.curves.select(pl.col("metric").cast(pl.String).unique()).collect()["metric"].to_list()
        known = {metric.name: metric for metric in sweep.roles.metrics}
        objective = sweep.roles.objective
        for name in names:
            told = objective.direction if objective is not None and objective.metric == name else None
            self[name] = _metric(name, known.get(name), told).direction == "max"


def _metric(name: str, known: Metric | None, told: Direction | None) -> CurveMetric:
    parsed = parse(name)
    found = parsed.metric
    kind = kind_of(name)
    split = known.split if known is not None else (found.split if found is not None else None)
    direction = told or (known.direction if known is not None else (found.direction if found is not None else None))
    quantity = known.quantity if known is not None else (found.quantity if found is not None else name)
    if kind == "other" and found is not None and found.variant == 0 and not found.compared and direction is not None:
        kind = "loss" if direction == "min" and found.family in ("loss", "error") else "score"
    if kind == "other" and told is not None:
        kind = "score"  # the objective, whatever it is called: how good a trial is
    if kind not in ("loss", "score"):
        direction = None
    falls = kind == "loss" and direction == "min" and not _NOT_FALLING & set(parsed.tokens)
    return CurveMetric(name, kind, split, quantity, direction, found.stem if found is not None else name, falls)


def _of_a_group(tokens: tuple[str, ...]) -> str:
    """Return the last word of a name, or the last two, without the optimizer and parameter group it is of.

    Lightning logs `lr-AdamW/pg1`, YOLO `lr/pg0` or `x/lr0`.
    """
    while tokens and (tokens[-1] in _OPTIMIZERS or _GROUP.fullmatch(tokens[-1])):
        tokens = tokens[:-1]
    if tokens and _NUMBERED.fullmatch(tokens[-1]):
        return "lr"
    return "_".join(tokens[-2:]) if "_".join(tokens[-2:]) in _LEARNING_RATE else "_".join(tokens[-1:])


def kind_of(name: str) -> Kind:
    """Return what else than a loss or score the name speaks of, `other` where nothing."""
    parsed = parse(name)
    tokens, key, said = parsed.tokens, parsed.key, set(parsed.tokens)
    if said & {"grad", "gradient", "grads", "gradients", "gnorm"} and not said & {
        "clip",
        "clipped",
        "accumulation",
        "time",
    }:
        return "gradient"
    if key in _LEARNING_RATE or _of_a_group(tokens) in _LEARNING_RATE:
        return "learning rate"
    if any(word in key for word in _THROUGHPUT):
        return "throughput"
    if any(word in key for word in _STEP_TIMES):
        return "duration"
    if key.strip("_") in _CLOCKS:
        return "clock"
    if said & _MEMORY:
        return "memory"
    if said & {"dead", "dormant"} or "zero_fraction" in key:
        return "dead"
    if said & {"saturated", "saturation"}:
        return "saturated"
    if "update_ratio" in key or "update_to_weight" in key or "update_to_data" in key:
        return "update ratio"
    if said & {"weight", "weights", "param", "params"} and said & {"norm", "norms"}:
        return "parameters"
    return "other"
