"""Which one of several experiments (or studies) of a store to read: the one named, else the one of most trials."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from hpi_core.errors import SourceError
from hpi_core.readers.contract import Experiment
from hpi_core.tables.ledger import Entry
from hpi_core.text import safe

_SHOWN = 5


def choose_experiment(
    found: Sequence[Experiment], named: str | None, word: str, store: str, entries: list[Entry]
) -> Experiment:
    """Return the experiment to read; a choice nobody made stands in `entries`. `word` is what the source calls one.

    Raises:
        SourceError: there is none, or none of that name or id, or several of that name.
    """
    several = {"study": "studies"}.get(word, f"{word}s")
    if not found:
        raise SourceError(f"{safe(store)} holds no {word} yet.", "Was it created before the first trial started?")
    if named is not None:
        return _of_name(found, named, word, several, store)
    active = [one for one in found if one.state == "active"]
    if not active:
        raise SourceError(
            f"Every {word} in {safe(store)} is {found[0].state}.",
            f"--{word} names one of them to read it all the same.",
        )
    best = max(active, key=lambda one: (one.trials, one.started or 0.0))
    if sum(one.trials > 0 for one in active) > 1:
        others = len(active) - 1
        entries.append(
            Entry(
                "chosen",
                f"{len(active)} {several} are in the store: read {safe(best.name, 80)}, the one with the most trials; "
                f"--{word} names another of the {others}",
                became=safe(best.name, 80),
                count=others,
            )
        )
    return best


def _of_name(found: Sequence[Experiment], named: str, word: str, several: str, store: str) -> Experiment:
    """Return the experiment of this name, else of this id."""
    matches = [one for one in found if one.name == named] or [one for one in found if one.id == named]
    active = [one for one in matches if one.state == "active"] or matches
    if len(active) == 1:
        return active[0]
    if active:
        ids = ", ".join(one.id for one in active[:_SHOWN])
        raise SourceError(
            f"{safe(store)} holds {len(active)} {several} called {safe(named, 80)}.", f"Name one by its id: {ids}."
        )
    close = difflib.get_close_matches(named, [one.name for one in found], n=1)
    names = ", ".join(safe(one.name, 40) for one in found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
    raise SourceError(
        f"{safe(store)} holds no {word} called {safe(named, 80)}.",
        f"Did you mean {safe(close[0], 80)}?" if close else f"It holds {names}.",
    )
