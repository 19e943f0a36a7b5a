"""The words of the importance chart: what is known of one hyperparameter, each thing with its n and interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpi_core.detectors import listing
from hpi_core.numerals import number, percent
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.charts.importance import Asked, ImportanceChart, ImportanceRow
    from hpi_core.importance import Correlation, Importance

_LONGEST_NAME = 60
_MOST_ISSUES = 3


def share(score: float) -> str:
    """Write a share between 0 and 1 with two decimals, as 0 only where it is 0: `.61`, `<.01`, `0`, `1`."""
    if 0 < score < 0.005:
        return "<.01"
    return "0" if score == 0 else f"{score:.2f}".removeprefix("0").replace("1.00", "1")


def interval(low: float, high: float) -> str:
    """Write the ends of an interval of a share."""
    return f"{share(low)}–{share(high)}"


def way(row: ImportanceRow) -> str:
    """Return in two words which values are better."""
    return {"low": "low is better", "high": "high is better", "differs": "differs by value"}.get(row.better or "", "–")


def about(chart: ImportanceChart, row: ImportanceRow) -> tuple[tuple[str, str], ...]:
    """Return what is known of a parameter as (caption, text)."""
    said = [(asked.short, _of_question(chart, asked, row.entries[asked.question]))
            for asked in chart.asked if asked.question in row.entries]  # fmt: skip
    if row.with_objective is not None:
        said.append(("which way", _with_objective(chart, row)))
    tags = {entry["issue"]: entry["tag"] for entry in listing()}
    issues = [_with_issue(tags.get(item.target, item.target), item) for item in row.with_issues[:_MOST_ISSUES]]
    if issues:
        said.append(("issues", ", ".join(issues)))
    for at, pair in enumerate(row.interactions[:2]):
        other = safe(pair.second if pair.first == row.parameter else pair.first, _LONGEST_NAME)
        beyond = f"{percent(pair.score)} of the variance beyond what each does alone (noise {percent(pair.noise)})"
        said.append(("" if at else "together", f"with {other} {beyond}, n {pair.n:,}"))
    return tuple(said)


def _of_question(chart: ImportanceChart, asked: Asked, entry: Importance) -> str:
    known = f"{share(entry.score)} [{interval(entry.low, entry.high)}], n {entry.n:,}"
    if not entry.matters:
        return f"{known}: within noise, which reaches {share(entry.noise)}"
    doubt = "" if asked.question in chart.trusted else "; not to be trusted with so few trials"
    return f"{known}, noise {share(entry.noise)}; matters most with a chance of {percent(entry.rank_first)}{doubt}"


def _with_objective(chart: ImportanceChart, row: ImportanceRow) -> str:
    item = row.with_objective
    if item is None:
        return ""
    if item.statistic == "epsilon2":
        told = "differs between its values" if row.better else "no clear difference between its values"
        return f"{chart.metric} {told}, ε² {number(item.value, 2)} {_known(item)}"
    told = "rises" if item.value > 0 else "falls"
    clear = f"{told} with it, {way(row)}" if row.better else "neither rises nor falls clearly with it"
    return f"{chart.metric} {clear}, ρ {number(item.value, 2)} {_known(item)}"


def _with_issue(tag: str, item: Correlation) -> str:
    if item.statistic == "epsilon2":
        return f"{tag} differs by value ε² {number(item.value, 2)}"
    return f"{tag} more often when {'high' if item.value > 0 else 'low'} ρ {number(item.value, 2)}"


def correlation(row: ImportanceRow) -> str:
    """Return how a parameter goes with the objective in numbers: `ρ 0.24 [-0.23 to 0.62], n 20`."""
    item = row.with_objective
    if item is None:
        return "too few values to compare"
    return f"{'ε²' if item.statistic == 'epsilon2' else 'ρ'} {number(item.value, 2)} {_known(item)}"


def _known(item: Correlation) -> str:
    return f"[{number(item.low, 2)} to {number(item.high, 2)}], n {item.n:,}"
