"""Columns that hold a metric of one group of people or examples: `acc_male_asian`, `fpr/group_3`, `0-accuracy`.

A column is taken for a group's where its name holds a metric and, besides, words that name a group: known words
(male, asian, …), the word group, or digits that are followed by a column of the attribute (`0-TPR, 1-TPR, sex-TPR`).
Names of splits, folds, classes, epochs, tops, bests and means are never groups.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpi_core.detectors.context import words_of

if TYPE_CHECKING:
    from hpi_core.detectors.context import Context

METRICS = {
    "acc": "accuracy", "accuracy": "accuracy", "fpr": "fpr", "fnr": "fnr", "tpr": "tpr", "tnr": "tnr", "recall": "tpr",
    "sensitivity": "tpr", "specificity": "tnr", "ppr": "positive_rate", "pr": "positive_rate", "n": "n", "count": "n",
    "size": "n", "support": "n",
}  # fmt: skip
_TWO_WORDS = {"positive rate": "positive_rate", "selection rate": "positive_rate"}
_ATTRIBUTES = {
    **dict.fromkeys(["male", "female", "man", "woman", "men", "women", "nonbinary"], "gender"),
    **dict.fromkeys(
        ["asian", "white", "black", "hispanic", "latino", "latina", "caucasian", "african", "indian"], "race"
    ),
    **dict.fromkeys(["young", "old", "elderly", "adult", "child", "senior", "middle"], "age"),
    **dict.fromkeys(["privileged", "unprivileged", "protected", "unprotected", "minority", "majority"], "privilege"),
    **dict.fromkeys(["group", "subgroup", "grp"], "group"),
}
_NEVER = frozenset(
    [
        "class",
        "cls",
        "label",
        "fold",
        "split",
        "seed",
        "epoch",
        "step",
        "best",
        "last",
        "final",
        "first",
        "mean",
        "avg",
        "std",
        "stderr",
        "min",
        "max",
        "macro",
        "micro",
        "weighted",
        "top",
        "ema",
        "ratio",
        "diff",
        "over",
        "gap",
        "rank",
        "len",
        "nonfinite",
        "params",
        "workers",
        "layers",
    ]
)
_SPLITS = frozenset(["train", "training", "val", "valid", "validation", "test", "testing", "eval"])
_DIGIT_NAME = re.compile(r"^(\d+(?:-\d+)*)-([A-Za-z]+)")
_ATTRIBUTE_NAME = re.compile(r"^([A-Za-z]\w*(?:-[A-Za-z]\w*)*)-([A-Za-z]+)$")


@dataclass(frozen=True)
class Partition:
    """One way of dividing the examples: its name, metric -> group -> column, and metric -> column over all groups."""

    name: str
    groups: dict[str, dict[str, str]]
    overall: dict[str, str]


def partitions(context: Context) -> tuple[Partition, ...]:
    """Return every division whose columns name at least two groups of one metric, by name."""
    overall: dict[tuple[str, str], str] = {}
    found: defaultdict[tuple[str, str], defaultdict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for name in context.numeric_columns:
        if _DIGIT_NAME.match(name):
            continue
        parsed = _parse(words_of(name))
        if parsed is None:
            continue
        metric, split, group = parsed
        if not group:
            if metric != "n":
                overall.setdefault((split, metric), name)
        elif (kind := _kind(group)) is not None:
            found[split, kind][metric].setdefault(" ".join(group), name)
    for attribute, quantity, run in _numbered(context.numeric_columns):
        found["", attribute][quantity].update(run)
    result = []
    for (split, kind), metrics in sorted(found.items()):
        sizes = found["", kind].get("n", {}) if ("", kind) in found else {}
        groups = {metric: columns for metric, columns in metrics.items() if len(columns) >= 2}
        if len(sizes) >= 2:
            groups.setdefault("n", sizes)
        if set(groups) - {"n"}:
            whole = {m: overall[s, m] for m in groups for s in (split, "") if (s, m) in overall and m != "n"}
            result.append(Partition(f"{split} {kind}".strip(), groups, whole))
    return tuple(result)


def _parse(words: tuple[str, ...]) -> tuple[str, str, tuple[str, ...]] | None:
    """Return (metric, split, words of the group), or None where the name holds no metric or speaks of no group."""
    # Behind the word `group` stands a name that may hold any word: `fpr/group_over_65`.
    told = next((i for i, word in enumerate(words) if i and _ATTRIBUTES.get(word) == "group"), len(words))
    words, named = words[:told], words[told:]
    if _NEVER & set(words):
        return None
    joined = " ".join(words)
    for phrase, found in _TWO_WORDS.items():
        if phrase in joined:
            metric = found
            rest = joined.replace(phrase, " ", 1).split()
            break
    else:
        at = next((i for i, word in enumerate(words) if word in METRICS), None)
        if at is None:
            return None
        metric, rest = METRICS[words[at]], [word for i, word in enumerate(words) if i != at]
    split = next((word for word in rest if word in _SPLITS), "")
    return metric, split, (*(word for word in rest if word not in _SPLITS), *named)


def _kind(group: tuple[str, ...]) -> str | None:
    """Return the attributes a group is told by, or None where no word is known to name one."""
    kinds = [_ATTRIBUTES.get(re.sub(r"\d+$", "", word)) for word in group]
    if kinds[:1] == ["group"]:
        return "group"
    if None in kinds and not all(word.isdigit() or kind for word, kind in zip(group, kinds, strict=True)):
        return None
    return " x ".join(dict.fromkeys(kind for kind in kinds if kind)) or None


def _numbered(columns: tuple[str, ...]) -> list[tuple[str, str, dict[str, str]]]:
    """Return (attribute, metric, group -> column) of numbered columns, each run closed by the attribute's column."""
    found: list[tuple[str, str, dict[str, str]]] = []
    run: dict[str, str] = {}
    metric = ""
    for name in columns:
        digits, attribute = _DIGIT_NAME.match(name), _ATTRIBUTE_NAME.match(name)
        if digits and "_over_" not in name and digits[2].lower() in METRICS:
            word = METRICS[digits[2].lower()]
            if word != metric or digits[1] in run:
                run = {}
            metric = word
            run[digits[1]] = name
            continue
        if attribute and len(run) >= 2 and METRICS.get(attribute[2].lower()) == metric:
            found.append((attribute[1], metric, run))
        run, metric = {}, ""
    return found
