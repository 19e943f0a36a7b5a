"""The page `hpi causes` prints: every cause with counts, whiskers, threshold and what else could be behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hpi_core.claim_words import contrast_words, tenth_words, threshold_words
from hpi_core.cli.ink import Column, Ink
from hpi_core.cli.page_findings import lead_sentence
from hpi_core.numerals import chance, number, percent, plural, typeset

SHOWN = 12
_WHISKER = 30
_OUTCOMES = {"worst_results": "worst", "best_results": "best"}
_ASSOCIATED = {"random": "", "stratified": "", "association": ", an association only"}


def causes_page(found: Mapping[str, Any], ink: Ink, *, everything: bool = False) -> str:
    """Return the page of what `causes_of` returns; `everything` prints every entry."""
    ink.spans((found["source"]["name"], "bold"))
    ink.paragraph(_scope(found), "dim", indent=0)
    ink.gap()
    ink.paragraph(_verdict(found), indent=0)
    for issue in found["searched"]:
        _add_issue(found, issue, ink, everything)
    _add_objective(found, ink, everything)
    _add_notes(found, ink, everything)
    if found["caveats"]:
        ink.heading("Caveats")
        for caveat in found["caveats"]:
            ink.paragraph(caveat, first="· ")
    return ink.page()


def _scope(found: Mapping[str, Any]) -> str:
    trials = plural(found["trials"]["total"], "trial")
    if not found["tested"]:
        return f"{trials} · nothing could be tested"
    share = "share" if found["tested"] > 1 else "has"
    return (
        f"{trials} · {plural(found['tested'], 'test')} {share} one false discovery rate of 5 % · rates with 95 % "
        "intervals; these are widened and ratios shrunk, since the same trials chose the ranges"
    )


def _verdict(found: Mapping[str, Any]) -> str:
    causes, results = len(found["causes"]) + len(found["pairs"]), len(found["objective_causes"])
    issues = len({cause["issue"] for cause in found["causes"]})
    told = f"{plural(causes, 'cause')} of {plural(issues, 'issue')}" if causes else "No cause beyond chance"
    if not found["searched"]:
        told = "No trial is sick with anything that could have a cause"
    elif not found["tested"]:
        told = "No cause can be told, since nothing could be tested: the caveats say why"
    if found["objective"] is None or not found["tested"]:
        return f"{told}."
    goes = "goes" if results == 1 else "go"
    counted = f"{plural(results, 'range or value', 'ranges or values')} {goes}" if results else "no range or value goes"
    return f"{told}; {counted} with bad or good results."


def _add_issue(found: Mapping[str, Any], name: str, ink: Ink, everything: bool) -> None:
    """Write one issue: its causes, what they account for, or why nothing is claimed."""
    issue = next(item for item in found["issues"] if item["issue"] == name)
    ink.heading(name, f"{issue['count']:,} of {plural(issue['assessable'], 'trial')} ({percent(issue['rate'])})")
    causes = [cause for cause in found["causes"] if cause["issue"] == name]
    explained = [other for other in found["explained"] if other["issue"] == name]
    _add_causes(causes, ink, everything, "sick")
    _add_pairs([pair for pair in found["pairs"] if pair["issue"] == name], ink)
    _add_explained(explained, ink)
    leads = [lead for lead in found["leads"] if lead["issue"] == name]
    for lead in leads:
        ink.paragraph(f"not enough data; look first at {lead_sentence(lead)}", "dim")
    if not causes and not leads:
        ink.paragraph(_nothing(found, issue), "dim")


def _nothing(found: Mapping[str, Any], issue: Mapping[str, Any]) -> str:
    """Return why nothing is claimed of an issue without causes and leads."""
    from hpi_core.statistics.study import LEAST_SICK, LEAST_TRIALS

    healthy = issue["assessable"] - issue["count"]
    if not healthy:
        return "every trial that could be judged has it: there is nothing to compare them with"
    if issue["assessable"] < LEAST_TRIALS or min(issue["count"], healthy) < LEAST_SICK:
        return f"not enough data: it takes {LEAST_TRIALS} trials, {LEAST_SICK} with it and {LEAST_SICK} without"
    if not found["tested"]:
        return "nothing could be tested"
    return "no range or value differs beyond chance by enough to matter"


def _add_objective(found: Mapping[str, Any], ink: Ink, everything: bool) -> None:
    """Write what goes with the worst and the best results of the trials that are not sick."""
    objective = found["objective"]
    if objective is None:
        return
    better = "lower" if objective["direction"] == "min" else "higher"
    ink.heading("Results", f"{objective['metric']}, {better} is better; only trials that are not sick")
    for size in found["outcomes"]:
        name, word = size["outcome"], _OUTCOMES[size["outcome"]]
        if not size["tied"]:
            ink.paragraph("fewer than 20 such trials with a result: not enough data", "dim")
            return
        causes = [cause for cause in found["objective_causes"] if cause["issue"] == name]
        leads = [lead for lead in found["objective_leads"] if lead["issue"] == name]
        for lead in leads:
            looked = lead_sentence(lead, f"among the {word}")
            ink.paragraph(f"{tenth_words(size, word)}: not enough data; look first at {looked}", "dim")
        if leads:
            continue
        if not causes:
            ink.paragraph(f"{tenth_words(size, word)}{_no_result(found, size)}", "dim")
            continue
        ink.paragraph(f"{tenth_words(size, word)}:")
        _add_causes(causes, ink, everything, f"among the {word}")
        _add_explained([other for other in found["objective_explained"] if other["issue"] == name], ink)


def _no_result(found: Mapping[str, Any], size: Mapping[str, Any]) -> str:
    """Return why nothing is claimed of an outcome, as the end of a sentence."""
    if not size["told"]:
        return ""
    return ": no range or value stands out" if found["tested"] else ": nothing could be tested"


def _add_notes(found: Mapping[str, Any], ink: Ink, everything: bool) -> None:
    """Write what trials share that have something worth a note, and no illness; nothing where nothing stands out."""
    for name in found["noted"]:
        causes = [cause for cause in found["info_causes"] if cause["issue"] == name]
        if not causes:
            continue
        issue = next(item for item in found["issues"] if item["issue"] == name)
        told = f"{issue['count']:,} of {plural(issue['assessable'], 'trial')} ({percent(issue['rate'])}), a note only"
        ink.heading(name, told)
        _add_causes(causes, ink, everything, "noted")
        _add_explained([other for other in found["info_explained"] if other["issue"] == name], ink)


def _add_causes(causes: Sequence[Mapping[str, Any]], ink: Ink, everything: bool, word: str) -> None:
    shown = causes if everything else causes[:SHOWN]
    for cause in shown:
        said = f"  {cause['strength']}{_ASSOCIATED[cause['evidence']]}"
        ink.spans((typeset(cause["text"]), "bold"), (said, "dim"), indent=2)
        ink.table(
            [Column(""), Column(word, right=True), Column("of", right=True), Column("rate", right=True),
             Column("95 % interval", right=True), Column(_scale(), drop=1, whole=True)],
            _rates(cause),
        )  # fmt: skip
        for sentence in _sentences(cause, word):
            ink.paragraph(sentence, indent=4)
    if len(causes) > len(shown):
        ink.paragraph(f"… and {len(causes) - len(shown):,} more: --all", "dim")


def _add_pairs(pairs: Sequence[Mapping[str, Any]], ink: Ink) -> None:
    """Write two conditions that only together make trials sick, with the rates of all four parts."""
    for pair in pairs:
        ink.spans((typeset(pair["text"]), "bold"), ("  only together", "dim"), indent=2)
        first, second = (typeset(part["text"]) for part in pair["conditions"])
        names = {"both": "both", "first_only": f"only {first}", "second_only": f"only {second}", "neither": "neither"}
        ink.table(
            [Column(""), Column("sick", right=True), Column("of", right=True), Column("rate", right=True),
             Column("95 % interval", right=True), Column(_scale(), drop=1, whole=True)],
            [_rate_row(said, pair[name]) for name, said in names.items()],
        )  # fmt: skip
        ink.paragraph(
            f"More than either alone, and more than both acting independently; accounts for about "
            f"{percent(pair['share'])} of all sick; {_in_words(pair['q'])}.",
            indent=4,
        )
        if pair["adjusted_for"]:
            ink.paragraph(f"Holds at equal {', '.join(pair['adjusted_for'])}.", indent=4)
        for name in pair["carries"]:
            ink.paragraph(f"Outside it {name} makes no clear difference: it acts through this pair.", indent=4)


def _rates(cause: Mapping[str, Any]) -> list[list[str]]:
    """Return a row per range: the cause's own, its further tiers, and elsewhere."""
    rows = [_rate_row("there", cause)]
    ends = (cause["low"], cause["high"])
    further = [tier for tier in cause["tiers"] if (tier["low"], tier["high"]) != ends]
    rows += [_rate_row(typeset(tier["text"]), tier) for tier in further]
    elsewhere = {
        "sick": cause["elsewhere_sick"], "n": cause["elsewhere_n"], "rate": cause["rate_elsewhere"],
        "rate_low": cause["elsewhere_low"], "rate_high": cause["elsewhere_high"],
    }  # fmt: skip
    return [*rows, _rate_row("elsewhere", elsewhere)]


def _rate_row(name: str, part: Mapping[str, Any]) -> list[str]:
    low, high = part["rate_low"], part["rate_high"]
    interval = f"{percent(low)} to {percent(high)}"
    return [
        name, f"{part['sick']:,}", f"{part['n']:,}", percent(part["rate"]), interval, _whisker(part["rate"], low, high)
    ]  # fmt: skip


def _scale() -> str:
    """Return the heading over the whiskers: 0 to 100 %."""
    return f"0 %{'100 %':>{_WHISKER - 3}}"


def _whisker(rate: float | None, low: float | None, high: float | None) -> str:
    """Return a rate as a dot on a line of 0 to 100 %, its interval as whiskers."""
    if rate is None:
        return ""
    line = ["·"] * _WHISKER
    if low is not None and high is not None:
        first, last = _place(low), _place(high)
        line[first : last + 1] = ["─"] * (last + 1 - first)
        line[first], line[last] = "├", "┤"
    line[_place(rate)] = "●"
    return "".join(line)


def _place(rate: float) -> int:
    return min(_WHISKER - 1, max(0, int(rate * _WHISKER)))


def _sentences(cause: Mapping[str, Any], word: str) -> list[str]:
    """Return what else belongs to a cause, a sentence each."""
    contrast = contrast_words(cause, word)
    share = f"accounts for about {percent(cause['share'])} of all {word}"
    said = [f"{contrast[:1].upper()}{contrast[1:]}; {share}; {_in_words(cause['q'])}."]
    if cause["thresholds"]:
        where = threshold_words(cause["thresholds"])
        said.append(f"{where[:1].upper()}{where[1:]}.")
    if cause["outside"]:
        aside = " and ".join(typeset(text) for text in cause["outside"])
        said.append(f"Seen once the trials with {aside} are set aside; its counts leave them out.")
    if cause["adjusted_for"]:
        equal = "" if cause["adjusted_ratio"] is None else f": {number(cause['adjusted_ratio'], 3)} times as often"
        said.append(f"Holds at equal {', '.join(cause['adjusted_for'])}{equal}.")
    if cause["inseparable"]:
        said.append(f"Cannot be told apart from {', '.join(cause['inseparable'])}: they change together.")
    if cause["evidence"] == "association":
        why = "the column names the machine" if cause["environment"] else "trial order could not be adjusted for"
        said.append(f"Associated with it, not shown to cause it: {why}.")
    return said


def _in_words(q: float) -> str:
    """Return a q-value as how many claims this sure are false alarms."""
    if q <= 1e-6:
        often = "fewer than 1 in 1,000,000 claims this sure is a false alarm"
    else:
        size = 1 / q
        digits = 10 ** max(0, int(math.log10(size)) - 1)
        often = f"at most about 1 in {int(size // digits * digits):,} claims this sure is a false alarm"
    return f"{often} (q {chance(q)})"


def _add_explained(explained: Sequence[Mapping[str, Any]], ink: Ink) -> None:
    for other in explained:
        alone = f"alone {number(other['ratio'], 3)} times as often"
        equal = f"too few trials at equal {other['other']} to tell"
        if other["relation"] == "explained by":
            equal = f"at equal {other['other']} {number(other['adjusted_ratio'], 3)}"
        ink.paragraph(f"{other['parameter']}: {other['relation']} {other['other']} ({alone}, {equal})", "dim")
