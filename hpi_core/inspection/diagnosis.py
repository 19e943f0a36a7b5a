"""What several issues at one end of a hyperparameter mean together, in words a practitioner uses.

Only causes that stood up to their tests are put into words; the words add no claim, they name what the causes share.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from hpi_core.roles.names import parse

End = Literal["above", "below"]

_UNSTABLE = frozenset(
    [
        "nonfinite_metric", "exploded_metric", "diverged", "spike", "oscillation", "late_variance", "train_rising",
        "gradient_spike", "exploding_gradient", "gradient_nonfinite",
    ]
)  # fmt: skip
_NOT_LEARNING = frozenset(["not_decreasing", "stuck_at_chance", "vanishing_gradient", "unchanged_weights"])
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

# (names, end, issues that say so, diagnosis); the first that fits is used.
_RULES: tuple[tuple[frozenset[str], End, frozenset[str], str], ...] = (
    (_LEARNING_RATE, "above", _UNSTABLE, "learning rate too high"),
    (_LEARNING_RATE, "above", _NOT_LEARNING, "learning rate too high to learn at all"),
    (_LEARNING_RATE, "below", _NOT_LEARNING, "learning rate too low"),
    (_REGULARISERS, "below", _OVERFITTING, "regularization too weak"),
    (_REGULARISERS, "above", _NOT_LEARNING, "regularization too strong"),
    (_BATCH, "below", _NOISY, "batches too small: their noise shows in the curves"),
    (_SIZE, "above", _OVERFITTING, "model too large for the data or its regularization"),
    (_SIZE, "below", _NOT_LEARNING, "model too small: underfit"),
)


def diagnose(parameter: str, kind: str, issues: Collection[str]) -> str:
    """Return what these issues at one end of a hyperparameter mean, or an empty string.

    Args:
        parameter: the hyperparameter's name.
        kind: the end of its range, `above` or `below` a cut; any other kind has no diagnosis.
        issues: those that were found to be more frequent there.
    """
    key = parse(parameter).key
    for names, end, telling, words in _RULES:
        said = [issue for issue in issues if issue in telling]
        if key in names and kind == end and said:
            return f"{words} ({', '.join(dict.fromkeys(said))})"
    return ""
