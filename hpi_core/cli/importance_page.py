"""The page `hpi importance` prints: one section per question, a bar per hyperparameter, noise in grey."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpi_core.cli.ink import Column, Ink, Style, shorten_apart
from hpi_core.numerals import number, percent, plural

TITLES = {
    "variance": (
        "What decides the objective",
        "share of the variance of {metric} as ranks, failed last; 90 % interval",
    ),
    "top": (
        "What decides who is among the best",
        "the best {share} against all trials of this search; 90 % interval",
    ),
    "failing": ("What decides who is sick", "share of the variance of being sick; 90 % interval"),
}
_BAR, _LEAST_BAR = 20, 6
_SHOWN = 12
# A smaller share of the variance is not named in the verdict, however sure it is.
LEAST_NAMED = 0.01


def importance_page(found: Mapping[str, Any], ink: Ink, *, everything: bool = False) -> str:
    """Return the page; `everything` leaves no hyperparameter out."""
    trials, objective = found["trials"], found["objective"]
    ink.spans((found["source"]["name"], "bold"))
    parts = [plural(trials["total"], "trial")]
    if objective is not None:
        better = "lower" if objective["direction"] == "min" else "higher"
        parts.append(f"{objective['metric']}, {better} is better")
        parts.append(f"{plural(trials['ranked'], 'trial')} weighed")
    ink.paragraph(" · ".join(parts), "dim", indent=0)
    ink.gap()
    style, text = _verdict(found)
    ink.paragraph(text, style, indent=0)
    for question in TITLES:
        _add_question(found, question, ink, everything)
    _add_noise(found, ink)
    _add_interactions(found["interactions"], ink)
    _add_correlations(found, ink, everything)
    if found["notes"]:
        ink.heading("Caveats")
        for note in found["notes"]:
            ink.paragraph(note, first="· ")
    return ink.page()


def _verdict(found: Mapping[str, Any]) -> tuple[Style, str]:
    if not found["importance"]:
        return "plain", "Nothing can be said about importance; see the caveats."
    variance = [entry for entry in found["importance"] if entry["question"] == "variance"]
    matter = [entry for entry in variance if entry["matters"] and entry["score"] >= LEAST_NAMED]
    if not matter:
        none = f"None of the {plural(len(variance), 'hyperparameter')} matters for the objective beyond noise"
        return "plain", f"{none}{_elsewhere(found)}."
    first = matter[0]
    others = ", ".join(entry["parameter"] for entry in matter[1:5])
    also = f", then {others}" if others else "; nothing else is beyond noise"
    return "good", (
        f"{first['parameter']} matters most: {percent(first['score'])} of the variance "
        f"({percent(first['low'])} to {percent(first['high'])}){also}."
    )


def _elsewhere(found: Mapping[str, Any]) -> str:
    """Return what matters for the other questions where nothing does for the objective, as the end of a sentence."""
    said = []
    for question, word in (("top", "for who is among the best"), ("failing", "for who is sick")):
        names = [e["parameter"] for e in found["importance"] if e["question"] == question and e["matters"]]
        said += [f"{', '.join(names[:3])} {'does' if len(names) == 1 else 'do'} {word}"] if names else []
    return f"; {'; '.join(said)}" if said else ""


def _add_question(found: Mapping[str, Any], question: str, ink: Ink, everything: bool) -> None:
    entries = [entry for entry in found["importance"] if entry["question"] == question]
    if not entries:
        return
    title, note = TITLES[question]
    metric = "" if found["objective"] is None else found["objective"]["metric"]
    ink.heading(title, note.format(metric=metric, share=percent(found["top_share"])))
    shown = entries if everything else entries[:_SHOWN]
    highest = max(entry["high"] for entry in shown) or 1.0
    told = [_told(entry) for entry in shown]
    room = ink.width - 28 - max(map(len, told))
    size = min(max(len(entry["parameter"]) for entry in shown), max(12, room - _LEAST_BAR))
    bar_size = max(_LEAST_BAR, min(_BAR, room - size))
    names = shorten_apart([entry["parameter"] for entry in shown], size)
    for entry, name, basis in zip(shown, names, told, strict=True):
        bar = "█" * round(bar_size * entry["score"] / highest)
        interval = f"{_score(entry['low'])} to {_score(entry['high'])}"
        grey: Style = "plain" if entry["matters"] else "dim"
        ink.spans(
            (f"{name:<{size}}  ", grey),
            (f"{bar:<{bar_size}}", "accent" if entry["matters"] else "dim"),
            (f" {_score(entry['score']):>5}  {interval:<14}  {basis}", grey),
            indent=2,
        )
    if len(entries) > len(shown):
        ink.paragraph(f"… and {len(entries) - len(shown):,} more: --all", "dim")


def _add_noise(found: Mapping[str, Any], ink: Ink) -> None:
    if any(not entry["matters"] for entry in found["importance"]):
        ink.gap()
        ink.paragraph(
            "within noise (x): the strongest of as many hyperparameters that do nothing reaches x in 1 of 20 sweeps, "
            "or the interval leaves 0 in.",
            "dim",
        )


def _told(entry: Mapping[str, Any]) -> str:
    """Return on how many trials a share rests, and whether it is noise."""
    n = f"n {entry['n']:,}"
    return n if entry["matters"] else f"{n}  within noise ({_score(entry['noise'])})"


def _score(score: float) -> str:
    """Write a share with two decimals, as 0 only where it is 0."""
    if 0 < score < 0.005:
        return "<.01"
    return "0" if score == 0 else f"{score:.2f}".removeprefix("0")


def _add_interactions(pairs: list[Any], ink: Ink) -> None:
    if not pairs:
        return
    ink.heading("Pairs that matter together", "beyond what each does alone")
    for pair in pairs[:6]:
        ink.paragraph(
            f"{pair['first']} × {pair['second']}: {percent(pair['score'])} of the variance (noise "
            f"{percent(pair['noise'])}, n {pair['n']:,})"
        )


def _add_correlations(found: Mapping[str, Any], ink: Ink, everything: bool) -> None:
    told = [item for item in found["correlations"] if item["clear"]]
    looked = len(found["correlations"])
    if not looked:
        return
    ink.heading("Which way", "rank correlation with 95 % interval; of words the share of variance (ε²) with 90 % one")
    if not told:
        ink.paragraph(f"None of {plural(looked, 'correlation')} is beyond chance.", "dim")
        return
    shown = told if everything else told[:_SHOWN]
    names = shorten_apart([item["parameter"] for item in shown], max(20, ink.width // 3))
    columns = [
        Column("hyperparameter"), Column("with"), Column("", drop=1), Column("value", right=True),
        Column("interval", right=True), Column("n", right=True),
    ]  # fmt: skip
    ink.table(
        columns,
        [
            [
                name, item["target"], _direction(item), number(item["value"], 2),
                f"{number(item['low'], 2)} to {number(item['high'], 2)}", f"{item['n']:,}",
            ]
            for item, name in zip(shown, names, strict=True)
        ],
    )  # fmt: skip
    if len(told) > len(shown):
        ink.paragraph(f"… and {len(told) - len(shown):,} more: --all", "dim")
    ink.paragraph(f"{len(told):,} of {plural(looked, 'correlation')} pass a false discovery rate of 5 %.", "dim")


def _direction(item: Mapping[str, Any]) -> str:
    if item["statistic"] == "epsilon2":
        return "differs by value"
    if item["kind"] == "issue":
        return "more often when high" if item["value"] > 0 else "more often when low"
    return "rises with it" if item["value"] > 0 else "falls with it"
