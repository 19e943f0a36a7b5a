"""json_text(): the one way records for machines are written, so that none of their bytes can act on a terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def json_text(record: Mapping[str, Any], *, indent: int | None = 2) -> str:
    """Return a record as strict, sorted ASCII JSON with a line end: the same text for the same record.

    `indent` None puts it on one line. Raises ValueError where the record holds a number that is not finite.
    """
    text = json.dumps(record, indent=indent, sort_keys=True, allow_nan=False, ensure_ascii=True)
    return text.replace("\x7f", "\\u007f") + "\n"  # the one control character that JSON leaves as it is
