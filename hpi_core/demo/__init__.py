"""The bundled demo sweep: 240 real trainings of a small network, made by `train.py` beside it.

`sweep.csv` holds one row per trial, `sweep.curves.parquet` the metrics of every epoch.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def path() -> Path:
    """Return where the demo sweep's table lies in this installation."""
    return Path(str(files(__package__))) / "sweep.csv"


def curves_path() -> Path:
    """Return where the demo sweep's curves lie in this installation."""
    return path().with_name("sweep.curves.parquet")
