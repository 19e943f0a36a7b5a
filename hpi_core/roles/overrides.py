"""The words of the source and of the user about roles, laid over what was inferred."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from hpi_core.errors import UsageError
from hpi_core.roles.classify import Role, Verdict, reported
from hpi_core.roles.facts import Facts
from hpi_core.roles.model import RoleHints, RoleOverrides
from hpi_core.roles.names import parse
from hpi_core.text import safe

ROLE_WORDS: dict[str, Role] = {
    "id": "id", "status": "status", "hyperparameter": "hyperparameter", "parameter": "hyperparameter",
    "param": "hyperparameter", "hp": "hyperparameter", "environment": "environment", "env": "environment",
    "metric": "metric", "resource": "resource", "seed": "seed", "time": "time", "group": "group", "text": "text",
    "ignored": "ignored", "ignore": "ignored", "constant": "constant",
}  # fmt: skip
# Settings that were not searched over, though they stand among those that were.
_KEPT: frozenset[Role] = frozenset(("constant", "seed", "environment"))
_SINGLE: frozenset[Role] = frozenset(("id", "status", "seed", "group"))


def check_overrides(columns: list[str], overrides: RoleOverrides | None) -> None:
    """Check that every column and role word of the overrides exists.

    Raises:
        UsageError: one does not; the hint names the closest.
    """
    if overrides is None:
        return
    if overrides.objective is not None and overrides.objective not in columns:
        raise UsageError(
            f"The objective {safe(overrides.objective)} is not a column.", _close(overrides.objective, columns)
        )
    for column, word in overrides.roles:
        if column not in columns:
            raise UsageError(f"There is no column {safe(column)} to give a role to.", _close(column, columns))
        if word.casefold() not in ROLE_WORDS:
            words = sorted(set(ROLE_WORDS.values()))
            raise UsageError(f"{safe(word)} is not a role.", f"Roles are {', '.join(words)}.")


def apply_hints(verdicts: dict[str, Verdict], facts: Mapping[str, Facts], hints: RoleHints) -> None:
    """Lay what the source says over what was inferred; names it does not have are passed over."""
    for column in hints.reported:
        if column in verdicts and verdicts[column].role in ("hyperparameter", "seed", "environment"):
            verdicts[column] = reported(facts[column], parse(column))
    told: list[tuple[str | None, Role]] = [(hints.id, "id"), (hints.status, "status"), (hints.group, "group")]
    told += [(n, "hyperparameter") for n in hints.hyperparameters if n in verdicts and verdicts[n].role not in _KEPT]
    told += [(name, "metric") for name in hints.metrics]
    if hints.objective is not None:
        told.append((hints.objective.metric, "metric"))
    told += [(name, ROLE_WORDS[word]) for name, word in hints.others]
    for name, role in told:
        if name is not None and name in verdicts:
            was = verdicts[name].role
            if (role, was) not in (("constant", "seed"), ("hyperparameter", "constant")):
                _give(verdicts, name, role, "the source says so")


def apply_overrides(verdicts: dict[str, Verdict], overrides: RoleOverrides) -> None:
    """Lay the user's word over everything else."""
    why = "remembered from last time" if overrides.origin == "remembered" else "you said so"
    for name, word in overrides.roles:
        _give(verdicts, name, ROLE_WORDS[word.casefold()], why)
    if overrides.objective is not None and verdicts[overrides.objective].role != "metric":
        _give(verdicts, overrides.objective, "metric", why)


def _give(verdicts: dict[str, Verdict], name: str, role: Role, why: str) -> None:
    """Give a role; a role that only one column can have is taken from the column that had it, which becomes text."""
    if role in _SINGLE:
        for other, verdict in verdicts.items():
            if verdict.role == role and other != name:
                verdicts[other] = Verdict("text", f"{role} is another column")
    verdicts[name] = Verdict(role, why)


def _close(name: str, columns: Iterable[str]) -> str:
    matches = difflib.get_close_matches(name, list(columns), n=3, cutoff=0.5)
    return (
        f"Did you mean {' or '.join(safe(match) for match in matches)}?"
        if matches
        else "`hpi inspect SOURCE` lists the columns."
    )
