"""Where a citation leads: messages of the chat pane, for whoever keeps the one cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from hpi_core.chat.evidence import Evidence
    from hpi_core.inspection import Inspection


class JumpToTrial(Message):
    """Go to a trial of `inspection`: its `_row` there, and its id."""

    def __init__(self, inspection: Inspection, row: int, trial: str | None) -> None:
        super().__init__()
        self.inspection = inspection
        self.row = row
        self.trial = trial


class JumpToPair(Message):
    """Go to what is known of a parameter and an issue."""

    def __init__(self, parameter: str, issue: str) -> None:
        super().__init__()
        self.parameter = parameter
        self.issue = issue


class JumpToIssue(Message):
    """Go to the trials that have an issue."""

    def __init__(self, issue: str) -> None:
        super().__init__()
        self.issue = issue


def jump_of(evidence: Evidence, label: str) -> Message | None:
    """Return where a label (`C1`, without brackets) leads, None where there is no one place to go to."""
    from hpi_core.chat.glimpse import pair_of

    if label[:1] == "T":
        row = evidence.row(label)
        return None if row is None else JumpToTrial(evidence.inspection, row, evidence.ids[row])
    if label[:1] == "I":
        record = evidence.record(label)
        return None if record is None else JumpToIssue(str(record["issue"]))
    pair = pair_of(evidence, label)
    return None if pair is None else JumpToPair(*pair)
