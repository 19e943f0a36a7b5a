"""The ledger: every repair and refusal the reader made, by line."""

from __future__ import annotations

from collections.abc import Sequence

from hpi_core.numerals import plural
from hpi_core.sweep import Sweep
from hpi_core.text import safe
from hpi_tui.screens.listing import Listing, wrapped
from hpi_tui.theme import Look
from hpi_tui.widgets.choice_list import Entry
from hpi_tui.widgets.lines import Run

_MOST = 2000


class LedgerScreen(Listing):
    """What was repaired or refused."""

    heading = "Repairs"

    def __init__(self, look: Look, sweep: Sweep) -> None:
        super().__init__(look, safe(sweep.source.name, 60))
        self._rows = sweep.ledger.head(_MOST).rows(named=True)
        more = "" if sweep.ledger.height <= _MOST else f", the first {_MOST:,} shown"
        self.about = f"{plural(sweep.ledger.height, 'entry', 'entries')}{more}"

    def entries(self, search: str) -> Sequence[Entry]:
        """Return the entries whose words hold the text."""
        found = []
        for at, row in enumerate(self._rows):
            place = f"line {row['line']:,}" if row["line"] is not None else "all lines"
            many = f" x{row['count']:,}" if (row["count"] or 1) > 1 else ""
            message = safe(row["message"], 300)
            if search in f"{place} {row['kind']} {message}".casefold():
                runs = (Run(f"{place:<14}", "muted"), Run(f"{safe(row['kind'], 24)}{many}".ljust(26)), Run(message))
                found.append(Entry(runs, str(at)))
        return found

    def readout(self, value: str | None) -> list[list[Run]]:
        """Show what stood there and what became of it."""
        if value is None:
            return []
        row = self._rows[int(value)]
        if row["was"] is None and row["became"] is None:
            return wrapped(row["message"], self.size.width)
        return [[Run(f" was     {safe(row['was'], 300)}")], [Run(f" became  {safe(row['became'], 300)}")]]
