"""Which parts stand on the screen, and how large, for a terminal of a given size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Shape = Literal["tiny", "list", "strip", "stacked", "beside"]
STRIP_HEIGHT = 6
_BESIDE_WIDEST = 90


@dataclass(frozen=True)
class Layout:
    """`detail` is the height of the detail below the list, or its width beside it; `footer` counts lines."""

    shape: Shape
    detail: int = 0
    footer: int = 0


def layout_for(width: int, height: int, *, trials: int, table_width: int, detail_height: int, zoomed: bool) -> Layout:
    """Choose the layout.

    Args:
        width: columns of the terminal.
        height: rows of the terminal.
        trials: rows the list would like to show.
        table_width: cells the list would like to be wide, up to `width`.
        detail_height: lines the detail would like to have below the list.
        zoomed: the list has the screen for itself.
    """
    if width < 20 or height < 5:
        return Layout("tiny")
    if width < 60 or height < 15:
        return Layout("list")
    if zoomed:
        return Layout("list", footer=2)
    if width < 100 or height < 30:
        return Layout("strip", STRIP_HEIGHT, 3)
    if width >= 160:
        return Layout("beside", min(_BESIDE_WIDEST, max(62, width - table_width - 2)), 3)
    body = height - 3
    spare = body - (trials + 3)
    return Layout("stacked", max(STRIP_HEIGHT, min(max(body // 2 - 3, spare), max(detail_height, spare))), 2)
