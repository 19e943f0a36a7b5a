"""Columns that hold one number per class: `recall_class_3`, `class_2_accuracy`, `support/cat`, `n_class_1`."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from hpi_core.detectors.context import words_of

if TYPE_CHECKING:
    from hpi_core.detectors.context import Context

_RIGHT = frozenset(["recall", "acc", "accuracy", "tpr", "sensitivity"])
_WRONG = frozenset(["error", "err", "misprediction", "misclassification"])
_COUNT = frozenset(["count", "support", "samples", "labels", "n", "num", "size"])
_CLASS = frozenset(["class", "cls", "label"])
_SPLITS = frozenset(["train", "training", "val", "valid", "validation", "test", "testing", "eval", "dev"])


def class_columns(context: Context) -> tuple[dict[str, list[str]], list[str]]:
    """Return (split words + kind -> columns of a share per class, columns of counts per class).

    Kinds end in ` right` or ` wrong`. A name must say class, and what is left of it must be one number or word.
    """
    shares: dict[str, list[str]] = defaultdict(list)
    counts: list[str] = []
    for name in context.numeric_columns:
        words = words_of(name)
        if not _CLASS & set(words):
            continue
        rest = [word for word in words if word not in _CLASS | _SPLITS]
        if len(rest) != 2:
            continue
        split = " ".join(word for word in words if word in _SPLITS)
        if set(rest) & _RIGHT:
            shares[f"{split} right"].append(name)
        elif set(rest) & _WRONG:
            shares[f"{split} wrong"].append(name)
        elif set(rest) & _COUNT:
            counts.append(name)
    return {kind: names for kind, names in shares.items() if len(names) >= 2}, counts if len(counts) >= 2 else []
