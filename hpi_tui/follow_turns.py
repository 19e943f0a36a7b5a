"""What a worker does while a source is followed: take turns, and work out for each piece of news what is to be shown.

The screen takes the answer and draws it; everything that takes time with the number of trials is done here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from hpi_core.following.pace import Rhythm

if TYPE_CHECKING:
    import numpy as np

    from hpi_core.charts.sick import Standing
    from hpi_core.following.difference import Difference
    from hpi_core.following.follower import Back, Grew, Lost, Unreadable
    from hpi_core.following.watch import Look, Watch
    from hpi_core.roles import RoleOverrides
    from hpi_core.sweep import Sweep
    from hpi_core.triage import Decision, TrialKeys
    from hpi_core.typical import TypicalValues
    from hpi_tui.arrange import RowView
    from hpi_tui.state import SortKey

    Told: TypeAlias = "GrownRows | Inspected | Lost | Unreadable | Back"

MOST_TYPICAL = 400
MOST_NAMED = 3
_MOST_LOGS = 10_000
_UNSICK = 2  # `Standing.rank` of errors and warnings is below
Load = Callable[..., "Sweep"]


@dataclass(frozen=True)
class Source:
    """What can be followed: the locations the person named, and the files of curves, if any were named."""

    locations: tuple[str, ...]
    curves: tuple[str, ...] = ()

    def watch(self) -> Watch:
        """Return a watch over it."""
        from hpi_core.following.watch import Watch

        return Watch(self.locations, self.curves)

    def refusal(self) -> str:
        """Return why it cannot be followed, in a sentence; empty where it can."""
        from hpi_core.following.watch import Watch

        return Watch.refusal(self.locations)


@dataclass(frozen=True)
class Arrangement:
    """How the rows are filtered and ordered on the screen, with what filters and orders can ask for."""

    filter: str = ""
    sorts: tuple[SortKey, ...] = ()
    grouped: bool = False
    standing: Standing | None = None
    decided: Mapping[int, Decision] = field(default_factory=dict)


@dataclass(frozen=True)
class Order:
    """What is to be followed, from where, and how."""

    source: Source
    sweep: Sweep
    seen: Look | None
    overrides: RoleOverrides | None
    complete: bool
    rhythm: Rhythm
    arrangement: Callable[[], Arrangement]


@dataclass(frozen=True)
class Fallen:
    """Trials that have become sick since the last news: how many, and the names of the first of them."""

    count: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class GrownRows:
    """A source that grew, worked out for the screen: `view` is arranged as `arrangement` asked for.

    `standing` is what was known of the trials before, with what can be said at once of those that are new or changed;
    None where trials stand in other rows than before.
    """

    sweep: Sweep
    difference: Difference
    kind: str
    name: str
    arrangement: Arrangement
    view: RowView
    best: int | None
    standing: Standing | None
    keys: TrialKeys
    typical: TypicalValues
    fallen: Fallen


@dataclass(frozen=True, eq=False)
class Inspected:
    """The rows told of last were inspected as a whole; `notes` tell of settings that were not taken."""

    standing: Standing
    notes: tuple[str, ...]
    fallen: Fallen


def take_turns(load: Load, order: Order, stop: threading.Event) -> Iterator[Told]:
    """Follow a source until `stop` is set, and yield what there is to tell."""
    from hpi_core.curves.kept import KeptFeatures, keeping
    from hpi_core.following.follower import Follower, Grew, Judged
    from hpi_core.following.growing import GrowingTables
    from hpi_core.tables.table import silent

    tables, watch = GrowingTables(), order.source.watch()
    watch.also = (*order.source.curves, *_logs(order.source, order.sweep))

    def read() -> Sweep:
        return load(
            overrides=order.overrides, complete=order.complete, progress=silent, cancelled=stop.is_set, through=tables
        )

    def judge(sweep: Sweep) -> Inspected:
        from hpi_tui.jobs import stand

        with keeping(kept):
            standing, notes = stand(sweep, silent, stop.is_set)
        return Inspected(standing, notes, health.fallen(standing))

    kept = KeptFeatures()
    health = _Health(order.arrangement().standing)
    follower = Follower(watch, tables, read, judge, order.sweep, order.rhythm, seen=order.seen)
    while not stop.wait(follower.wait()):
        for news in follower.turn():
            if isinstance(news, Judged):
                yield news.judgement
            elif isinstance(news, Grew):
                watch.also = (*order.source.curves, *_logs(order.source, news.sweep))
                yield _worked_out(news, order.arrangement(), health)
            else:
                yield news


class _Health:
    """Which trials are known to be sick, so that those can be named that have become so."""

    def __init__(self, standing: Standing | None) -> None:
        self._sick: np.ndarray[Any, Any] | None = None if standing is None else standing.rank < _UNSICK

    def moved(self, found: Difference, height: int) -> None:
        """Follow the trials to the rows they stand in now."""
        import numpy as np

        if self._sick is not None:
            known, self._sick = self._sick, np.zeros(height, dtype=bool)
            there = found.places[np.flatnonzero(known)]
            self._sick[there[there >= 0]] = True

    def fallen(self, standing: Standing) -> Fallen:
        """Return the trials that are sick now and were not; nothing where nothing was known before."""
        known, self._sick = self._sick, standing.rank < _UNSICK
        if known is None:
            return Fallen()
        rows = (self._sick & ~known).nonzero()[0]
        names = standing.inspection.sweep.trial_ids().gather(rows[:MOST_NAMED]).cast(str).to_list()
        return Fallen(
            len(rows), tuple(f"{name} {standing.tags[int(row)]}" for name, row in zip(names, rows, strict=False))
        )


def _worked_out(news: Grew, asked: Arrangement, health: _Health) -> GrownRows:
    from hpi_core.errors import HpiError
    from hpi_core.triage import TrialKeys
    from hpi_core.typical import typical_values
    from hpi_tui.arrange import all_rows, arrange
    from hpi_tui.jobs import best_unjudged

    sweep, found = news.sweep, news.difference
    standing, fallen = None, Fallen()
    health.moved(found, sweep.trials.height)
    if asked.standing is not None and found.in_place:
        standing = _provisional(asked.standing, news)
        fallen = health.fallen(standing)
    try:
        view = arrange(
            sweep, asked.filter, asked.sorts, grouped=asked.grouped, standing=standing,
            decided={row: d for was, d in asked.decided.items() if (row := found.place(was)) is not None},
        )  # fmt: skip
    except HpiError:  # the screen arranges it again, and tells
        view = all_rows(sweep)
    names = [*(p.name for p in sweep.roles.hyperparameters), *(m.name for m in sweep.roles.metrics)]
    best = standing.inspection.ranking.best if standing is not None else ()
    return GrownRows(
        sweep=sweep,
        difference=found,
        kind=news.moved.kind,
        name=news.moved.name,
        arrangement=asked,
        view=view,
        best=best[0].row if best else best_unjudged(sweep),
        standing=standing,
        keys=TrialKeys(sweep),
        typical=typical_values(sweep, names[:MOST_TYPICAL]),
        fallen=fallen,
    )


def _provisional(known: Standing, news: Grew) -> Standing:
    from hpi_core.charts.sick import Standing
    from hpi_core.inspection.provisional import provisional

    rows = [*news.difference.new.tolist(), *news.difference.changed.tolist()]
    standing = Standing(provisional(known.inspection, news.sweep, rows))
    _ = standing.queue, standing.sick_rows  # worked out here rather than when it is first drawn
    return standing


def _logs(source: Source, sweep: Sweep) -> list[str]:
    """Return the logs that a column names for the trials, relative to the folder of the source."""
    from pathlib import Path

    from hpi_core.tables.cell_curves import log_column

    column = log_column(sweep.trials)
    if column is None or not source.locations:
        return []
    folder = Path(source.locations[0]).expanduser().parent
    cells = sweep.trials[column].drop_nulls().unique(maintain_order=True).tail(_MOST_LOGS).to_list()
    return [str(folder / cell.strip()) for cell in cells if cell.strip()]
