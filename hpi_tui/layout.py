"""Which panes stand where, for a terminal of a given size: rectangles, as a pure function.

Small terminals show one pane and a strip of the detail, medium ones Runs over the detail beside the other panes, wide
ones three columns. Whatever the size, the pane with the focus is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Shape = Literal["tiny", "list", "one", "two", "three"]
PANES = ("runs", "sick", "buckets", "curves", "chat")
STRIP_HEIGHT = 6
_WITH_STRIP = ("runs", "sick")


@dataclass(frozen=True)
class Rect:
    """A place within the body, in cells."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Layout:
    """`places` maps the panes shown (and `detail`) to their rectangles within the body; `footer` counts lines.

    With `tabs` the first line of the body names all panes, as only one of them is shown.
    """

    shape: Shape
    places: tuple[tuple[str, Rect], ...] = ()
    footer: int = 0
    tabs: bool = False

    def place(self, name: str) -> Rect | None:
        """Return where a pane stands, None where it is not shown."""
        return dict(self.places).get(name)


@dataclass(frozen=True)
class Wishes:
    """How much the parts would like to have: rows of trials and of the queue, detail lines."""

    trials: int = 0
    queue: int = 0
    detail: int = 12


def layout_for(
    width: int, height: int, *, panes: tuple[str, ...], focus: str, zoomed: bool = False, wishes: Wishes | None = None
) -> Layout:
    """Choose the layout.

    Args:
        width: columns of the terminal.
        height: rows of the terminal, less those of a notice.
        panes: the panes there are, of `PANES`.
        focus: the pane with the focus.
        zoomed: the focused pane has the screen for itself.
        wishes: what the parts would like to have.
    """
    wishes = wishes or Wishes()
    if width < 20 or height < 5:
        return Layout("tiny")
    if width < 60 or height < 15:
        return Layout("list", ((focus, Rect(0, 0, width, max(1, height - 1))),))
    if zoomed:
        return _one(width, height, focus, 2, strip=False)
    if width < 100 or height < 30:
        return _one(width, height, focus, 3, strip=focus in _WITH_STRIP)
    if width >= 160 and height >= 40 and len(panes) > 2:
        return Layout("three", _three(width, height - 4, panes, wishes), 3)
    return Layout("two", _two(width, height - 3, panes, focus, wishes), 2)


def _one(width: int, height: int, focus: str, footer: int, *, strip: bool) -> Layout:
    body = height - 1 - footer
    detail = STRIP_HEIGHT if strip and body > 2 * STRIP_HEIGHT - 2 else 0
    top = 0 if focus == "runs" else 1
    places = [(focus, Rect(0, top, width, body - detail - top))]
    if detail:
        places.append(("detail", Rect(0, body - detail, width, detail)))
    return Layout("one", tuple(places), footer, tabs=True)


def _two(width: int, body: int, panes: tuple[str, ...], focus: str, wishes: Wishes) -> tuple[tuple[str, Rect], ...]:
    right = [name for name in panes if name not in ("runs", "chat")]
    if focus == "chat":
        right = ["chat"]
    left = max(width * 7 // 12, width - 100) if right else width
    detail = min(max(wishes.detail, STRIP_HEIGHT), body // 2 - 1)
    runs = max(STRIP_HEIGHT, min(wishes.trials + 2, body - detail))
    places = [("runs", Rect(0, 0, left, runs)), ("detail", Rect(0, runs, left, body - runs))]
    if right:
        beside = _stack(right, Rect(left + 1, 0, width - left - 1, body), wishes)
        places += beside
    return tuple(places)


def _three(width: int, body: int, panes: tuple[str, ...], wishes: Wishes) -> tuple[tuple[str, Rect], ...]:
    last = [name for name in panes if name in ("curves", "chat")]
    first = 50
    third = min(64, max(50, (width - first) * 2 // 5)) if last else 0
    middle = width - first - 1 - (third + 1 if third else 0)
    x = first + 1
    buckets = body * 15 // 56 if "buckets" in panes else 0
    detail = min(max(wishes.detail, STRIP_HEIGHT), body * 2 // 5)
    runs = body - buckets - detail
    places = [("sick", Rect(0, 0, first, body)), ("runs", Rect(x, 0, middle, runs))]
    if buckets:
        places.append(("buckets", Rect(x, runs, middle, buckets)))
    places.append(("detail", Rect(x, runs + buckets, middle, detail)))
    if last:
        places += _stack(last, Rect(x + middle + 1, 0, third, body), wishes)
    return tuple(places)


def _stack(names: list[str], room: Rect, wishes: Wishes) -> list[tuple[str, Rect]]:
    """Put panes over each other, a blank line between them; the queue takes no more than it needs."""
    places: list[tuple[str, Rect]] = []
    y, left = room.y, room.height
    for at, name in enumerate(names):
        rest = len(names) - at - 1
        share = left if not rest else left // (rest + 1)
        if name == "sick" and rest:
            share = max(4, min(wishes.queue + 2, share + 2))
        height = max(1, min(share, left))
        places.append((name, Rect(room.x, y, room.width, height - (1 if rest and height > 3 else 0))))
        y, left = y + height, max(0, left - height)
    return [(name, place) for name, place in places if y >= 0 and place.y < room.y + room.height]
