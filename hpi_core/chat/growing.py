"""Growing: an answer that is checked line by line while it comes, so that nothing is checked twice."""

from __future__ import annotations

from dataclasses import replace

from hpi_core.chat.evidence import Evidence
from hpi_core.chat.verifier import Mark, Reference, Verified, verify


class Growing:
    """The answer so far; `checked` counts the characters, all of them whole lines, that have been checked."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self.text = ""
        self.checked = 0
        self._numbers: list[Mark] = []
        self._citations: list[Reference] = []

    def more(self, text: str) -> Verified:
        """Take the next piece; returns the whole so far with what is known of its whole lines."""
        self.text += text
        end = self.text.rfind("\n") + 1
        if end > self.checked:
            start, found = self.checked, verify(self.text[self.checked : end - 1], self._evidence)
            self._numbers += [replace(one, start=one.start + start, end=one.end + start) for one in found.numbers]
            self._citations += [replace(one, start=one.start + start, end=one.end + start) for one in found.citations]
            self.checked = end
        return Verified(self.text, tuple(self._numbers), tuple(self._citations))
