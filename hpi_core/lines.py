"""LineCounts: where every physical line of a text source went."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LineCounts:
    """Every physical line of a text source, each counted in exactly one field (a record may span several lines)."""

    header: int = 0
    blank: int = 0
    preamble: int = 0
    record: int = 0
    refused: int = 0

    @property
    def total(self) -> int:
        """Number of physical lines accounted for."""
        return self.header + self.blank + self.preamble + self.record + self.refused

    def __add__(self, other: LineCounts) -> LineCounts:
        return LineCounts(
            self.header + other.header,
            self.blank + other.blank,
            self.preamble + other.preamble,
            self.record + other.record,
            self.refused + other.refused,
        )
