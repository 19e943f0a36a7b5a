"""The examples of a detector in words: small sweeps, and what it finds in them.

Every example is run when its words are asked for, so that a page never says what the detector does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from hpi_core.detectors.contract import AnyDetector, Detector, Example
from hpi_core.detectors.runner import detect
from hpi_core.frames import CURVES
from hpi_core.numerals import plural
from hpi_core.roles import RoleOverrides
from hpi_core.sweep import Sweep
from hpi_core.text import safe

_MOST_COLUMNS = 6
_MOST_TRIALS = 4


def sweep_of_example(example: Example) -> Sweep:
    """Return an example as a sweep: one trial per value of its columns, with its curves over the steps 0 to n - 1."""
    frame = pl.DataFrame({name: list(values) for name, values in example.columns.items()}, strict=False)
    sweep = Sweep.from_polars(frame, overrides=RoleOverrides(roles=example.roles) if example.roles else None)
    if not example.curves:
        return sweep
    points = [
        (row, metric, step, value)
        for metric, trials in example.curves.items()
        for row, values in enumerate(trials)
        for step, value in enumerate(values)
    ]
    curves = pl.DataFrame(points, schema=CURVES, orient="row").sort("_row", "metric", "step")
    return replace(sweep, curves=curves.lazy())


def examples_in_words(detector: AnyDetector) -> list[str]:
    """Return lines for the manual page: of each example what it is, and what the detector says of it."""
    return [line for example in detector.examples for line in _told(detector, example)]


def _told(detector: AnyDetector, example: Example) -> list[str]:
    findings = detect(sweep_of_example(example)).findings.filter(pl.col("issue") == detector.issue)
    total = len(next(iter(example.columns.values()), ()))
    if not isinstance(detector, Detector):
        head, said = f"{'Found' if example.sick else 'Not found'} in {plural(total, 'trial')}", _columns(example)
    elif example.sick:
        more = len(example.sick) - _MOST_TRIALS
        named = ", ".join(str(row + 1) for row in example.sick[:_MOST_TRIALS]) + (f" and {more} more" * (more > 0))
        head, said = f"Found in trial {named} of {total}", _trial(example, example.sick[0])
    else:
        head, said = f"Not found in {plural(total, 'trial')} like this", _trial(example, 0)
    lines = [f"    {head}:", f"        {said}"]
    if findings.height:
        severity, evidence = findings.row(0, named=True)["severity"], findings.row(0, named=True)["evidence"]
        lines.append(f"            {severity}: {evidence}")
    return lines


def _columns(example: Example) -> str:
    """Say what stands in the columns of an example, their first values only."""
    some = list(example.columns.items())[:_MOST_COLUMNS]
    said = [
        f"{safe(name, 40)} {', '.join(map(_value, values[:_MOST_TRIALS]))}{', …' * (len(values) > _MOST_TRIALS)}"
        for name, values in some
    ]
    left = len(example.columns) - len(some)
    return "; ".join([*said, *([f"and {plural(left, 'column')} more"] if left else [])])


def _trial(example: Example, row: int) -> str:
    """Say what a trial of an example is: its columns, and its curves."""
    columns = [(name, values[row]) for name, values in example.columns.items() if values]
    said = [f"{safe(name, 40)} {_value(value)}" for name, value in columns[:_MOST_COLUMNS]]
    left = len(columns) - _MOST_COLUMNS
    said += [f"and {plural(left, 'column')} more"] if left > 0 else []
    said += [f"{safe(name, 40)} over {_curve(trials[row])}" for name, trials in example.curves.items()]
    return ", ".join(said)


def _value(value: object) -> str:
    if value is None:
        return "missing"
    return f"{value:.3g}" if isinstance(value, float) else safe(value, 40)


def _curve(values: Sequence[float]) -> str:
    """Say how a curve goes: where it begins and ends, and how high and low it was on the way."""
    known = [(value, step) for step, value in enumerate(values) if math.isfinite(value)]
    if len(known) < len(values):
        broken = next(step for step, value in enumerate(values) if not math.isfinite(value))
        return f"{plural(len(values), 'step')}, {values[broken]} at step {broken}"
    (low, low_at), (high, high_at) = min(known), max(known)
    first, last = values[0], values[-1]
    way = [f"{first:.3g} to {last:.3g}"]
    way += [f"highest {high:.3g} at step {high_at}"] if high > max(first, last) else []
    way += [f"lowest {low:.3g} at step {low_at}"] if low < min(first, last) else []
    return f"{plural(len(values), 'step')}: " + " with ".join([way[0], " and ".join(way[1:])] if way[1:] else way)
