"""The distribution of a hyperparameter: a bar per bin, the sick trials of it first, in another glyph and colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from textual.strip import Strip

from hpi_core.numerals import plural
from hpi_core.text import safe
from hpi_tui.cell_format import choose_format
from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Run, paint

if TYPE_CHECKING:
    from hpi_core.charts.distribution import Bin, DistributionChart

_LABEL_WIDEST = 26


def draw_distribution(look: Look, chart: DistributionChart, width: int, height: int) -> list[Strip]:
    """Draw the bins that fit, a line each, under a line of headings."""
    if not chart.bins:
        return [paint(look, [Run(" No trial has a value of it.", "muted")], width)]
    labels = _labels(chart)
    label = min(max(cell_len(look.sign(text)) for text in labels), _LABEL_WIDEST, max(6, width // 3))
    counts = max(6, *(len(_counts(one)) for one in chart.bins))
    room = max(4, width - label - counts - 6)
    most = max(one.n for one in chart.bins) or 1
    named = "sick/n" if chart.judged else "n"
    scale = f"0{plural(most, 'trial').rjust(room - 1)}"
    strips = [paint(look, [Run(f"  {' ' * label}  {named.rjust(counts)}  {scale}", "muted")], width)]
    first = _first(chart, height - 2)
    for at in range(first, min(len(chart.bins), first + max(1, height - 2))):
        one, here = chart.bins[at], at == chart.here
        sick, n = (round(count / most * room) for count in (one.sick, one.n))
        sick = max(sick, int(one.sick > 0))
        n = max(n, sick + int(one.n > one.sick)) if one.n else 0
        runs = [
            Run(look.sign("▌ ") if here else "  ", "strong"),
            Run(_right(look, labels[at], label), "strong" if here else "text", here),
            Run(f"  {_counts(one).rjust(counts)}  ", "text" if one.n else "muted"),
            Run("█" * sick, "err"),
            Run("━" * (n - sick), "muted"),
        ]
        strips.append(paint(look, runs, width, "cur2" if here and look.fills else "ground"))
    said = "sick █  others ━" if chart.judged else "trials ━"
    if chart.lacking:
        said += f"  {plural(chart.lacking, 'trial')} without a {'positive ' if chart.log else ''}number"
    strips.append(paint(look, [Run(f"  {said}", "muted")], width))
    return strips[:height]


def _first(chart: DistributionChart, room: int) -> int:
    """Return the first bin shown, so that the trial's is."""
    at = chart.here or 0
    return max(0, min(at - room // 2, len(chart.bins) - max(1, room)))


def _labels(chart: DistributionChart) -> list[str]:
    numbers = [x for one in chart.bins for x in (one.low, one.high) if x is not None]
    chosen = choose_format([float(f"{x:.3g}") for x in numbers], log=chart.log)
    labels = []
    for one in chart.bins:
        if one.low is None or one.high is None:
            labels.append(safe(one.word, 60))
        elif one.low == one.high:
            labels.append(chosen.write(one.low).strip())
        else:
            labels.append(f"{chosen.write(one.low).strip()} – {chosen.write(one.high).strip()}")
    return labels


def _counts(one: Bin) -> str:
    return f"{one.sick:,}/{one.n:,}"


def _right(look: Look, text: str, width: int) -> str:
    shown = look.sign(text)
    if cell_len(shown) > width:
        shown = set_cell_size(shown, width - 1) + look.sign("…")
    return " " * (width - cell_len(shown)) + shown
