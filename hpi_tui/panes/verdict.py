"""The verdict on one trial in lines: what is wrong, what explains it with counts and q, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpi_core.text import safe
from hpi_tui.widgets.lines import Run

if TYPE_CHECKING:
    from hpi_core.charts.sick import Standing
    from hpi_core.inspection.diagnosis import Diagnosis
    from hpi_core.statistics.findings import Cause, Lead

_SIGNS = {"error": ("✗", "err"), "warn": ("!", "warn"), "info": (" ", "muted")}
_MOST_CAUSES = 4
_MOST_NOTES = 3


def verdict(standing: Standing, row: int) -> list[list[Run]]:
    """Return the lines about the trial of `row`; every text has passed `safe()`.

    Of a trial that is not sick only what its notes mean is said, such as a learning rate that is too low.
    """
    if not standing.is_sick(row):
        return [_meaning(one, max(5, _widest(standing, row))) for one in standing.diagnoses(row)[:2]]
    findings = standing.findings(row)
    causes = [cause for _, cause in standing.causes(row)][:_MOST_CAUSES]
    explained = {cause.issue for cause in causes}
    leads = [lead for lead in standing.leads(row) if lead.issue not in explained][:2]
    widest = _widest(standing, row)
    lines = [
        [Run(f"  {_SIGNS[f.severity][0]}", _SIGNS[f.severity][1]), Run(f" {f.tag:<{widest}}", _SIGNS[f.severity][1]),
         Run(f"  {safe(f.evidence, 300)}")]
        for f in findings
    ]  # fmt: skip
    claims = [*(_claim(cause) for cause in causes), *(_claim(lead) for lead in leads)]
    claim = max((len(text) for text in claims), default=0)
    for cause in causes:
        counts = (
            f"{standing.tag(cause.issue)} {cause.sick:,} of {cause.n:,}, elsewhere "
            f"{cause.elsewhere_sick:,} of {cause.elsewhere_n:,}, {_q(cause.q)}"
        )
        lines.append([_label("cause", widest), Run(f"{_claim(cause):<{claim}}", "strong", True), Run(f"  {counts}")])
    for lead in leads:
        counts = (
            f"{standing.tag(lead.issue)} {lead.sick:,} of {lead.n:,}, elsewhere "
            f"{lead.elsewhere_sick:,} of {lead.elsewhere_n:,}: too few to claim it"
        )
        lines.append([_label("lead", widest), Run(f"{_claim(lead):<{claim}}  {counts}", "muted")])
    lines += [_meaning(one, widest) for one in standing.diagnoses(row)[:2]]
    steps = [step.text.rstrip(".") for step in standing.next_steps(row)[:2]]
    if steps:
        lines.append([_label("next", widest), Run(f"{safe('. '.join(steps), 300)}.", "strong", True)])
    return lines


def notes(standing: Standing, row: int) -> list[list[Run]]:
    """Return the lines of what makes no trial sick and is worth knowing, such as a better checkpoint."""
    found, widest = standing.notes(row), _widest(standing, row)
    return [
        [Run(f"    {note.tag:<{widest}}  ", "muted"), Run(safe(note.evidence, 300), "muted")]
        for note in found[:_MOST_NOTES]
    ]  # fmt: skip


def _widest(standing: Standing, row: int) -> int:
    """Return the width of the tags that stand before what is said of a trial, so that all of it begins in one place."""
    return max((len(one.tag) for one in (*standing.findings(row), *standing.notes(row)[:_MOST_NOTES])), default=5)


def culprits(standing: Standing, row: int) -> dict[str, tuple[str, str]]:
    """Return column -> token and words for the values that a cause claims: `above 0.42`, `NONFIN 27 of 31`."""
    said: dict[str, tuple[str, str]] = {}
    stands = {finding.issue: finding.severity for finding in standing.findings(row)}
    for _, cause in standing.causes(row):
        if cause.issue not in stands:
            continue
        words = _claim(cause).removeprefix(safe(cause.parameter, 60)).strip()
        where = words.replace("> ", "above ").replace("≤ ", "up to ") if cause.kind in ("above", "below") else ""
        token = _SIGNS[stands[cause.issue]][1]
        said.setdefault(cause.parameter, (token, where or f"{standing.tag(cause.issue)} {cause.sick:,} of {cause.n:,}"))
    return said


def _meaning(one: Diagnosis, widest: int) -> list[Run]:
    """Say what several issues at one end of a hyperparameter, or in most trials, mean together."""
    where = f"  {_condition(one.where)}: {', '.join(one.issues)}" if one.where else f"  {one.reason}"
    return [_label("means", widest), Run(one.text, "strong", True), Run(safe(where, 300), "muted")]


def _label(word: str, widest: int) -> Run:
    return Run(f"    {word:<{widest}}  ", "muted")


def _claim(about: Cause | Lead) -> str:
    return _condition(about.text)


def _condition(text: str) -> str:
    return safe(text, 60).replace("<=", "≤").replace(">=", "≥")


def _q(q: float) -> str:
    return "q < 1e-9" if q < 1e-9 else f"q {q:.0e}".replace("e-0", "e-") if q < 1e-3 else f"q {q:.2g}"
