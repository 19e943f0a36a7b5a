"""verify(): every number of an answer is either found where the answer says it stands, or marked as unverified.

A number is looked for in the records cited in its sentence, else in its line, then among what the sentence names. It
is found if it equals a value there within the rounding of its own written digits: percentages against rates, `46 of 49`
as a pair of one record, `q < 1e-9` against a smaller q. The `95 %` of an interval and the numbers that count a list's
entries are not claims.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hpi_core.chat.evidence import CITATION, Evidence
from hpi_core.chat.facts import NUMBER, Fact, columns, facts_cited, facts_named, parsed

UNVERIFIED = "[unverified]"
_SMALLEST = 1e-300  # what is nearer to 0 reads as 0: a bucket that holds 0 may begin just below it
COARSEST = 0.05  # how far rounding may move a value, relative to it; 0.7 does not stand for 0.749
_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=[^a-z\d])|\n")
_LIST_MARK = re.compile(r"^\s*(?:#+\s*)?(\d{1,3})[.)](?=\s)")
_PAIR = re.compile(r"\s*(?:of|/|out of)\s*(?:the\s+)?$")
_LEVEL = re.compile(r"^\s*[-‑]?\s*(?:%|percent)?\s*(?:CI\b|confidence|interval|Wilson|credible)", re.IGNORECASE)
_TRIAL_NAME = re.compile(r"(?i)\b(?:trials?|runs?)\s+(?:is\s+|number\s+|id\s+)?(?:#?[\w.-]+\s*(?:,|and|&)\s*){0,20}#?$")
_SAID_OF = re.compile(r"(?:[\s`*\"'=:<>≤≥~≈]|\b(?:of|is|was|at|to|about|above|below|over|under|from|value)\b)*$")
_WORD_END, _WORD_BEGIN = re.compile(r"[^\s,;()\[\]]+$"), re.compile(r"[^\s,;()\[\]]+")
_BELOW = re.compile(r"(?i)(?:<|≤|below|under|less than|at most|fewer than)\s*$")
_ABOVE = re.compile(r"(?i)(?:>|≥|above|over|more than|at least)\s*$")


@dataclass(frozen=True)
class Mark:
    """A number of the answer: where it stands, and what it was found equal to (`label` may be empty)."""

    start: int
    end: int
    text: str
    found: bool
    label: str = ""
    path: str = ""


@dataclass(frozen=True)
class Reference:
    """A citation of the answer and whether it names anything."""

    start: int
    end: int
    label: str
    known: bool


@dataclass(frozen=True)
class Verified:
    """An answer with its numbers and citations, in the order of the text."""

    text: str
    numbers: tuple[Mark, ...] = ()
    citations: tuple[Reference, ...] = ()

    @property
    def unverified(self) -> int:
        """How many numbers were not found."""
        return sum(not mark.found for mark in self.numbers)

    def marked(self) -> str:
        """Return the text with ✓ after what was found, and `[unverified]` or `[T9: unknown]` at what was not."""
        notes = [(mark.end, "✓" if mark.found else f" {UNVERIFIED}") for mark in self.numbers]
        notes += [(one.end - 1, ": unknown") for one in self.citations if not one.known]
        text = self.text
        for place, note in sorted(notes, reverse=True):
            text = text[:place] + note + text[place:]
        return text


def verify(text: str, evidence: Evidence) -> Verified:
    """Check an answer's numbers and citations against the evidence."""
    looked_up: dict[str, list[Fact]] = {}
    names = columns(evidence)
    marks: list[Mark] = []
    for line_start, line in _lines(text):
        in_line = [match[1] for match in CITATION.finditer(line)]
        for start, sentence in _sentences(line):
            if NUMBER.search(sentence) is None:
                continue
            labels = [match[1] for match in CITATION.finditer(sentence)] or in_line
            for label in labels:
                if label not in looked_up:
                    looked_up[label] = facts_cited(evidence, label)
            cited = [fact for label in labels for fact in looked_up[label]]
            facts = [*cited, *facts_named(evidence, sentence, cites=bool(cited))]
            marks += _marks(sentence, line_start + start, facts, evidence, names, line_begins=start == 0)
    references = tuple(
        Reference(match.start(), match.end(), match[1], evidence.knows(match[1])) for match in CITATION.finditer(text)
    )
    return Verified(text, tuple(marks), references)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in text.split("\n"):
        yield start, line
        start += len(line) + 1


def _sentences(line: str) -> Iterator[tuple[int, str]]:
    start = 0
    for gap in _SENTENCE.finditer(line):
        # a citation after the full stop still belongs to the sentence before it
        if CITATION.match(line, gap.end()):
            continue
        yield start, line[start : gap.start()]
        start = gap.end()
    yield start, line[start:]


def _marks(
    sentence: str, start: int, facts: Sequence[Fact], evidence: Evidence, names: frozenset[str], *, line_begins: bool
) -> list[Mark]:
    """Return the marks of one sentence that begins at `start` of the text."""
    named = [match.span() for match in CITATION.finditer(sentence)]
    for name in names:
        if name in sentence and NUMBER.search(name):  # a column called `Fair (DPD<0.1)`
            named += [match.span() for match in re.finditer(re.escape(name), sentence)]
    listed = _LIST_MARK.match(sentence) if line_begins else None
    numbers = [
        match
        for match in NUMBER.finditer(sentence)
        if not any(a <= match.start() < b for a, b in named)
        and not (listed and match.start() == listed.start(1))
        and not _is_level(sentence, match)
        and not _is_part_of_id(sentence, match, evidence)
    ]
    marks: list[Mark] = []
    skip = False
    for place, match in enumerate(numbers):
        if skip:
            skip = False
            continue
        following = numbers[place + 1] if place + 1 < len(numbers) else None
        if following is not None and _PAIR.fullmatch(sentence[match.end() : following.start()]) and not match["unit"]:
            fact = _find_pair(match, following, facts)
            marks += [_mark(match, start, fact), _mark(following, start, fact, whole=True)]
            skip = True
        else:
            marks.append(_mark(match, start, _find(sentence, match, facts, evidence, names)))
    return marks


def _mark(match: re.Match[str], start: int, fact: Fact | None, *, whole: bool = False) -> Mark:
    end = match.end()
    if fact is None:
        return Mark(start + match.start(), start + end, match.group(), False)
    path = f"{fact.path} (out of)" if whole else fact.path
    return Mark(start + match.start(), start + end, match.group(), True, fact.label, path)


def _is_level(sentence: str, match: re.Match[str]) -> bool:
    """Tell whether a number is the level of an interval: a convention, not a claim."""
    return match["digits"] in ("90", "95", "99") and bool(_LEVEL.match(sentence[match.end() :]))


def _is_part_of_id(sentence: str, match: re.Match[str], evidence: Evidence) -> bool:
    """Tell whether a number is only a piece of a trial's id, such as `run-3-20251007`."""
    before = _WORD_END.search(sentence[: match.start()])
    after = _WORD_BEGIN.match(sentence[match.end() :])
    word = f"{before[0] if before else ''}{match.group()}{after[0] if after else ''}".rstrip(".:")
    return word.strip() != match.group().strip() and evidence.label_of_id(word) is not None


def _find_pair(part: re.Match[str], whole: re.Match[str], facts: Sequence[Fact]) -> Fact | None:
    wanted = (parsed(part)[0], parsed(whole)[0])
    return next((fact for fact in facts if fact.of is not None and (fact.value, fact.of) == wanted), None)


def _find(
    sentence: str, match: re.Match[str], facts: Sequence[Fact], evidence: Evidence, names: frozenset[str]
) -> Fact | None:
    before = sentence[: match.start()]
    percent = (match["unit"] or "").strip() in ("%", "percent")
    if not percent and _TRIAL_NAME.search(before) and (label := evidence.label_of_id(match.group().strip())):
        return Fact(parsed(match)[0], label, "trial")
    value, unit = parsed(match)
    column = _column_before(before, names)
    below, above = bool(_BELOW.search(before)), bool(_ABOVE.search(before))
    for fact in facts:
        if column and fact.column and fact.column != column:
            continue
        if _equal(value, unit, percent, fact) or _bounded(value, percent, below, above, fact):
            return fact
    return None


def _column_before(before: str, names: frozenset[str]) -> str:
    """Return the column whose value a number is said to be (`lr = `, `lr of `, `lr `), or an empty string."""
    words = _SAID_OF.sub("", before).split()
    last = words[-1].strip("`*\"'(,:") if words else ""
    return last if last in names else ""


def _equal(value: float, unit: float, percent: bool, fact: Fact) -> bool:
    """Tell whether a fact, rounded to the written digits, reads as written."""
    if percent and fact.kind != "rate":
        return False
    known = fact.value * 100 if percent else fact.value
    if value == 0 or abs(known) < _SMALLEST:
        return value == 0 and abs(known) < _SMALLEST
    if known == int(known) and not percent and fact.kind == "number" and abs(known) < 1e6:
        return value == known
    off = abs(value - known)
    if fact.kind != "chance" and not percent and off > COARSEST * abs(known):
        return False
    # a value below one unit of the last written place has no digit in common with what was written
    return abs(known) >= 0.95 * unit and off <= 0.5 * unit * (1 + 1e-9) + 1e-12 * abs(known)


def _bounded(value: float, percent: bool, below: bool, above: bool, fact: Fact) -> bool:
    """Tell whether `< 1e-9` is said of a smaller p or q, `< 0.1 %` or `> 99.9 %` of a rate that rounding would hide."""
    if fact.kind == "chance" and not percent:
        return below and 0 <= fact.value < value <= 0.05
    if fact.kind == "rate" and percent:
        share = value / 100
        return (below and share <= 0.01 and 0 < fact.value < share) or (above and 0.99 <= share < fact.value < 1)
    return False
