"""Jobs: the only place that starts workers. Each is a thread that computes and posts one message; it touches no widget.

A newer request of a kind makes the older one stale: its answer is dropped here, and it is not even begun where it
still waits for its turn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from hpi_core.errors import Choice, FilterError, HpiError
from hpi_tui import messages
from hpi_tui.state import SortKey

if TYPE_CHECKING:
    from pathlib import Path

    from textual.message import Message

    from hpi_core.charts.bucket_bars import PairChart
    from hpi_core.charts.importance import ImportanceChart
    from hpi_core.charts.sick import Standing
    from hpi_core.charts.together import TogetherChart
    from hpi_core.following.watch import Look
    from hpi_core.inspection import Inspection
    from hpi_core.roles import RoleOverrides
    from hpi_core.sweep import Sweep
    from hpi_core.triage import Decisions
    from hpi_tui.chat.conversation import Conversation
    from hpi_tui.follow_turns import Order
    from hpi_tui.panes.curves import CurvesView
    from hpi_tui.tables import SweepTable

Load = Callable[..., "Sweep"]


class Jobs:
    """Starts the work that must not stop the drawing."""

    def __init__(self, post: Callable[[Message], object], load: Load) -> None:
        self._post = post
        self.reader = load
        self._newest: dict[str, int] = {}
        self._turns: dict[str, threading.Lock] = {}
        self._stop = threading.Event()
        self._stop_inspecting = threading.Event()
        self._stop_following = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def working(self) -> bool:
        """Whether any worker is still at work."""
        return any(thread.is_alive() for thread in self._threads)

    def is_stale(self, answer: messages.Answer) -> bool:
        """Whether a newer request of the same kind was made."""
        return answer.request != self._newest.get(answer.kind, 0)

    def load(
        self,
        overrides: RoleOverrides | None,
        complete: bool,
        *,
        look: Callable[[], Look] | None = None,
        known: Sweep | None = None,
    ) -> None:
        """Read the source, tell how it differs from a known reading; answers with Progressed, Loaded or LoadFailed.

        `look` is called before, so that who follows the source afterwards misses nothing.
        """
        self.cancel_load()
        stop, reader = threading.Event(), self.reader
        self._stop = stop

        def work(request: int) -> Message:
            def progress(what: str, fraction: float | None) -> None:
                if not stop.is_set():
                    self._post(messages.Progressed(request, what, fraction))

            seen = look() if look is not None else None
            try:
                sweep = reader(overrides=overrides, complete=complete, progress=progress, cancelled=stop.is_set)
            except HpiError as error:
                return messages.LoadFailed(request, error)
            return _opened(request, sweep, seen, known)

        self._start("load", work)

    def pick(self, choice: Choice, *, is_store: bool) -> None:
        """Read, from now on, the store or the experiment that was picked among several."""
        if is_store:
            self.reader = partial(self.reader, store=choice.value, experiment=None)
        else:
            self.reader = partial(self.reader, experiment=choice.value, ask_again=False)

    def ask_which(self, *, stores: bool) -> None:
        """Have the next reading ask which experiment is meant, or which store, whatever was picked or named before."""
        asking = partial(self.reader, experiment=None, ask_again=True)
        self.reader = partial(asking, store=None) if stores else asking

    def cancel_load(self) -> None:
        """Ask the reading to stop."""
        self._stop.set()

    def reassign(self, sweep: Sweep, overrides: RoleOverrides) -> None:
        """Give the columns of a sweep other roles; answers like a load."""

        def work(request: int) -> Message:
            try:
                return _opened(request, sweep.with_roles(overrides))
            except HpiError as error:
                return messages.LoadFailed(request, error)

        self._start("load", work)

    def arrange(self, table: SweepTable, text: str, sorts: tuple[SortKey, ...], *, grouped: bool) -> None:
        """Filter and sort; answers with Arranged or FilterRefused."""
        sweep, standing, decided = table.sweep, table.standing, dict(table.decided)

        def work(request: int) -> Message:
            from hpi_tui.arrange import arrange

            try:
                view = arrange(sweep, text, sorts, grouped=grouped, standing=standing, decided=decided)
            except FilterError as error:
                return messages.FilterRefused(request, text, f"{error.message} {error.hint}".strip(), error.position)
            except HpiError as error:
                return messages.FilterRefused(request, text, str(error), 0)
            return messages.Arranged(request, view)

        self._start("arrange", work)

    def inspect(self, sweep: Sweep) -> None:
        """Find out which trials are sick; answers with Inspecting, then Inspected or InspectionFailed."""
        self._stop_inspecting.set()
        stop = self._stop_inspecting = threading.Event()

        def work(request: int) -> Message:
            def progress(what: str, fraction: float | None) -> None:
                if not stop.is_set():
                    self._post(messages.Inspecting(request, what, fraction))

            try:
                return messages.Inspected(request, *stand(sweep, progress, stop.is_set))
            except HpiError as error:
                return messages.InspectionFailed(request, error)

        self._start("inspect", work)

    def cancel_inspection(self) -> None:
        """Ask the inspection to stop."""
        self._stop_inspecting.set()

    def follow(self, order: Order) -> None:
        """Follow a source until told to stop; answers with Followed for every piece of news."""
        self.stop_following()
        stop = self._stop_following = threading.Event()
        request = self._newest["follow"]

        def run() -> None:
            from hpi_tui.follow_turns import take_turns

            try:
                for told in take_turns(self.reader, order, stop):
                    self._post(messages.Followed(request, told))
            except BaseException as error:  # a panic in polars does not derive from Exception
                self._post(messages.Broke(error))

        self._run("follow", run)

    def stop_following(self) -> None:
        """Ask whoever follows to stop; what is still told is stale."""
        self._stop_following.set()
        self._newest["follow"] = self._newest.get("follow", 0) + 1

    def draw_curves(self, compute: Callable[[], CurvesView]) -> None:
        """Collect the curves of a trial; answers with CurvesDrawn."""
        self._start("curves", lambda request: messages.CurvesDrawn(request, compute()))

    def weigh(self, compute: Callable[[], ImportanceChart]) -> None:
        """Weigh the hyperparameters; answers with Weighed."""
        self._start("importance", lambda request: messages.Weighed(request, compute()))

    def count_pair(self, compute: Callable[[], PairChart]) -> None:
        """Count the trials of a pair on the map; answers with PairCounted."""
        self._start("pair", lambda request: messages.PairCounted(request, compute()))

    def count(self, compute: Callable[[], TogetherChart]) -> None:
        """Count the trials of two hyperparameters together; answers with Counted."""
        self._start("together", lambda request: messages.Counted(request, compute()))

    def write(self, write: Callable[[], tuple[Path, ...]]) -> None:
        """Write an export; answers with Written."""

        def work(request: int) -> Message:
            try:
                return messages.Written(request, write(), None)
            except HpiError as error:
                return messages.Written(request, (), error)

        self._start("write", work)

    def read_decisions(self, sweep: Sweep, earlier: Decisions | None) -> None:
        """Read the decisions about a sweep, keeping those already open; answers with DecisionsRead."""

        def work(request: int) -> Message:
            from hpi_core.triage import Decisions, TrialKeys, decisions_folder
            from hpi_tui.desk import Desk

            folder = decisions_folder(sweep)
            kept = earlier if earlier is not None and earlier.folder == folder else Decisions.open(folder)
            return messages.DecisionsRead(request, Desk(kept, TrialKeys(sweep)))

        self._start("decisions", work)

    def converse(
        self, inspection: Inspection, post: Callable[[Message], object], triage: Mapping[str, int]
    ) -> Conversation:
        """Return a conversation about an inspection; its thread starts with its first order and answers by `post`."""
        from hpi_tui.chat.conversation import Conversation

        return Conversation(inspection, post, lambda work: self._run("chat", work), triage)

    def typical(self, sweep: Sweep, names: list[str]) -> None:
        """Compute what is typical of some columns; answers with Typical."""

        def work(request: int) -> Message:
            from hpi_core.typical import typical_values

            return messages.Typical(request, typical_values(sweep, names))

        self._start("typical", work)

    def _start(self, kind: str, work: Callable[[int], Message]) -> None:
        request = self._newest[kind] = self._newest.get(kind, 0) + 1
        turn = self._turns.setdefault(kind, threading.Lock())

        def run() -> None:
            with turn:
                if request != self._newest[kind]:
                    return
                try:
                    answer = work(request)
                except BaseException as error:  # a panic in polars does not derive from Exception
                    answer = messages.Broke(error)
                self._post(answer)

        self._run(kind, run)

    def _run(self, kind: str, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, name=f"hpi-{kind}", daemon=True)
        self._threads = [*(other for other in self._threads if other.is_alive()), thread]
        thread.start()


def _opened(request: int, sweep: Sweep, seen: Look | None = None, known: Sweep | None = None) -> messages.Loaded:
    from hpi_tui.arrange import all_rows

    found = None
    if known is not None:
        from hpi_core.following.difference import difference

        found = difference(known, sweep)
    return messages.Loaded(request, sweep, all_rows(sweep), best_unjudged(sweep), seen=seen, difference=found)


def best_unjudged(sweep: Sweep) -> int | None:
    """Return the best trial of a sweep in which nobody has looked for sick ones yet, None where none can be ranked."""
    import polars as pl

    from hpi_core.inspection.ranking import rank

    nobody_sick = pl.repeat(False, sweep.trials.height, dtype=pl.Boolean, eager=True)
    nothing = pl.DataFrame(schema={"_row": pl.UInt32, "issue": pl.String})
    best = rank(sweep, nobody_sick, nothing).best
    return best[0].row if best else None


def stand(
    sweep: Sweep, progress: Callable[[str, float | None], None], cancelled: Callable[[], bool]
) -> tuple[Standing, tuple[str, ...]]:
    """Inspect with the thresholds of the configuration; those that cannot be used cost a note.

    Raises:
        Cancelled: the person asked to stop.
    """
    from hpi_core import inspect
    from hpi_core.charts.sick import Standing
    from hpi_core.detectors import parse_thresholds
    from hpi_core.settings import load_config

    config = load_config(sweep.source.location)
    notes = list(config.notes)
    thresholds: dict[str, float] = {}
    for issue, values in config.thresholds.items():
        pairs = values.items() if isinstance(values, dict) else [("", values)]
        for name, value in pairs:
            try:
                thresholds |= parse_thresholds([f"{issue}.{name}={value}" if name else f"{issue}={value}"])
            except HpiError as error:
                notes.append(error.message)
    inspection = inspect(sweep, thresholds=thresholds, progress=progress, cancelled=cancelled)
    standing = Standing(inspection)
    _ = standing.queue, standing.sick_rows  # worked out here rather than when it is first drawn
    return standing, tuple(notes)
