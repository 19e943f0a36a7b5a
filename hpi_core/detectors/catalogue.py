"""The catalogue: every detector of this package, found by walking it, and the order in which they must run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import hpi_core.detectors as package
from hpi_core.detectors.contract import AnyDetector, Detector, SweepDetector
from hpi_core.plugins import discover


@dataclass(frozen=True)
class Catalogue:
    """The detectors in the order of their names, and module -> reason for those that could not be loaded."""

    detectors: tuple[AnyDetector, ...]
    failed: tuple[tuple[str, str], ...] = ()


@cache
def catalogue() -> Catalogue:
    """Return every detector of the package."""
    discovery = discover(package, "DETECTOR")
    found = [item for item in discovery.found if isinstance(item, Detector | SweepDetector)]
    return Catalogue(tuple(sorted(found, key=lambda detector: detector.issue)), discovery.failed)


def in_order(detectors: Iterable[AnyDetector]) -> tuple[AnyDetector, ...]:
    """Return the detectors so that each comes after those that pre-empt it; those about the sweep come last.

    Raises:
        ValueError: two detectors pre-empt each other, directly or through others.
    """
    waiting = sorted(detectors, key=lambda detector: (isinstance(detector, SweepDetector), detector.issue))
    ordered: list[AnyDetector] = []
    while waiting:
        pending = {detector.issue for detector in waiting}
        ready = [detector for detector in waiting if not pending & set(detector.preempted_by)]
        ready = [d for d in ready if not isinstance(d, SweepDetector)] or ready
        if not ready or (isinstance(ready[0], SweepDetector) and any(isinstance(d, Detector) for d in waiting)):
            raise ValueError(f"Detectors pre-empt each other: {', '.join(sorted(pending))}")
        ordered += ready
        waiting = [detector for detector in waiting if detector not in ready]
    return tuple(ordered)
