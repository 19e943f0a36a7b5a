"""The manual: the page of one detector, and the list of all, as plain text for `hpi detectors`."""

from __future__ import annotations

import difflib
import inspect
import textwrap
from collections.abc import Sequence

from hpi_core.detectors.catalogue import catalogue
from hpi_core.detectors.contract import AnyDetector, Detector, SweepDetector
from hpi_core.detectors.examples import examples_in_words
from hpi_core.detectors.runner import DEMOTE_AT, MIN_BEST, UNDIAGNOSTIC, UNDIAGNOSTIC_TITLE
from hpi_core.errors import UsageError
from hpi_core.text import safe

_WIDEST = 100
_UNDIAGNOSTIC = f"""{UNDIAGNOSTIC} - {UNDIAGNOSTIC_TITLE} (info)

MEANING
    Another detector fires on the best trials of this sweep as well as on others.

WHY IT IS BAD
    What the best trials have is no sign of sickness here, whatever it is elsewhere.

HOW IT IS DECIDED
    No detector of its own: every rule that the objective can contradict is tried on the best tenth of the trials it
    could judge. Where it flags {DEMOTE_AT * 100:g} % of them or more, and they are at least {MIN_BEST}, all its
    findings become information: they make no trial sick, and no cause of them is looked for.

WHEN IT IS WRONG
    Where the sweep mixes tasks, the best tenth may all come from one of them.

WHAT TO TRY
    Raise the threshold of the rule that is named, look at one task at a time, or leave it at that.
"""


def listing() -> list[dict[str, str]]:
    """Return one entry per detector, by name: `issue`, `tag`, `severity`, `scope`, `title`, `needs`."""
    return [
        {
            "issue": detector.issue,
            "tag": detector.tag,
            "severity": detector.severity,
            "scope": "sweep" if isinstance(detector, SweepDetector) else "trial",
            "title": detector.title,
            "needs": ", ".join(detector.needs),
        }
        for detector in catalogue().detectors
    ]


def page(issue: str) -> str:
    """Return the manual page of one detector, lines of at most 100 characters.

    Raises:
        UsageError: no detector finds this issue; the hint names those with a similar name.
    """
    known = {detector.issue: detector for detector in catalogue().detectors}
    if issue == UNDIAGNOSTIC:
        return _UNDIAGNOSTIC
    if issue not in known:
        close = difflib.get_close_matches(issue, known, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(close)}?" if close else "`hpi detectors` lists them."
        raise UsageError(f"There is no detector {safe(issue)}.", hint)
    detector = known[issue]
    head = f"{detector.issue} [{detector.tag}] - {detector.title} ({detector.severity})"
    return "\n\n".join([head, inspect.cleandoc(detector.manual), *_facts(detector)]) + "\n"


def _facts(detector: AnyDetector) -> list[str]:
    lines = [f"ADVICE\n    {detector.advice}"]
    if detector.needs:
        lines.append("NEEDS\n    " + ", ".join(detector.needs))
    if detector.preempted_by:
        lines.append("NOT ASKED OF TRIALS THAT ARE\n    " + ", ".join(detector.preempted_by))
    if detector.thresholds:
        rows = [
            f"    {detector.issue}.{t.name} = {t.default:g} ({t.unit})\n        {t.meaning}; source: {t.source}"
            for t in detector.thresholds
        ]
        lines.append("THRESHOLDS (--set name=value)\n" + "\n".join(rows))
    lines.append(_wrapped("SELF-CALIBRATION", [f"    {_calibration(detector)}"]))
    lines.append(_wrapped("EXAMPLES", examples_in_words(detector)))
    return lines


def _wrapped(heading: str, lines: Sequence[str]) -> str:
    """Return a section of paragraphs, each wrapped at its own indent."""
    indents = [" " * (len(line) - len(line.lstrip())) for line in lines]
    wrapped = [
        textwrap.fill(line.strip(), _WIDEST, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
        for line, indent in zip(lines, indents, strict=True)
    ]
    return "\n".join([heading, *wrapped])


def _calibration(detector: AnyDetector) -> str:
    """Say whether the rule is tried on the best trials of every sweep, and what comes of it."""
    if not isinstance(detector, Detector):
        return "None: it judges the sweep as a whole, not single trials."
    if not detector.self_calibrated and detector.severity == "info":
        return "None: it is information, which makes no trial sick."
    if not detector.self_calibrated:
        return "None: what it says is a fact on which the objective has no say."
    return (
        f"In every sweep it is tried on the best tenth of the trials it could judge. Where it flags "
        f"{DEMOTE_AT * 100:g} % of them or more, and they are at least {MIN_BEST}, its findings become information: "
        f"{UNDIAGNOSTIC} says so, and no trial is sick because of them."
    )
