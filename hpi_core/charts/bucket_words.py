"""The words of the bucket charts: the claim of a pair in a sentence, or why there is none, and what is behind it."""

from __future__ import annotations

from dataclasses import dataclass

from hpi_core.charts.bucket_bars import PairChart
from hpi_core.charts.buckets import BucketMap, IssueColumn
from hpi_core.numerals import number, percent, plural
from hpi_core.statistics.causes import LEAST_SICK, LEAST_TRIALS
from hpi_core.statistics.findings import Cause, Lead, Tier
from hpi_core.text import safe

_BEYOND_REACH = 1_000_000
_LONGEST_NAME = 60


@dataclass(frozen=True)
class PairWords:
    """What is said of a pair; every text has passed `safe()`.

    `claim` is the condition (`lr > 0.0131`), empty where nothing is claimed; `sentence` goes on from it. `aside` holds
    strength, ratio and q; `notes` are (label, text).
    """

    claim: str
    sentence: str
    aside: str
    notes: tuple[tuple[str, str], ...]


def pair_words(chart: BucketMap, pair: PairChart) -> PairWords:
    """Return what to say of one pair."""
    column = next((c for c in chart.issues if c.issue == pair.issue), None)
    if column is None or chart.inspection is None:
        return PairWords("", "nothing is known of this pair", "", ())
    cell = pair.cell
    if cell.cause is not None:
        cause = cell.cause
        return PairWords(_claim(cause), _sentence(cause, column), aside_of(cause), _notes(chart, cause))
    if cell.other is not None:
        other = safe(cell.other.other, _LONGEST_NAME)
        alone = f"alone ×{number(cell.other.ratio, 2)}"
        equal = (
            "" if cell.other.adjusted_ratio is None else f", at equal {other} ×{number(cell.other.adjusted_ratio, 2)}"
        )
        if cell.state == "explained":
            return PairWords("", f"explained by {other}: {alone}{equal}", "", ())
        words = f"cannot be separated from {other}: too few trials where only one of them differs"
        return PairWords("", words, "", (("ratio", f"{alone}{equal}"),))
    if cell.state == "few":
        return PairWords("", _too_few(column, cell.lead, pair), "", ())
    words = "no claim: no difference beyond chance that is large enough to matter"
    return PairWords("", words, "", (("strength", f"{cell.strength or 0:.2f} of 1, Cramér's V corrected for bias"),))


def where(cause: Cause) -> str:
    """Return the claimed range or value without the name: `> 0.0131`, `≤ 0.05`, `0.004–0.013`, `= 256`."""
    if cause.kind == "missing":
        return "missing"
    if cause.kind == "level":
        return f"= {safe(', '.join(cause.values), _LONGEST_NAME)}"
    if cause.low is None:
        return f"≤ {exact(cause.high)}"
    if cause.high is None or cause.kind == "above":
        return f"> {exact(cause.low)}"
    if cause.kind == "below":
        return f"≤ {exact(cause.high)}"
    return f"{exact(cause.low)}–{exact(cause.high)}"


def exact(x: float | None) -> str:
    """Return the shortest usual text of a threshold; it was rounded when it was chosen, never here."""
    if x is None:
        return "–"
    short = f"{x:.15g}"
    return short if float(short) == x else repr(x)


def false_rate(q: float) -> str:
    """Write a corrected p-value: `q < 1e-9`, `q 3e-9`, `q 0.012`."""
    if q < 1e-9:
        return "q < 1e-9"
    if q >= 0.001:
        return f"q {q:.2g}"
    mantissa, _, exponent = f"{q:.0e}".partition("e")
    return f"q {mantissa}e{int(exponent)}"


def ratio_of(cause: Cause) -> str:
    """Write how many times as often; nothing where no trial elsewhere is sick and the ratio has no end."""
    return f"×{number(cause.ratio, 2)}" if cause.elsewhere_sick else "–"


def aside_of(cause: Cause) -> str:
    """Return strength, ratio with its interval, and q."""
    interval = f"[{number(cause.ratio_low, 2)}–{number(cause.ratio_high, 2)}]"
    ratio = f"  {ratio_of(cause)} {interval}" if cause.elsewhere_sick else ""
    return f"{cause.strength}{ratio}  {false_rate(cause.q)}"


def shortage(chart: BucketMap) -> tuple[str, ...]:
    """Return one phrase per issue with too few trials for any claim: `SHORT: 1 sick, about 9 more trials needed`."""
    inspection = chart.inspection
    leads = {lead.issue: lead for lead in inspection.leads} if inspection is not None else {}
    said = []
    for column in chart.issues:
        cells = [chart.cell(parameter, column.issue) for parameter in chart.parameters]
        if cells and all(cell.state == "few" for cell in cells):
            lead = leads.get(column.issue)
            said.append(f"{column.tag}: {column.sick:,} sick of {column.assessable:,}, {_needed(column, lead)}")
    return tuple(said)


def _claim(cause: Cause) -> str:
    return f"{safe(cause.parameter, _LONGEST_NAME)} {where(cause)}"


def _sentence(cause: Cause, column: IssueColumn) -> str:
    interval = ""
    if cause.threshold_low is not None and cause.threshold_high is not None:
        interval = f" [{number(cause.threshold_low)}–{number(cause.threshold_high)}]"
    return (
        f"{interval}: {percent(cause.rate)} of {cause.n:,} {column.tag}, "
        f"elsewhere {percent(cause.rate_elsewhere)} of {cause.elsewhere_n:,}"
    )


def _notes(chart: BucketMap, cause: Cause) -> tuple[tuple[str, str], ...]:
    """Return what else belongs to a claim: its rate, what it was adjusted for, what it explains, what to do."""
    name = safe(cause.parameter, _LONGEST_NAME)
    interval = f"{percent(cause.rate_low)} to {percent(cause.rate_high)} (95 %, widened for having been chosen)"
    part = f"about {percent(cause.share)} of all {cause.sick + cause.elsewhere_sick:,} sick trials go with it"
    notes = [("rate", f"{cause.sick:,} of {cause.n:,}, {interval}; {part}")]
    if cause.tiers:
        steps = ", ".join(f"{_step(tier)} {percent(tier.rate)} of {tier.n:,}" for tier in cause.tiers)
        notes.append(("steps", f"{steps}: not one threshold but a rise"))
    if cause.outside:
        aside = " and ".join(safe(other.text, 2 * _LONGEST_NAME).replace("<=", "≤") for other in cause.outside)
        notes.append(("outside", f"seen once the trials with {aside} are set aside; counts leave them out"))
    if cause.adjusted_for:
        strata = ", ".join(safe(word, _LONGEST_NAME) for word in cause.adjusted_for)
        ratio = "" if cause.adjusted_ratio is None else f": ×{number(cause.adjusted_ratio, 2)}"
        notes.append(("at equal", f"{strata}{ratio}"))
    if cause.inseparable:
        apart = ", ".join(safe(word, _LONGEST_NAME) for word in cause.inseparable)
        notes.append(("or", f"{apart}: cannot be told apart from {name}"))
    inspection = chart.inspection
    explained = [
        other
        for other in (inspection.not_causes if inspection is not None else ())
        if (other.issue, other.other, other.relation) == (cause.issue, cause.parameter, "explained by")
    ]
    if explained:
        notes.append(("explains", ", ".join(safe(other.parameter, _LONGEST_NAME) for other in explained)))
    if cause.environment:
        notes.append(("machine", f"{name} names the machine, not a choice: look there before changing parameters"))
    elif cause.evidence == "association":
        notes.append(("only", "associated: the trials look sorted by outcome, so their order was not adjusted for"))
    notes += [
        ("through", f"{safe(pair.text, 4 * _LONGEST_NAME).replace('<=', '≤')}: only together")
        for pair in (inspection.pairs if inspection is not None else ())
        if pair.issue == cause.issue and cause.parameter in pair.carries
    ]
    step = _next(chart, cause)
    if step:
        notes.append(("next", step))
    notes.append(("how", "q corrects for every cut and value tried and for every pair; intervals 95 %"))
    return tuple(notes)


def _step(tier: Tier) -> str:
    """Return the range of a tier without the name."""
    if tier.low is None:
        return f"≤ {exact(tier.high)}"
    return f"> {exact(tier.low)}" if tier.high is None else f"{exact(tier.low)}–{exact(tier.high)}"


def _next(chart: BucketMap, cause: Cause) -> str:
    inspection = chart.inspection
    if inspection is None:
        return ""
    reference = f"cause:{next((at for at, other in enumerate(inspection.causes) if other is cause), -1)}"
    return next((safe(item.text) for item in inspection.recommendations if reference in item.because), "")


def _too_few(column: IssueColumn, lead: Lead | None, pair: PairChart) -> str:
    known = f"{column.sick:,} {column.tag} of {plural(column.assessable, 'trial')} judged"
    said = f"not enough data: {known}, {_needed(column, lead)}"
    if lead is not None and lead.parameter == pair.parameter:
        text = safe(lead.text, 2 * _LONGEST_NAME).replace("<=", "≤")
        said += (
            f"; look first at {text}: {lead.sick:,} of {lead.n:,}, elsewhere {lead.elsewhere_sick:,} of "
            f"{lead.elsewhere_n:,}"
        )
    elif not pair.bars:
        said = "not enough data: this parameter has no values to compare"
    elif (
        column.sick >= LEAST_SICK
        and column.assessable - column.sick >= LEAST_SICK
        and column.assessable >= LEAST_TRIALS
    ):
        said = "not enough data: this parameter does not vary among the trials judged"
    return said


def _needed(column: IssueColumn, lead: Lead | None) -> str:
    """Return how many more trials would do, as far as that can be said."""
    if lead is not None and lead.needs < _BEYOND_REACH:
        return f"about {plural(lead.needs, 'more trial')} needed"
    healthy = column.assessable - column.sick
    lacking = [
        f"{least} {word}"
        for have, least, word in (
            (column.assessable, LEAST_TRIALS, "trials"), (column.sick, LEAST_SICK, "sick"),
            (healthy, LEAST_SICK, "healthy"),
        )
        if have < least
    ]  # fmt: skip
    return f"a claim needs at least {' and '.join(lacking)}" if lacking else "nothing to compare"
