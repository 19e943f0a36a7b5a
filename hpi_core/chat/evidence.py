"""Evidence: everything the chat may speak of, under the labels it is cited by: `[T17] [C1] [L1] [B7] [I2] [R1]`.

T is a trial by its id, the others are places in the summary's lists, counted from 1: causes, leads, buckets, issues;
recommendations carry their own ids. A trial whose id could not stand between brackets, or is not unique, is cited by
its row counted from 1: `[T#12]`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hpi_core.chat.redaction import redact

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection

Record = Mapping[str, Any]

LISTS = {"C": "causes", "L": "leads", "B": "buckets", "I": "issues", "R": "recommendations"}
CITATION = re.compile(r"\[((?:T#?|[CLBIR])[^\s\[\]]{0,79})\]")
_PLAIN_ID = re.compile(r"[\w.:+/=@-]{1,64}")
_SEARCHED = 20_000  # ids among which close matches are looked for


class Evidence:
    """One inspection and its summary, looked up by label."""

    def __init__(self, inspection: Inspection, summary: Record) -> None:
        """Take the inspection and `summarize(inspection)`: labels count places in this very summary."""
        self.inspection = inspection
        self.summary = summary

    def record(self, label: str) -> Record | None:
        """Return the entry of the summary with this label (`C1`, without brackets), None where there is none."""
        name = LISTS.get(label[:1])
        if name is None:
            return None
        if label[0] == "R":
            return next((entry for entry in self.summary[name] if entry["id"] == label), None)
        entries: Sequence[Record] = self.summary[name]
        place = int(label[1:]) if label[1:].isascii() and label[1:].isdigit() else 0
        return entries[place - 1] if 1 <= place <= len(entries) else None

    def knows(self, label: str) -> bool:
        """Tell whether a citation names something."""
        return self.row(label) is not None if label[:1] == "T" else self.record(label) is not None

    def labelled(self, kind: str) -> Iterator[tuple[str, Record]]:
        """Yield label and entry of every entry of one kind (`C`, `L`, `B`, `I`, `R`)."""
        for place, entry in enumerate(self.summary[LISTS[kind]], start=1):
            yield (str(entry["id"]) if kind == "R" else f"{kind}{place}"), entry

    def issue_label(self, issue: str) -> str | None:
        """Return the label of an issue by its name."""
        return next((label for label, entry in self.labelled("I") if entry["issue"] == issue), None)

    def row(self, trial: str) -> int | None:
        """Return the `_row` of a trial named by its id (`17`), its label (`T17`) or its place (`#12`)."""
        for name in (trial, trial[1:] if trial[:1] in ("T", "t") else trial):
            if name in self._rows:
                return self._rows[name]
            if name[:1] == "#" and name[1:].isascii() and name[1:].isdigit() and 1 <= int(name[1:]) <= len(self.ids):
                return int(name[1:]) - 1
        return None

    def trial_label(self, row: int) -> str:
        """Return the label a trial is cited by."""
        trial = self.ids[row]
        if trial is None or self._rows.get(trial) != row:
            return f"T#{row + 1}"
        return f"T{trial}" if _PLAIN_ID.fullmatch(trial) and redact(trial, "id") == trial else f"T#{row + 1}"

    def label_of_id(self, trial: object) -> str | None:
        """Return the label of the trial with this id, None where no or no single trial has it."""
        row = self._rows.get(str(trial))
        return None if row is None else self.trial_label(row)

    def close_trials(self, trial: str, count: int = 3) -> list[str]:
        """Return labels of trials whose ids look like this one."""
        name = trial[1:] if trial[:1] in ("T", "t") else trial
        some = list(self._rows)[:_SEARCHED]
        return [self.trial_label(self._rows[near]) for near in difflib.get_close_matches(name, some, count, 0.5)]

    @cached_property
    def ids(self) -> list[str | None]:
        """The id of every trial, in the order of rows."""
        return self.inspection.sweep.trial_ids().to_list()

    @cached_property
    def _rows(self) -> dict[str, int]:
        """Id to row, for ids that only one trial has."""
        rows: dict[str, int] = {}
        repeated: set[str] = set()
        for row, trial in enumerate(self.ids):
            if trial is None:
                continue
            if trial in rows:
                repeated.add(trial)
            rows[trial] = row
        for trial in repeated:
            del rows[trial]
        return rows
