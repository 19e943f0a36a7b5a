"""Which column a name in a filter means: its full name, in any case, or the end of a prefixed name."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from hpi_core.errors import FilterError
from hpi_core.filter.syntax import Value
from hpi_core.frames import STATUS
from hpi_core.roles.names import parse as parse_name
from hpi_core.text import safe

if TYPE_CHECKING:
    from collections.abc import Sequence


def find(value: Value, columns: Sequence[str]) -> str | None:
    """Return the column the value names, or None.

    Raises:
        FilterError: several columns end in this name.
    """
    name = value.text
    if name in columns:
        return name
    if value.form == "quoted":
        return None
    if name == "status" and STATUS in columns:
        return STATUS
    folded = name.casefold()
    found = [column for column in columns if column.casefold() == folded] or [
        column for column in columns if _ends_in(column, folded)
    ]
    if len(found) > 1:
        shown = ", ".join(f"`{safe(column, 60)}`" for column in found[:5])
        raise FilterError(f"{safe(name, 60)} could be {shown}.", value.start, "Write the whole name in `backticks`.")
    return found[0] if found else None


def need(value: Value, columns: Sequence[str]) -> str:
    """Return the column the value names.

    Raises:
        FilterError: there is none; the hint names the closest.
    """
    found = find(value, columns)
    if found is None:
        ends = {re.split(r"[./: ]|^params?_|^config_", column)[-1]: column for column in columns}
        close = difflib.get_close_matches(value.text, dict.fromkeys([*columns, *ends]), n=2, cutoff=0.5)
        hint = f"Did you mean {' or '.join(safe(word, 60) for word in close)}?" if close else "Tab lists the columns."
        raise FilterError(f"There is no column {safe(value.text, 60)}.", value.start, hint)
    return found


def _ends_in(column: str, name: str) -> bool:
    folded = column.casefold()
    if not folded.endswith(name) or len(folded) == len(name):
        return False
    prefix = folded[: -len(name)]
    return prefix[-1] in "./: " or (prefix[-1] == "_" and parse_name(column).namespace != "" and "_" not in prefix[:-1])
