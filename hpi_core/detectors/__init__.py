"""Detectors: rules that find sick trials, one file each, found by walking this package.

    detect(sweep).findings

Members export `DETECTOR` (see `contract`); rooms without it (`runner`, `context`, `catalogue`, …) serve them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpi_core.detectors.manual import listing, page
    from hpi_core.detectors.runner import Detection, detect
    from hpi_core.detectors.thresholds import parse_thresholds

__all__ = ["Detection", "detect", "listing", "page", "parse_thresholds"]

_HOMES = {"Detection": "runner", "detect": "runner", "listing": "manual", "page": "manual"} | {
    "parse_thresholds": "thresholds"
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
