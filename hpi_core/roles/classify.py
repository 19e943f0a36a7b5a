"""One verdict per column: what its name and its values make of it, before a role that only one can have is chosen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from hpi_core.roles import vocabulary as words
from hpi_core.roles.facts import Facts
from hpi_core.roles.names import Name, holds_parameter, is_resource, is_setting, is_time, parse
from hpi_core.roles.parameters import looks_chosen

if TYPE_CHECKING:
    from collections.abc import Mapping

Role = Literal[
    "id", "status", "hyperparameter", "environment", "metric", "resource", "seed", "time", "group", "text", "ignored",
    "constant",
]  # fmt: skip
_LONG = 60
_COMPARED = re.compile(r"[\w\s][<>≤≥]=?\s*[\d.]")


@dataclass(frozen=True)
class Verdict:
    """The role of a column and, in one phrase, why."""

    role: Role
    why: str


def classify(facts: dict[str, Facts]) -> dict[str, Verdict]:
    """Return a verdict for every column, in the order given."""
    declared = any(parse(name).namespace == "parameter" for name in facts)
    verdicts = {name: _one(fact, parse(name), declared) for name, fact in facts.items()}
    if (named := named_values(facts)) is not None:
        verdicts[named[0]] = Verdict("text", f"says what {named[1]} measures")
    return verdicts


def named_values(facts: Mapping[str, Facts]) -> tuple[str, str] | None:
    """Return the column that says what another one measures, and that other one, where it differs between trials.

    Such a table holds many metrics in one column (`metric`: gradient_1, final_loss, …; `value`), so none can rank it.
    """
    keys = {parse(name).key: name for name in facts}
    metric = next((keys[key] for key in ("metric", "metric_name") if key in keys), None)
    value = next((keys[key] for key in ("value", "metric_value") if key in keys), None)
    if metric is None or value is None or facts[metric].shape != "string" or not facts[value].numeric:
        return None
    return (metric, value) if facts[metric].distinct > 1 else None


def _one(facts: Facts, name: Name, declared: bool) -> Verdict:
    if facts.present == 0:
        return (
            Verdict("ignored", "no value at all" if facts.rows else "no trials")
            if facts.nans == 0
            else _varied(facts, name, _by_name(facts, name) or Verdict("metric", "never a number"))
        )
    if facts.shape == "time":
        return Verdict("time", "dates")
    if facts.shape == "duration":
        return Verdict("resource", "durations")
    verdict = _by_namespace(facts, name) or _by_name(facts, name) or _by_values(facts, declared)
    return _varied(facts, name, verdict)


def _varied(facts: Facts, name: Name, verdict: Verdict) -> Verdict:
    """A hyperparameter, metric or the like of one value throughout is a constant."""
    if facts.distinct > 1 or facts.rows < 2 or facts.nans or facts.infinite:
        return verdict
    if facts.nulls and verdict.role == "metric":
        return verdict
    if facts.nulls and verdict.role == "hyperparameter":
        return verdict  # set or not set: that, too, is varied
    if verdict.role in ("hyperparameter", "environment", "metric"):
        return Verdict("constant", f"one value ({verdict.why})")
    return verdict


def _by_namespace(facts: Facts, name: Name) -> Verdict | None:
    if name.namespace == "parameter":
        return _parameter(facts, name)
    if name.namespace == "system":
        return Verdict("ignored", "bookkeeping of the tool")
    if name.namespace in ("attribute", "tag"):
        if facts.numeric and (name.metric is not None or is_resource(name)):
            return _measured(name)
        return (
            Verdict("text", "a note or tag")
            if facts.shape in ("string", "bool")
            else Verdict("ignored", "a note or tag")
        )
    if name.namespace == "metric" and facts.numeric:
        return _measured(name)
    if name.raw.startswith("values_") and facts.numeric:
        return Verdict("metric", "an objective of the study")
    return None


def _parameter(facts: Facts, name: Name) -> Verdict:
    if name.key in words.SEEDS and (facts.whole or facts.shape == "string"):
        return Verdict("seed", "its name says seed")
    if name.key in words.IGNORED or (name.tokens and name.tokens[-1] in words.IGNORED_TAILS):
        return Verdict("ignored", "a version or checksum")
    if name.key in words.ENVIRONMENT:
        return Verdict("environment", "names the machine")
    if facts.shape == "other":
        return Verdict("text", "a list or record")
    if facts.shape == "string" and (_texty(facts) or (facts.unique and facts.present > 20)):
        return Verdict("text", "free text under a parameter's prefix")
    return Verdict("hyperparameter", "its prefix says parameter")


def _measured(name: Name) -> Verdict:
    if name.metric is None or name.tokens[-1] in words.COUNTS:
        if is_time(name):
            return Verdict("time", "a moment")
        if is_resource(name):
            return Verdict("resource", "its name says what the run used")
    return Verdict("metric", "its name says measured")


def reported(facts: Facts, name: Name) -> Verdict:
    """Return what a column is that holds what runs reported while they ran: never something that was chosen."""
    if facts.shape in ("string", "other"):
        return Verdict("text", "reported by the runs")
    if facts.shape == "bool":
        return Verdict("ignored", "yes or no, reported by the runs")
    verdict = _measured(name)
    return _varied(facts, name, Verdict(verdict.role, "reported by the runs over their steps"))


def _by_name(facts: Facts, name: Name) -> Verdict | None:
    key = name.key
    if key in words.SEEDS and facts.shape in ("int", "float", "string"):
        return Verdict("seed", "its name says seed") if facts.shape == "string" or facts.whole else None
    if key in words.IGNORED or (len(name.tokens) > 1 and name.tokens[-1] in words.IGNORED_TAILS):
        return Verdict("ignored", "a version, checksum or link")
    if _is_verdict(facts, name):
        return Verdict("text" if facts.shape == "string" else "ignored", "a verdict on the trial, not a setting")
    if facts.shape == "string":
        return _named_string(facts, name)
    if facts.shape == "other":
        return Verdict("text", "a list or record")
    if key in words.ENVIRONMENT:
        return Verdict("environment", "names the machine")
    if name.tokens[:1] == ("dataset",) and len(name.tokens) > 1 and key not in words.GROUPS:
        return Verdict("environment", "describes the data")
    if facts.shape == "bool":
        return None
    return _named_number(facts, name)


def _is_verdict(facts: Facts, name: Name) -> bool:
    """Say whether a yes-or-no column tells what became of a trial: `Fair (DPD<0.1)`, `passed`, `is_best`."""
    if facts.shape == "string":
        if facts.distinct > 3 or not {str(v).casefold() for v in facts.values.unique()} <= words.YES_OR_NO:
            return False
    elif facts.shape != "bool":
        return False
    return _COMPARED.search(name.raw) is not None or not words.VERDICTS.isdisjoint(name.tokens)


def _named_string(facts: Facts, name: Name) -> Verdict | None:
    key = name.key
    if key in words.TEXTS:
        return Verdict("text", "its name says text")
    if is_time(name) and facts.distinct > 1 and _dated(facts):
        return Verdict("time", "dates as text")
    if key in words.ENVIRONMENT:
        return Verdict("environment", "names the machine")
    if key in words.GROUPS and not _texty(facts):
        return Verdict("group", "its name says group")
    if name.tokens[:1] == ("dataset",) and len(name.tokens) > 1 and not _texty(facts) and not facts.unique:
        return Verdict("environment", "describes the data")
    if key in words.PARAMETERS and not _texty(facts):
        return Verdict("hyperparameter", "a known hyperparameter")
    return None


def _named_number(facts: Facts, name: Name) -> Verdict | None:
    key = name.key
    if key in words.GROUPS and key not in words.IDS and facts.whole and facts.distinct <= max(64, facts.present // 10):
        return Verdict("group", "its name says group")
    if key in words.PARAMETERS:
        return Verdict("hyperparameter", "a known hyperparameter")
    if key in words.RESOURCES or (len(name.tokens) > 1 and name.tokens[-1] in words.COUNTS):
        return Verdict("resource", "its name says what the run used")
    if is_time(name):
        return Verdict("time", "a moment")
    if is_setting(name):
        return Verdict("hyperparameter", "its name ends like a setting")
    if is_resource(name) and not _limit(name):
        return Verdict("resource", "its name says what the run used")
    if name.metric is not None:
        if name.metric.quantity in words.EITHER and not name.metric.split and looks_chosen(facts):
            return Verdict("hyperparameter", looks_chosen(facts))
        return Verdict("metric", "its name says measured")
    if holds_parameter(name):
        return Verdict("hyperparameter", "holds the name of a known hyperparameter")
    return None


def _limit(name: Name) -> bool:
    return name.tokens[0] in ("max", "num", "nb", "n")


def _by_values(facts: Facts, declared: bool) -> Verdict:
    if facts.shape == "bool":
        return Verdict("hyperparameter", "yes or no")
    if facts.shape == "string":
        if _texty(facts) or facts.distinct > max(16, facts.present // 5):
            return Verdict("text", "long or mostly different texts")
        if facts.unique and facts.present > 1:
            return Verdict("text", "every trial has a text of its own")
        return Verdict("hyperparameter", "few texts, each used again")
    if not declared and (why := looks_chosen(facts)):
        return Verdict("hyperparameter", why)
    return Verdict("metric", "looks measured: numbers of its own in most trials")


def _texty(facts: Facts) -> bool:
    return facts.length > _LONG


def _dated(facts: Facts) -> bool:
    share = facts.values.cast(pl.String).str.contains(r"\d{2,4}[-/.:]\d{1,2}").mean()
    return isinstance(share, float) and share > 0.5
