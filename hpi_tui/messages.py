"""What workers tell the app: frozen facts, each with the id of the request it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from pathlib import Path

    from hpi_core.charts.bucket_bars import PairChart
    from hpi_core.charts.importance import ImportanceChart
    from hpi_core.charts.sick import Standing
    from hpi_core.charts.together import TogetherChart
    from hpi_core.errors import HpiError
    from hpi_core.following.difference import Difference
    from hpi_core.following.watch import Look
    from hpi_core.sweep import Sweep
    from hpi_core.typical import TypicalValues
    from hpi_tui.arrange import RowView
    from hpi_tui.desk import Desk
    from hpi_tui.follow_turns import Told
    from hpi_tui.panes.curves import CurvesView


class Answer(Message):
    """An answer to request `request`; the app drops it when a newer request of its kind was made."""

    kind = ""

    def __init__(self, request: int) -> None:
        super().__init__()
        self.request = request


class Progressed(Answer):
    """Reading goes on: what is being done, and how far (0 to 1) where that is known."""

    kind = "load"

    def __init__(self, request: int, what: str, fraction: float | None) -> None:
        super().__init__(request)
        self.what = what
        self.fraction = fraction


class Loaded(Answer):
    """The sweep is there, with its best trial and all its rows as a view.

    `seen` is what the files were like before, `difference` how it differs from the sweep it is to replace, if any.
    """

    kind = "load"

    def __init__(
        self,
        request: int,
        sweep: Sweep,
        view: RowView,
        best: int | None,
        *,
        seen: Look | None = None,
        difference: Difference | None = None,
    ) -> None:
        super().__init__(request)
        self.sweep = sweep
        self.view = view
        self.best = best
        self.seen = seen
        self.difference = difference


class LoadFailed(Answer):
    """The source cannot be read, or the person stopped the reading."""

    kind = "load"

    def __init__(self, request: int, error: HpiError) -> None:
        super().__init__(request)
        self.error = error


class Arranged(Answer):
    """The rows to show."""

    kind = "arrange"

    def __init__(self, request: int, view: RowView) -> None:
        super().__init__(request)
        self.view = view


class FilterRefused(Answer):
    """The filter cannot be understood; `position` is the character it failed at."""

    kind = "arrange"

    def __init__(self, request: int, text: str, message: str, position: int) -> None:
        super().__init__(request)
        self.text = text
        self.message = message
        self.position = position


class Typical(Answer):
    """Column -> median or most frequent value, of every sweep that the source mixes by itself."""

    kind = "typical"

    def __init__(self, request: int, values: TypicalValues) -> None:
        super().__init__(request)
        self.values = values


class Inspecting(Answer):
    """The inspection goes on: what is being done, and how far (0 to 1) where that is known."""

    kind = "inspect"

    def __init__(self, request: int, what: str, fraction: float | None) -> None:
        super().__init__(request)
        self.what = what
        self.fraction = fraction


class Inspected(Answer):
    """What stands against the trials; `notes` tell of settings that were not taken."""

    kind = "inspect"

    def __init__(self, request: int, standing: Standing, notes: tuple[str, ...]) -> None:
        super().__init__(request)
        self.standing = standing
        self.notes = notes


class InspectionFailed(Answer):
    """The sweep cannot be inspected, or the person stopped it."""

    kind = "inspect"

    def __init__(self, request: int, error: HpiError) -> None:
        super().__init__(request)
        self.error = error


class CurvesDrawn(Answer):
    """The curves of the trial all panes stand at."""

    kind = "curves"

    def __init__(self, request: int, view: CurvesView) -> None:
        super().__init__(request)
        self.view = view


class Weighed(Answer):
    """How much every hyperparameter matters."""

    kind = "importance"

    def __init__(self, request: int, chart: ImportanceChart) -> None:
        super().__init__(request)
        self.chart = chart


class PairCounted(Answer):
    """The bars of a pair on the map of buckets."""

    kind = "pair"

    def __init__(self, request: int, chart: PairChart) -> None:
        super().__init__(request)
        self.chart = chart


class Counted(Answer):
    """The table of two hyperparameters."""

    kind = "together"

    def __init__(self, request: int, chart: TogetherChart) -> None:
        super().__init__(request)
        self.chart = chart


class Written(Answer):
    """An export was written to these files, or could not be."""

    kind = "write"

    def __init__(self, request: int, paths: tuple[Path, ...], error: HpiError | None) -> None:
        super().__init__(request)
        self.paths = paths
        self.error = error


class DecisionsRead(Answer):
    """The decisions about a sweep, by row."""

    kind = "decisions"

    def __init__(self, request: int, desk: Desk) -> None:
        super().__init__(request)
        self.desk = desk


class Followed(Answer):
    """A piece of news of the source that is followed: rows, what was inspected, or that it cannot be read."""

    kind = "follow"

    def __init__(self, request: int, told: Told) -> None:
        super().__init__(request)
        self.told = told


class Broke(Answer):
    """A worker failed in a way nobody foresaw."""

    kind = "broke"

    def __init__(self, error: BaseException) -> None:
        super().__init__(0)
        self.error = error
