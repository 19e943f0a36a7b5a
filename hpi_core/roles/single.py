"""The roles that only one column can have: status, seed, group, id, each chosen from what could be it."""

from __future__ import annotations

from collections.abc import Mapping

from hpi_core.roles import vocabulary as words
from hpi_core.roles.classify import Role, Verdict
from hpi_core.roles.facts import Facts
from hpi_core.roles.names import parse
from hpi_core.roles.status import STRONG_WORDS, status_of_word

# Why a column of texts that tells all trials apart is no id: there is one already.
ANOTHER_NAME = "another name of the trial"
_MANY = 24


def choose_single(facts: dict[str, Facts], verdicts: dict[str, Verdict]) -> None:
    """Choose status, id, seed and group, in this order, and give the columns not chosen another role."""
    _choose_status(facts, verdicts)
    _choose_id(facts, verdicts)
    _keep_one(facts, verdicts, "seed", {}, "another seed")
    _keep_one(facts, verdicts, "group", words.GROUPS, "another grouping")


def _choose_status(facts: dict[str, Facts], verdicts: dict[str, Verdict]) -> None:
    scored: list[tuple[int, str]] = []
    for name, fact in facts.items():
        if fact.present == 0 or parse(name).namespace in ("parameter", "metric"):
            continue
        score = _status_score(fact)
        if score:
            scored.append((score, name))
    scored.sort(key=lambda pair: (-pair[0], pair[1]))
    for place, (score, name) in enumerate(scored):
        if place == 0:
            verdicts[name] = Verdict(
                "status", "its name and words say how runs ended" if score > 3 else "words of endings"
            )
        elif facts[name].shape == "string":
            verdicts[name] = Verdict("text", "another status")


def _status_score(fact: Facts) -> int:
    by_name = words.STATUSES.get(parse(fact.name).key, 0)
    if fact.shape == "string":
        if fact.distinct > max(_MANY, fact.present // 2) and not by_name:
            return 0
        seen = list(dict.fromkeys(str(word) for word in fact.values.to_list()))[:200]
        known = [word for word in seen if status_of_word(word) != "unknown"]
        if by_name >= 7:
            return by_name + 10 * bool(known)
        strong = [word for word in known if word.strip().casefold().replace(" ", "_") in STRONG_WORDS]
        if by_name or len(strong) > 1:
            return by_name + 1 if len(known) == len(seen) and strong else 0
        return 0
    if fact.shape == "bool":
        return by_name
    if fact.shape == "int" and by_name and fact.distinct <= _MANY:
        return by_name
    return 0


def _choose_id(facts: dict[str, Facts], verdicts: dict[str, Verdict]) -> None:
    scored: list[tuple[int, str]] = []
    for name, fact in facts.items():
        if parse(name).namespace in ("parameter", "metric") or verdicts[name].role == "status" or fact.present == 0:
            continue
        if parse(name).key == "col_1" and "col_2" in facts:
            continue  # no column has a name: the first is no more an index than any other
        score = words.IDS.get(parse(name).key, 0)
        if score and fact.shape in ("string", "int", "float") and _can_be_id(fact, score):
            scored.append((score, name))
    if scored:
        scored.sort(key=lambda pair: (-pair[0], pair[1]))
        chosen: str | None = scored[0][1]
        verdicts[scored[0][1]] = Verdict("id", "its name says id, and its values tell trials apart")
    else:
        chosen = _unnamed_id(facts, verdicts)
    for name, fact in facts.items():
        key = parse(name).key
        if key == "col_1" and ("col_2" in facts or not (fact.whole or fact.shape == "string")):
            continue
        if name != chosen and key in words.IDS and parse(name).namespace not in ("parameter", "metric"):
            _demote(verdicts, name, fact, key)


def _can_be_id(fact: Facts, score: int) -> bool:
    if fact.nulls > 0.5 * fact.rows or not (fact.shape == "string" or fact.whole):
        return False
    return fact.distinct >= (0.9 if score >= words.STRONG_ID else 0.98) * fact.present


def _unnamed_id(facts: dict[str, Facts], verdicts: dict[str, Verdict]) -> str | None:
    """Return the only column of short texts that differ in every trial, if there is just one."""
    found = [
        name
        for name, fact in facts.items()
        if fact.shape == "string" and fact.nulls == 0 and fact.rows > 1 and fact.distinct == fact.rows
        and verdicts[name].role == "text" and parse(name).key not in words.TEXTS and parse(name).metric is None
        and fact.length <= 40
    ]  # fmt: skip
    if len(found) != 1:
        return None
    verdicts[found[0]] = Verdict("id", "the only short text that differs in every trial")
    return found[0]


def _demote(verdicts: dict[str, Verdict], name: str, fact: Facts, key: str) -> None:
    if fact.present == 0 or verdicts[name].role in ("group", "status"):
        return
    if fact.shape != "string":
        verdicts[name] = Verdict("ignored", "an id, not a setting")
    elif verdicts[name].role != "hyperparameter" or key not in ("model", "model_name"):
        verdicts[name] = Verdict("text", ANOTHER_NAME)


def _keep_one(
    facts: dict[str, Facts], verdicts: dict[str, Verdict], role: Role, rank: Mapping[str, int], why: str
) -> None:
    names = [name for name, verdict in verdicts.items() if verdict.role == role]
    names.sort(
        key=lambda name: (facts[name].distinct < 2, -rank.get(parse(name).key, 0), parse(name).key != role, name)
    )
    for name in names[1:]:
        verdicts[name] = Verdict("text" if facts[name].shape == "string" else "ignored", why)
