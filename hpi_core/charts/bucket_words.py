"""The words of the bucket charts: the claim of a pair in a sentence, or why there is none, and what is behind it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from hpi_core.charts.bucket_bars import PairChart
from hpi_core.charts.buckets import BucketMap, IssueColumn
from hpi_core.claim_words import threshold_words
from hpi_core.numerals import number, percent, plural, typeset
from hpi_core.statistics.causes import LEAST_SICK, LEAST_TRIALS
from hpi_core.statistics.findings import Cause, Lead, PairCause, PairCell, Tier
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
    column = chart.column(pair.issue)
    if column is None or chart.inspection is None:
        return PairWords("", "nothing is known of this pair", "", ())
    cell = pair.cell
    if cell.cause is not None:
        cause = cell.cause
        notes = _notes(chart, cause, column)
        return PairWords(_claim(cause), _sentence(cause, column), aside_of(cause), notes)
    if cell.pair is not None:
        aside = f"only together  {false_rate(cell.pair.q)}"
        return PairWords(printed(cell.pair.text), _joint(cell.pair, column), aside, _joint_notes(cell.pair, column))
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


def printed(text: str) -> str:
    """Return a condition made harmless, with the signs every other condition is written with."""
    return typeset(safe(text, 4 * _LONGEST_NAME))


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


def ratio_of(made: Cause | PairCause) -> str:
    """Write how many times as often; nothing for a pair, and where no trial elsewhere is sick: it has no end."""
    return f"×{number(made.ratio, 2)}" if isinstance(made, Cause) and made.elsewhere_sick else "–"


def counts_of(made: Cause | PairCause) -> tuple[int, int, int, int]:
    """Return sick and all trials in a claimed range, or with both conditions, and elsewhere."""
    if isinstance(made, Cause):
        return made.sick, made.n, made.elsewhere_sick, made.elsewhere_n
    rest = (made.first_only, made.second_only, made.neither)
    return made.both.sick, made.both.n, sum(part.sick for part in rest), sum(part.n for part in rest)


def aside_of(cause: Cause) -> str:
    """Return strength, ratio with its interval, and q."""
    interval = f"[{number(cause.ratio_low, 2)}–{number(cause.ratio_high, 2)}]"
    ratio = f"  {ratio_of(cause)} {interval}" if cause.elsewhere_sick and cause.ratio_low > 1 else ""
    return f"{cause.strength}{ratio}  {false_rate(cause.q)}"


def shortage(chart: BucketMap) -> tuple[str, ...]:
    """Return one phrase per issue with too few trials for any claim: `SHORT: 1 sick, about 9 more trials needed`."""
    inspection = chart.inspection
    leads = {} if inspection is None else {at.issue: at for at in (*inspection.leads, *inspection.objective.leads)}
    said = []
    for column in chart.issues:
        cells = [chart.cell(parameter, column.issue) for parameter in chart.parameters]
        if cells and all(cell.state == "few" for cell in cells):
            lead = leads.get(column.issue)
            known = f"{column.tag}: {column.sick:,} {column.word} of {column.assessable:,}"
            said.append(f"{known}, {_needed(column, lead)}")
    return tuple(said)


def _claim(cause: Cause) -> str:
    return f"{safe(cause.parameter, _LONGEST_NAME)} {where(cause)}"


def _sentence(cause: Cause, column: IssueColumn) -> str:
    interval = ""
    if len(cause.thresholds) == 1 and cause.thresholds[0].located:
        interval = f" [{number(cause.thresholds[0].low)}–{number(cause.thresholds[0].high)}]"
    return (
        f"{interval}: {percent(cause.rate)} of {cause.n:,} {column.said}, "
        f"elsewhere {percent(cause.rate_elsewhere)} of {cause.elsewhere_n:,}"
    )


def _joint(pair: PairCause, column: IssueColumn) -> str:
    return (
        f": {percent(pair.both.rate)} of {pair.both.n:,} {column.said}, "
        f"only the first {_part(pair.first_only)}, only the second {_part(pair.second_only)}, "
        f"neither {_part(pair.neither)}"
    )


def _part(cell: PairCell) -> str:
    return f"{percent(cell.rate)} of {cell.n:,}"


def _joint_notes(pair: PairCause, column: IssueColumn) -> tuple[tuple[str, str], ...]:
    """Return what belongs to a claim about two parameters together."""
    first, second = (safe(name, _LONGEST_NAME) for name in pair.parameters)
    rate = f"{percent(pair.both.rate_low)} to {percent(pair.both.rate_high)}"
    share = f"accounts for about {percent(pair.share)} of {column.all_of}"
    return (
        ("rate", f"{pair.both.sick:,} of {pair.both.n:,}, {rate} (95 %, for every pair of conditions tried); {share}"),
        ("together", "more than either alone, and more than both acting independently"),
        ("map", f"P shows {first} and {second} side by side"),
    )


def _notes(chart: BucketMap, cause: Cause, column: IssueColumn) -> tuple[tuple[str, str], ...]:
    """Return what else belongs to a claim: its rate, what it was adjusted for, what it explains, what to do."""
    name = safe(cause.parameter, _LONGEST_NAME)
    interval = f"{percent(cause.rate_low)} to {percent(cause.rate_high)} (95 %, widened for having been chosen)"
    part = f"accounts for about {percent(cause.share)} of {column.all_of} ({cause.sick + cause.elsewhere_sick:,})"
    notes = [("rate", f"{cause.sick:,} of {cause.n:,}, {interval}; {part}")]
    if len(cause.thresholds) > 1 or any(not one.located for one in cause.thresholds):
        notes.append(("where", threshold_words([asdict(one) for one in cause.thresholds])))
    if tiers := further_tiers(cause):
        steps = ", ".join(f"{_step(tier)}: {percent(tier.rate)} of {tier.n:,}" for tier in tiers)
        notes.append(("steps", f"{steps}; not one threshold but a rise"))
    if cause.outside:
        aside = " and ".join(printed(other.text) for other in cause.outside)
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
        for other in ((*inspection.not_causes, *inspection.objective.not_causes) if inspection is not None else ())
        if (other.issue, other.other, other.relation) == (cause.issue, cause.parameter, "explained by")
    ]
    if explained:
        notes.append(("explains", ", ".join(safe(other.parameter, _LONGEST_NAME) for other in explained)))
    if cause.environment:
        notes.append(("machine", f"{name} names the machine, not a choice: look there before changing parameters"))
    elif cause.evidence == "association":
        notes.append(("only", "associated: the trials look sorted by outcome, so their order was not adjusted for"))
    notes += [
        ("through", f"{printed(pair.text)}: only together")
        for pair in (inspection.pairs if inspection is not None else ())
        if pair.issue == cause.issue and cause.parameter in pair.carries
    ]
    step = _next(chart, cause)
    if step:
        notes.append(("next", step))
    notes.append(("how", "q corrects for every cut and value tried and for every pair; intervals 95 %"))
    return tuple(notes)


def further_tiers(cause: Cause) -> tuple[Tier, ...]:
    """Return the steps of a graded cause that are not the cause itself, which was told already."""
    return tuple(tier for tier in cause.tiers if (tier.low, tier.high) != (cause.low, cause.high))


def _step(tier: Tier) -> str:
    """Return the range of a tier without the name."""
    if tier.low is None:
        return f"≤ {exact(tier.high)}"
    return f"> {exact(tier.low)}" if tier.high is None else f"{exact(tier.low)}–{exact(tier.high)}"


def _next(chart: BucketMap, cause: Cause) -> str:
    inspection = chart.inspection
    if inspection is None or cause not in inspection.causes:
        return ""
    reference = f"cause:{next((at for at, other in enumerate(inspection.causes) if other is cause), -1)}"
    return next((printed(item.text) for item in inspection.recommendations if reference in item.because), "")


def _too_few(column: IssueColumn, lead: Lead | None, pair: PairChart) -> str:
    known = f"{column.sick:,} {column.said} of {plural(column.assessable, 'trial')} judged"
    said = f"not enough data: {known}, {_needed(column, lead)}"
    if lead is not None and lead.parameter == pair.parameter:
        text = printed(lead.text)
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
