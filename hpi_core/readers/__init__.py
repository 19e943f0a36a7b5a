"""read(): from what the person named to a Sweep: find it, unpack it, read it, tell its shape.

One file per kind of source; each declares a READER, and the best claim on the first bytes wins.

Importing this package imports nothing heavy; reading imports polars.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpi_core.roles import RoleOverrides
    from hpi_core.sweep import Sweep
    from hpi_core.tables.table import ReadOptions


def read(
    location: str | Path | Sequence[str | Path],
    *,
    options: ReadOptions | None = None,
    overrides: RoleOverrides | None = None,
    progress: Callable[[str, float | None], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Sweep:
    """Read one sweep.

    Args:
        location: a file, a folder, a pattern such as `results/*.csv`, several of these, or `-` for standard input.
        options: how to read it; everything is recognised where left out.
        overrides: the user's word on roles and objective.
        progress: called with a phrase and a fraction (or None) now and then, from the calling thread.
        cancelled: called often; once it answers true the reading stops.

    Raises:
        SourceError: nothing there can be read as a sweep; the message says what was found, the hint what to do.
        UsageError: nothing was named, or an override names a column that is not there.
        Cancelled: `cancelled` answered true.
    """
    from hpi_core.readers._reading import read_sweep
    from hpi_core.tables.table import ReadOptions, never, silent

    return read_sweep(location, options or ReadOptions(), overrides, progress or silent, cancelled or never)
