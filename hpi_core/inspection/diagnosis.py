"""What several issues at one end of a hyperparameter mean together, in words a practitioner uses.

Only causes that stood up to their tests are put into words; the words add no claim, they name what the causes share.
Notes that make nobody sick (a slow start, a run that stopped while it still improved) count as much here, for they say
which way to move a setting. What most trials have in common is said with its counts alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from hpi_core.numerals import number, percent, plural
from hpi_core.roles.names import parse

if TYPE_CHECKING:
    from hpi_core.inspection.model import Inspection, IssueCount
    from hpi_core.statistics.findings import Cause

End = Literal["above", "below"]

_UNSTABLE = frozenset(
    [
        "nonfinite_metric", "exploded_metric", "diverged", "spike", "oscillation", "late_variance", "train_rising",
        "gradient_spike", "exploding_gradient", "gradient_nonfinite",
    ]
)  # fmt: skip
_NOT_LEARNING = frozenset(["not_decreasing", "stuck_at_chance", "vanishing_gradient", "unchanged_weights"])
_SLOW = frozenset(["slow_start", "still_improving"])
_OVERFITTING = frozenset(["overfit_gap", "rebound"])
_NOISY = frozenset(["oscillation", "late_variance", "spike", "gradient_spike"])

_LEARNING_RATE = frozenset(["lr", "learning_rate", "max_lr", "base_lr", "peak_lr", "lr_init", "init_lr", "step_size"])
_REGULARISERS = frozenset(
    [
        "dropout", "dropout_rate", "droprate", "drop_rate", "drop_path", "weight_decay", "wd", "l2", "l2_reg",
        "label_smoothing", "mixup",
    ]
)  # fmt: skip
_BATCH = frozenset(["batch_size", "batchsize", "bs", "train_batch_size"])
_SIZE = frozenset(
    ["width", "hidden", "hidden_size", "hidden_dim", "d_model", "depth", "layers", "num_layers", "n_layers"]
)
_LENGTH = frozenset(
    [
        "epochs", "num_epochs", "n_epochs", "max_epochs", "steps", "max_steps", "num_steps", "train_steps",
        "total_steps",        "iterations", "max_iter", "num_train_epochs",
    ]
)  # fmt: skip

# (names, end, issues that say so, diagnosis); the first that fits is used.
_RULES: tuple[tuple[frozenset[str], End, frozenset[str], str], ...] = (
    (_LEARNING_RATE, "above", _UNSTABLE, "learning rate too high"),
    (_LEARNING_RATE, "above", _NOT_LEARNING, "learning rate too high to learn at all"),
    (_LEARNING_RATE, "below", _NOT_LEARNING | _SLOW, "learning rate too low"),
    (_REGULARISERS, "below", _OVERFITTING, "regularization too weak"),
    (_REGULARISERS, "above", _NOT_LEARNING | _SLOW, "regularization too strong"),
    (_BATCH, "below", _NOISY, "batches too small: their noise shows in the curves"),
    (_BATCH, "above", _NOT_LEARNING | _SLOW, "batches too large: too few updates"),
    (_LENGTH, "below", _SLOW, "training too short: underfit"),
    (_SIZE, "above", _OVERFITTING, "model too large for the data or its regularization"),
    (_SIZE, "below", _NOT_LEARNING, "model too small: underfit"),
)


# How common something must be to be said of the sweep as a whole: trials, share of those that could be judged.
_LEAST_TRIALS = 5
_REBOUNDING, _UNFINISHED = 0.2, 0.5


@dataclass(frozen=True)
class Diagnosis:
    """What was found, in a practitioner's words.

    Attributes:
        text: the diagnosis itself, `learning rate too low`, `stop earlier, near step 40`.
        reason: what it rests on, with counts.
        issues: the issues it combines.
        because: `cause:N` and `info_cause:N` (places among causes and info causes), or `issue:ID`.
        rows: `_row` of the trials with such an issue there.
        parameter: the hyperparameter it speaks of; None for the sweep as a whole.
        where: the condition, `lr > 0.013`; empty for the sweep as a whole.
    """

    text: str
    reason: str
    issues: tuple[str, ...]
    because: tuple[str, ...]
    rows: frozenset[int]
    parameter: str | None = None
    where: str = ""


def diagnoses(inspection: Inspection) -> tuple[Diagnosis, ...]:
    """Return what causes and curves mean: by hyperparameter, the strongest cause's first, then of the whole sweep."""
    claims = [(f"cause:{place}", cause) for place, cause in enumerate(inspection.causes)]
    claims += [(f"info_cause:{place}", cause) for place, cause in enumerate(inspection.infos.causes)]
    ends: dict[tuple[str, str], list[tuple[str, Cause]]] = {}
    for name, cause in claims:
        ends.setdefault((cause.parameter, cause.kind), []).append((name, cause))
    found = [_of_an_end(here) for here in ends.values()]
    whole = [_stop_earlier(inspection), _too_short(inspection)]
    return tuple(one for one in (*found, *whole) if one is not None)


def _of_an_end(claims: Sequence[tuple[str, Cause]]) -> Diagnosis | None:
    """Return what the causes at one end of a parameter mean: those of them that say so."""
    leading = claims[0][1]
    rule = _rule(leading.parameter, leading.kind, [cause.issue for _, cause in claims])
    if rule is None:
        return None
    telling, words = rule
    chosen = [(name, cause) for name, cause in claims if cause.issue in telling]
    counts = [
        f"{cause.text}: {cause.issue} in {cause.sick:,} of {cause.n:,}, elsewhere {cause.elsewhere_sick:,} of "
        f"{cause.elsewhere_n:,}"
        for _, cause in chosen
    ]
    rows = frozenset(int(row) for _, cause in chosen for row in cause.rows)
    issues = tuple(dict.fromkeys(cause.issue for _, cause in chosen))
    return Diagnosis(
        words, f"{'; '.join(counts)}.", issues, tuple(name for name, _ in chosen), rows, leading.parameter,
        chosen[0][1].text,
    )  # fmt: skip


def _stop_earlier(inspection: Inspection) -> Diagnosis | None:
    """Say from which step on held-out curves got worse, where many did."""
    issue = _common(inspection, "rebound", _REBOUNDING)
    if issue is None or not issue.diagnostic:
        return None
    steps = inspection.findings.filter((pl.col("issue") == "rebound") & pl.col("step").is_not_null())["step"]
    if steps.is_empty():
        return None
    low, middle, high = (number(float(steps.quantile(share, "nearest") or 0)) for share in (0.25, 0.5, 0.75))
    reason = (
        f"In {_counted(issue)} the held-out curve got worse again, from step {middle} on (half of them between {low} "
        f"and {high})."
    )
    because = ("issue:rebound",)
    return Diagnosis(f"stop earlier, near step {middle}", reason, ("rebound",), because, frozenset(issue.rows))


def _too_short(inspection: Inspection) -> Diagnosis | None:
    """Say that most trials stopped before they were done."""
    issue = _common(inspection, "still_improving", _UNFINISHED)
    if issue is None:
        return None
    reason = f"{_counted(issue)} were still improving when they stopped."
    because = ("issue:still_improving",)
    return Diagnosis("underfit: train for longer", reason, ("still_improving",), because, frozenset(issue.rows))


def _counted(issue: IssueCount) -> str:
    return f"{issue.count:,} of {plural(issue.assessable, 'trial')} ({percent(issue.rate)})"


def _common(inspection: Inspection, name: str, rate: float) -> IssueCount | None:
    found = next((issue for issue in inspection.issues if issue.issue == name and issue.scope == "trial"), None)
    enough = found is not None and found.count >= _LEAST_TRIALS and (found.rate or 0.0) >= rate
    return found if enough else None


def _rule(parameter: str, kind: str, issues: Collection[str]) -> tuple[frozenset[str], str] | None:
    key = parse(parameter).key
    for names, end, telling, words in _RULES:
        if key in names and kind == end and any(issue in telling for issue in issues):
            return telling, words
    return None


def diagnose(parameter: str, kind: str, issues: Collection[str]) -> str:
    """Return what these issues at one end of a hyperparameter mean, or an empty string.

    Args:
        parameter: the hyperparameter's name.
        kind: the end of its range, `above` or `below` a cut; any other kind has no diagnosis.
        issues: those that were found to be more frequent there.
    """
    rule = _rule(parameter, kind, issues)
    if rule is None:
        return ""
    telling, words = rule
    return f"{words} ({', '.join(dict.fromkeys(issue for issue in issues if issue in telling))})"
