"""The objective: the metric trials are ranked by, found where the choice is plain and left open where it is not.

The source's own word comes first. Else val before test before a metric without a split before train, then loss before
error before accuracy before anything else, then the final value before a best or first one. Among equals the plain
metric (`val_loss`) stands for the qualified ones (`val/ctc_loss`) if it has a value wherever one of them has; any other
tie has no answer, and so has a metric whose direction nothing tells.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hpi_core.roles.model import Metric, Objective
from hpi_core.roles.names import MetricName, Name, is_resource, is_setting, parse
from hpi_core.roles.vocabulary import THROUGHPUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import polars as pl

_SPLITS = {"val": 0, "test": 1, None: 2, "train": 3}
_FAMILIES = {"loss": 0, "error": 1, "accuracy": 2, "other": 3}
_AT = re.compile(r"(?<![a-z])(?P<what>top|acc|hits|precision|recall|ndcg|map|at)_?(?P<number>\d+)(?=_|$)")
_DECLARED = frozenset(["objective", "objective_value", "target_metric"])


def infer_objective(table: pl.DataFrame, metrics: Mapping[str, Metric], study: bool) -> Objective | None:
    """Return the objective, with direction None where it must be asked, or None where several metrics tie.

    `study` says that the table is an Optuna study, whose `value` is the objective by definition.
    """
    ranked: dict[tuple[int, ...], list[str]] = {}
    for name, metric in metrics.items():
        if (rank := _rank(parse(name), metric, study)) is not None:
            ranked.setdefault(rank, []).append(name)
    if not ranked:
        return None
    best = min(ranked)
    first = _single(table, ranked[best])
    if first is None:
        return None
    declared = parse(first).declared
    return Objective(first, declared or metrics[first].direction, "source" if declared else "inferred")


def _rank(name: Name, metric: Metric, study: bool) -> tuple[int, ...] | None:
    read = name.metric
    if read is not None and (read.compared or (read.quantity == THROUGHPUT and not name.declared)):
        return None
    if not name.declared and (is_setting(name) or (read is None and is_resource(name))):
        return None  # the schedule of a learning rate, a clock
    if name.declared or name.key in _DECLARED or (study and _is_study_value(name)):
        return (0, 0, 0, 0, 0)
    variant = read.variant if read else 0
    family = _FAMILIES[read.family] if read else 3
    unsigned = int(metric.direction is None)
    return (1, unsigned, _SPLITS[metric.split], family, variant)


def _is_study_value(name: Name) -> bool:
    return name.raw == "value" or name.raw.startswith("values_")


def _single(table: pl.DataFrame, names: list[str]) -> str | None:
    """Return the one name that can stand for all of them, or None."""
    if len(names) == 1:
        return names[0]
    # Top-1 before top-5: of one quantity at several cut-offs, the strictest is the one people mean.
    cuts = [_cut_off(name) for name in names]
    if all(cut is not None for cut in cuts) and len({cut[0] for cut in cuts if cut}) == 1:
        return min(zip(cuts, names, strict=True))[1]
    plain = [name for name in names if _plain(parse(name).metric)]
    if len(plain) != 1:
        return None
    present = table.get_column(plain[0]).is_not_null()
    covers = all((present | table.get_column(name).is_null()).all() for name in names)
    return plain[0] if covers else None


def _cut_off(name: str) -> tuple[str, int] | None:
    """Return what is left of `top5_err` without its number, and the number."""
    found = _AT.search("_".join(parse(name).tokens))
    return None if found is None else (_AT.sub(r"\g<what>", found.string), int(found["number"]))


def _plain(read: MetricName | None) -> bool:
    return read is not None and read.plain


def pair(metrics: Iterable[str]) -> dict[str, str]:
    """Return metric -> its counterpart on the other split: val or test -> train, train -> val, else test.

    A metric without a split whose twin is `val_…` is the training one, as Keras names them.
    """
    by_stem: dict[tuple[str, int], dict[str | None, list[str]]] = {}
    for name in metrics:
        read = parse(name).metric
        if read is not None and not read.compared and read.quantity != THROUGHPUT:
            by_stem.setdefault((read.stem, read.variant), {}).setdefault(read.split, []).append(name)
    pairs: dict[str, str] = {}
    for splits in by_stem.values():
        single = {split: names[0] for split, names in splits.items() if len(names) == 1}
        train = single.get("train") or (single.get(None) if "val" in single and "train" not in splits else None)
        if train is None:
            continue
        for split in ("test", "val"):
            if other := single.get(split):
                pairs[other] = train
                pairs[train] = other
    return pairs
