"""A metric became NaN or infinite.

MEANING
    A metric of the trial is the literal NaN or an infinity.

WHY IT IS BAD
    The arithmetic broke down: every number after it, and the trained weights, are unusable.

HOW IT IS DECIDED
    Any metric that is not finite, the objective first. An empty cell is missing, not NaN. A metric other than the
    objective that is not finite in more than `placeholder` of the trials whose objective is fine is left out: there NaN
    means that nothing was measured. With curves, also any point of a loss or score that is not finite, and the step of
    the first. A curve that ends finite but is not finite at more than `gaps` of its points was not measured there.

WHEN IT IS WRONG
    Tools write NaN for a validation that never ran; where few trials do so, they are flagged. A ratio metric may be
    0 / 0 in a healthy run.

WHAT TO TRY
    A lower learning rate, warm-up or gradient clipping; look for log(0), a division by a count of zero, half precision.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import of, whole
from hpi_core.detectors.verdict import Hit, Part, mask, say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Look at every metric, the objective first."""
    first = context.objective.name if context.objective else None
    usable = context.values(first).is_finite() if first else None
    hits = []
    for metric in context.metrics:
        values = context.values(metric.name)
        broken = ~values.is_finite()
        if broken.any() and metric.name != first and usable is not None:
            among = broken.filter(usable.fill_null(False)).mean()
            if among is not None and among > thresholds["placeholder"]:  # type: ignore[operator]
                continue
        step, since = _first_step(context, metric.name)
        hits.append(Hit(broken, [f"{metric.name} is ", values, *since], "error", metric.name, values, None, step))
    return verdicts(context, [*hits, *_curves(context, usable, thresholds)])


def _first_step(context: Context, name: str) -> tuple[pl.Series | None, list[Part]]:
    """Return the first step at which the metric's curve was not finite, and how to say it."""
    curve = context.curves.like(name) if context.curves is not None else None
    if curve is None:
        return None, []
    said = of(curve, pl.format("; first at step {} of {}", "nonfinite_step", "last_step")).fill_null("")
    return curve["nonfinite_step"], [said]


def _curves(context: Context, usable: pl.Series | None, thresholds: Thresholds) -> list[Hit]:
    """Look at every curve of a loss or score: some were not finite on the way only."""
    hits = []
    for curve in context.curves.of_kind("loss", "score") if context.curves is not None else ():
        # What was never measured, or only now and then, is no breakdown; what broke on the way was measured before.
        rare = ~pl.col("ends_nonfinite") & (pl.col("nonfinite") > thresholds["gaps"] * pl.col("points"))
        broken = of(curve, pl.when(~rare).then(pl.col("nonfinite") > 0))
        never = of(curve, pl.col("n") == 0)
        among = never.filter(usable.fill_null(False)).mean() if usable is not None else None
        if among is not None and among > thresholds["placeholder"]:  # type: ignore[operator]
            broken = mask(broken, ~never)
        again = of(curve, pl.when(~pl.col("ends_nonfinite")).then(pl.lit(", finite again at the end"))).fill_null("")
        evidence = say(
            f"{curve.metric.name} was first not finite at step ", whole(curve["nonfinite_step"]), " of ",
            whole(curve["last_step"]), again,
        )  # fmt: skip
        hits.append(Hit(broken, evidence, "error", curve.metric.name, None, None, curve["nonfinite_step"]))
    return hits


DETECTOR = Detector(
    issue="nonfinite_metric",
    tag="NONFIN",
    title="A metric is NaN or infinite",
    severity="error",
    needs=("metrics",),
    thresholds=(
        Threshold(
            "placeholder", 0.5, "share of trials", "chosen here", "above it NaN means not measured (not the objective)"
        ),
        Threshold("gaps", 0.3, "share of points", "chosen here", "of a curve: above it NaN means not measured there"),
    ),
    check=check,
    advice="Lower the learning rate, warm up or clip gradients; look for log(0) and half precision.",
    quick=True,
    judges_unended=True,
    examples=(
        Example({"lr": [0.1, 0.2, 9.0], "val_loss": [0.5, 0.4, float("nan")]}, (2,)),
        Example({"lr": [0.1, 0.2, 9.0], "val_loss": [0.5, 0.4, 0.6], "train_loss": [0.5, 0.4, float("inf")]}, (2,)),
        Example({"lr": [0.1, 0.2, 9.0], "val_loss": [0.5, None, 0.4]}, ()),
        Example(
            {"lr": [0.1, 0.2, 9.0], "val_loss": [0.5, 0.6, 0.4], "test_loss": [float("nan"), float("nan"), 0.4]}, ()
        ),
        Example(
            {"lr": [0.1, 0.2, 9.0], "val_loss": [0.5, 0.6, 0.4]},
            (2,),
            curves={"val_loss": [[1.0, 0.7, 0.6, 0.5], [1.0, 0.8, 0.7, 0.6], [1.0, float("nan"), 0.5, 0.4]]},
        ),
    ),
    manual=__doc__,
)
