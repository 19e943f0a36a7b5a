"""Rate bars: one line per bucket with its counts, the interval and rate as a bar, and both in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from hpi_core.numerals import number, percent
from hpi_core.text import safe
from hpi_tui.cell_format import all_whole, choose_format, told_apart
from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Run

if TYPE_CHECKING:
    from hpi_core.charts.bucket_bars import Bar, Cut, PairChart
    from hpi_core.charts.buckets import Tone

_BAR_WIDEST, _BAR_LEAST, _LABEL_LEAST, _RANGE_LEAST = 100, 12, 6, 17
_NARROW = 64
_GAP = "  "


@dataclass(frozen=True)
class BarLine:
    """One line, with the number of the bar it shows (None: axis or cut)."""

    runs: tuple[Run, ...]
    bar: int | None = None
    claimed: bool = False


@dataclass(frozen=True)
class _Columns:
    label: int
    counts: int
    bar: int
    rate: int
    interval: int


def bar_lines(look: Look, pair: PairChart, width: int) -> list[BarLine]:
    """Return the axis and a line per bar and cut."""
    if not pair.bars:
        return []
    labels = [look.sign(label) for label in _labels(pair, "–" if width < _NARROW else " – ")]
    columns = _columns(look, pair, labels, width)
    labels = [look.sign(label) for label in told_apart(labels, columns.label)]
    lines = [BarLine(_axis(columns, pair.word))]
    for at, bar in enumerate(pair.bars):
        lines += [BarLine(_cut(look, pair, cut, columns)) for cut in pair.cuts if cut.before == at]
        lines.append(BarLine(_bar(look, bar, labels[at], columns, pair.tone), at, bar.claimed))
    return lines


def _labels(pair: PairChart, dash: str) -> list[str]:
    numbers = [x for bar in pair.bars for x in (bar.least, bar.most) if x is not None]
    chosen = choose_format(numbers, log=pair.scale == "log")
    whole = all_whole(numbers)
    labels = []
    for bar in pair.bars:
        if bar.missing:
            labels.append("missing")
        elif bar.values:
            labels.append(safe(", ".join(bar.values), 80))
        elif bar.least is None or bar.most is None:
            labels.append("none")
        else:
            low, high = (f"{x:.0f}" if whole else chosen.write(x) for x in (bar.least, bar.most))
            labels.append(low if bar.least == bar.most else f"{low}{dash}{high}")
    return labels


def _columns(look: Look, pair: PairChart, labels: list[str], width: int) -> _Columns:
    """Share out the width; the interval in numbers goes first, then the rate, then the label is cut."""
    ranges = any(bar.least is not None for bar in pair.bars)  # a number that was cut would be another number
    label = min(max(cell_len(text) for text in labels), max(_RANGE_LEAST if ranges else _LABEL_LEAST, width // 3))
    counts = max(len(pair.word) + 2, *(len(_counts(bar)) for bar in pair.bars))
    rate = max(len("rate"), *(len(percent(bar.rate)) for bar in pair.bars))
    interval = max(len("interval"), *(cell_len(look.sign(_interval(bar))) for bar in pair.bars))
    interval = max(interval, *(cell_len(look.sign(_uncertain(cut))) - rate - 2 for cut in pair.cuts), 0)
    left = width - 2 - label - counts - 4
    for kept in ((rate, interval), (rate, 0), (0, 0)):
        bar = left - sum(size + 2 for size in kept if size)
        if bar >= _BAR_LEAST:
            return _Columns(label, counts, min(bar, _BAR_WIDEST), *kept)
    return _Columns(max(_LABEL_LEAST, label - (_BAR_LEAST - left)), counts, max(4, min(left, _BAR_LEAST)), 0, 0)


def _axis(columns: _Columns, word: str) -> tuple[Run, ...]:
    marks = [" "] * columns.bar
    ticks = ((0, "0 %"), (25, "25"), (50, "50"), (75, "75"), (100, "100 %"))
    for share, text in ticks if columns.bar >= 24 else (ticks[0], ticks[-1]):
        at = _place(share / 100, columns.bar)
        at = max(0, at - (4 if share == 100 else 1 if share else 0))
        marks[at : at + len(text)] = text
    scale = "".join(marks)[: columns.bar]
    head = f"  {' ' * columns.label}  {f'{word}/n'.rjust(columns.counts)}  {scale}"
    tail = _GAP + "rate".rjust(columns.rate) if columns.rate else ""
    tail += _GAP + "interval".rjust(columns.interval) if columns.interval else ""
    return (Run(head + tail, "muted"),)


def _bar(look: Look, bar: Bar, label: str, columns: _Columns, tone: Tone) -> tuple[Run, ...]:
    token = ("good" if tone == "good" else "err") if bar.claimed else "warn" if bar.raised else "muted"
    token = "good" if token == "warn" and tone == "good" else token
    quiet = "text" if bar.claimed or bar.raised else "muted"
    runs = [
        Run(f"  {_right(look, label, columns.label)}  ", "text"),
        Run(_counts(bar).rjust(columns.counts) + _GAP, "text"),
        Run(_drawn(bar, columns.bar), token),
    ]
    if columns.rate:
        runs.append(
            Run(_GAP + percent(bar.rate).rjust(columns.rate), token if quiet == "text" else "text", bar.claimed)
        )
    if columns.interval:
        interval = look.sign(_interval(bar))
        runs.append(Run(_GAP + interval.rjust(columns.interval), "muted"))
    return tuple(runs)


def _drawn(bar: Bar, width: int) -> str:
    if bar.rate is None:
        return " " * width
    low, high = _place(bar.rate_low, width), _place(bar.rate_high, width)
    cells = ["━"] * low + ["─"] * (high - low + 1) + [" "] * (width - high - 1)
    cells[low], cells[high] = "├", "┤"
    cells[_place(bar.rate, width)] = "●"
    return "".join(cells)


def _place(rate: float, width: int) -> int:
    return max(0, min(width - 1, round(rate * (width - 1))))


def _cut(look: Look, pair: PairChart, cut: Cut, columns: _Columns) -> tuple[Run, ...]:
    """Draw an end of the claimed range between the buckets it parts, with its interval."""
    from hpi_core.charts.bucket_words import exact

    value = exact(cut.value)
    name = _cut_to(look, safe(pair.parameter, 60), max(3, columns.label + columns.counts + 1 - len(value)))
    head = f"{name} {value} "
    room = max(0, 4 + columns.label + columns.counts + columns.bar - cell_len(head))
    known = look.sign(_uncertain(cut))
    if not columns.interval and columns.rate < cell_len(known):
        room = max(0, room - cell_len(known) - 2)
    return (Run("  "), Run(head, "strong", True), Run("┄" * room, "faint"), Run(f"{_GAP}{known}", "text"))


def _uncertain(cut: Cut) -> str:
    return "" if cut.low is None or cut.high is None else f"[{number(cut.low)}–{number(cut.high)}]"


def _counts(bar: Bar) -> str:
    return f"{bar.sick:,}/{bar.n:,}"


def _interval(bar: Bar) -> str:
    if not bar.n:
        return "–"
    return f"{percent(bar.rate_low).removesuffix(' %')}–{percent(bar.rate_high)}"


def _cut_to(look: Look, text: str, width: int) -> str:
    shown = look.sign(text)
    return shown if cell_len(shown) <= width else set_cell_size(shown, width - 1) + look.sign("…")


def _right(look: Look, text: str, width: int) -> str:
    cut = _cut_to(look, text, width)
    return " " * (width - cell_len(cut)) + cut
