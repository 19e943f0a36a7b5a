"""The gates: what the cause finder must hold, one row each, beside the naive method and Optuna's importance evaluators.

Every study records what it measured before it asserts it; `conftest` prints the table when the studies are done.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.bench.causes.measures import print_table

GATES = {
    0: "rates judged by bounds",
    1: "silence on noise",
    2: "planted thresholds",
    3: "adaptive sampler",
    4: "interactions",
    5: "best tenth left alone",
    6: "competing risks",
    7: "next 30 trials",
    8: "metamorphic",
}


@dataclass
class Row:
    """What the studies of one gate measured, a line per measure, and whether all of it held."""

    hpi: list[str] = field(default_factory=list)
    naive: list[str] = field(default_factory=list)
    optuna: list[str] = field(default_factory=list)
    sweeps: list[int] = field(default_factory=list)
    held: bool = True


_ROWS: dict[int, Row] = {}


def record(
    gate: int, hpi: str = "", *, naive: str = "", optuna: str = "", holds: bool = True, sweeps: int | None = None
) -> None:
    """Record one measure of a gate.

    Args:
        gate: its number.
        hpi: what hpi does, with its bound.
        naive: what five quantile buckets with raw rates do on the same sweeps.
        optuna: what Optuna's importance evaluators do.
        holds: whether the confidence bound is within the gate.
        sweeps: how many sweeps a judged rate rests on.
    """
    row = _ROWS.setdefault(gate, Row())
    for cell, text in ((row.hpi, hpi), (row.naive, naive), (row.optuna, optuna)):
        if text:
            cell.append(text)
    row.held &= holds
    if sweeps is not None:
        row.sweeps.append(sweeps)


def print_gates() -> None:
    """Print a row per gate, `–` where a gate was not studied in this run or a rival has no answer to compare."""
    fewest = [count for row in _ROWS.values() for count in row.sweeps]
    if fewest:
        within = sum(count >= 1000 for count in fewest)
        told = f"{within} of {len(fewest)} rates rest on 1,000 sweeps or more, the others on {min(fewest):,} or more"
        record(0, told if within < len(fewest) else f"all {len(fewest)} rates rest on 1,000 sweeps or more")
    lines = []
    for gate, name in GATES.items():
        row = _ROWS.get(gate)
        cells = [["–"]] * 3 if row is None else [cell or ["–"] for cell in (row.hpi, row.naive, row.optuna)]
        held = "not run" if row is None else "yes" if row.held else "NO"
        for k in range(max(map(len, cells))):
            first = (str(gate), name, held) if k == 0 else ("", "", "")
            lines.append((*first, *(cell[k] if k < len(cell) else "" for cell in cells)))
    print_table("Gates", ("", "gate", "held", "hpi", "naive five buckets", "Optuna importance"), lines)
