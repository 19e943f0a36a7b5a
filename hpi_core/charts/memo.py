"""The memo: what a chart of one trial shares with that of the next one, worked out once."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Memo:
    """What does not depend on the trial, kept between calls for one sweep and inspection."""

    kept: dict[object, object] = field(default_factory=dict)
