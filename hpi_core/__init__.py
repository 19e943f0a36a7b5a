"""The core of hpi: it reads sweeps and thinks about them, without any user interface.

    import hpi_core
    sweep = hpi_core.read("sweep.csv")
    inspection = hpi_core.inspect(sweep)
    hpi_core.summarize(inspection)

Names are loaded on first use, so that importing a light part (the head reader of the app) does not import polars.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpi_core.errors import HpiError
    from hpi_core.importance import best_runs, param_correlations, param_importance
    from hpi_core.inspection import Inspection, inspect
    from hpi_core.readers import read
    from hpi_core.roles import RoleOverrides
    from hpi_core.summary import summarize
    from hpi_core.sweep import Sweep

__all__ = [
    "HpiError", "Inspection", "RoleOverrides", "Sweep", "best_runs", "inspect", "param_correlations",
    "param_importance", "read", "summarize",
]  # fmt: skip
__version__ = "0.1.0"

_HOMES = {
    "HpiError": "hpi_core.errors",
    "Inspection": "hpi_core.inspection",
    "RoleOverrides": "hpi_core.roles",
    "Sweep": "hpi_core.sweep",
    "best_runs": "hpi_core.importance",
    "inspect": "hpi_core.inspection",
    "param_correlations": "hpi_core.importance",
    "param_importance": "hpi_core.importance",
    "read": "hpi_core.readers",
    "summarize": "hpi_core.summary",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
