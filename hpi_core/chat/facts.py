"""Facts: every number the evidence holds, with the place it stands at and the words it may be spoken of by.

A number in an answer is only as good as the place it can be found at: a 37 that is somewhere in a summary of a thousand
numbers proves nothing. So facts are looked up by what is cited beside the number, or by the names said beside it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hpi_core.chat.evidence import Evidence, Record
from hpi_core.errors import UsageError

NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>(?<![^\s(\[=<>≤≥~≈:,/])[-−+])?"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|(?<!\d)\.\d+)(?:[eE](?P<exponent>[-−+]?\d+))?"
    r"(?P<unit>\s?%|\s?percent\b|[x×](?!\w)|[kKM](?!\w))?(?![\w]|\.\d)"
)
# Which field of a record is how many out of which other.
PAIRS = (
    ("sick", "n"), ("elsewhere_sick", "elsewhere_n"), ("count", "assessable"), ("sick", "total"), ("rank", "ranked"),
    ("flagged", "assessable"), ("count", "total"),
)  # fmt: skip
_QUOTED = 0.5  # a sentence with so many of a caveat's words is about it
# Fields that hold one value per column, under the column's name.
_BY_COLUMN = {"configuration", "metrics", "resources", "environment", "seed"}
_COUNTED = re.compile(r"(?<![\w.,])(\d[\d,]*) of (?:the )?(\d[\d,]*)(?![\w.]\d)")
# Names and labels are no measurements, even where they are digits.
_NAMES = {"trials", "trial", "cite", "id", "because", "causes", "log10_p", "truncated"}
_RATES = {
    "rate", "rate_low", "rate_high", "rate_elsewhere", "share", "difference", "difference_low", "difference_high"
}  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """One number: its value, the label of its record (or an empty string), the path to it, and what it is.

    `kind` is `rate` for shares of one, `chance` for p and q, `text` for numbers inside a sentence of the summary, else
    `number`. `of` is what this is so many out of. `column` is the column it is a value or a statistic of, if any.
    """

    value: float
    label: str
    path: str
    kind: str = "number"
    of: float | None = None
    column: str = ""


def numbers_in(text: str) -> Iterator[tuple[float, bool]]:
    """Yield the numbers in a text and whether they are percentages (then as written: 64 for 64 %)."""
    for match in NUMBER.finditer(text):
        yield parsed(match)[0], (match["unit"] or "").strip() in ("%", "percent")


def parsed(match: re.Match[str]) -> tuple[float, float]:
    """Return the value of a number as written, and one unit in its last written place."""
    digits = match["digits"].replace(",", "")
    exponent = int((match["exponent"] or "0").replace("−", "-"))
    scale = {"k": 1e3, "K": 1e3, "M": 1e6}.get((match["unit"] or "").strip(), 1.0)
    decimals = len(digits.partition(".")[2])
    if abs(exponent) > 400:
        return math.inf, 1.0
    value = float(f"{digits}e{exponent}") * scale
    return (-value if match["sign"] in ("-", "−") else value), 10.0 ** max(-400, exponent - decimals) * scale


def facts_cited(evidence: Evidence, label: str) -> list[Fact]:
    """Return the facts of what a label names; none where it names nothing."""
    if label[:1] == "T":
        from hpi_core.chat.tools.trial import describe_trial

        try:
            record: Record | None = describe_trial(evidence, label)
        except UsageError:
            return []
    else:
        record = evidence.record(label)
    return [] if record is None else list(_walk(record, label, ""))


def columns(evidence: Evidence) -> frozenset[str]:
    """Return the names that a number can be said to be the value of."""
    roles = evidence.summary["roles"]
    named = [entry["name"] for role in ("hyperparameters", "metrics") for entry in roles[role]]
    return frozenset([*named, *roles["resources"], *roles["environment"], *filter(None, [roles["seed"]])])


def facts_named(evidence: Evidence, sentence: str, *, cites: bool) -> list[Fact]:
    """Return the facts of what a sentence speaks of by name: parameters, metrics, issues, status words, the best.

    Buckets are too many to be meant by their names: they count only where they are cited. A sentence that cites its
    place (`cites`) is taken at its word: beyond it only the counts over the whole sweep are looked at.
    """
    words, summary = _Words(sentence), evidence.summary
    roles = summary["roles"]
    facts = list(_totals(summary, words))
    if cites:
        return facts
    for role in ("hyperparameters", "metrics"):
        for entry in roles[role]:
            if words.say(entry["name"]):
                facts += _walk(entry, "", f"roles.{role}.{entry['name']}")
    for label, issue in evidence.labelled("I"):
        if words.say(issue["issue"]) or words.say(issue["title"]):
            facts += _walk({**issue, "total": summary["trials"]["total"]}, label, "")
    for kind in "CL":
        for label, entry in evidence.labelled(kind):
            if not words.say(entry["parameter"]):
                continue
            if words.say(entry["issue"]):
                facts += _walk(entry, label, "")
            elif kind == "C":
                ends = {name: entry.get(name) for name in ("low", "high", "threshold_low", "threshold_high")}
                facts += _walk({**ends, "parameter": entry["parameter"]}, label, "")
    for place, caveat in enumerate(summary["caveats"]):
        if words.share_of(caveat) >= _QUOTED:
            facts += _walk(caveat, "", f"caveats[{place}]")
    if words.any("best", "rank", "ranked", "top"):
        for entry in summary["best"]:
            facts += _walk(entry, evidence.label_of_id(entry["trial"]) or "", "best")
    return facts


class _Words:
    """A sentence as the names in it can be looked for: by whole words, underscores as blanks."""

    def __init__(self, sentence: str) -> None:
        self._text = f" {_plain(sentence)} "

    def say(self, name: str) -> bool:
        return f" {_plain(name)} " in self._text

    def any(self, *names: str) -> bool:
        return any(self.say(name) for name in names)

    def share_of(self, text: str) -> float:
        """Return which share of another text's words stand in this one."""
        others = set(_plain(text).split())
        return len(others & set(self._text.split())) / max(1, len(others))


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w./+-]+|_|(?<!\d)\.|\.(?!\d)", " ", text.lower()).split())


def _totals(summary: Record, words: _Words) -> Iterator[Fact]:
    """Yield the counts over the whole sweep that the sentence has the words for."""
    trials, source = summary["trials"], summary["source"]
    total = trials["total"]
    if words.any("trial", "trials", "run", "runs"):
        yield Fact(total, "", "trials.total")
    if words.any("healthy"):
        yield Fact(
            total - trials["sick"] - trials["not_assessable"], "", "trials.total - sick - not_assessable", of=total
        )
    named: dict[str, tuple[Any, tuple[str, ...]]] = {
        "trials.sick": (trials["sick"], ("sick", "unhealthy")),
        "trials.not_assessable": (trials["not_assessable"], ("assessable", "assessed", "judged")),
        **{f"trials.by_status.{word}": (count, (word,)) for word, count in trials["by_status"].items()},
        **{f"trials.by_severity.{word}": (count, (word, f"{word}s")) for word, count in trials["by_severity"].items()},
        "source.repaired": (source.get("repaired"), ("repaired", "repairs")),
        "source.refused": (source.get("refused"), ("refused",)),
        "source.columns": (source.get("columns"), ("columns",)),
        "causes": (len(summary["causes"]), ("causes", "cause")),
        "issues": (len(summary["issues"]), ("issues", "issue")),
        "leads": (len(summary["leads"]), ("leads", "lead")),
        "recommendations": (len(summary["recommendations"]), ("recommendations",)),
        "coverage.ran": (sum(row["state"] == "ran" for row in summary["coverage"]), ("detectors", "detector")),
        "coverage.not_run": (sum(row["state"] != "ran" for row in summary["coverage"]), ("detectors", "detector")),
    }
    for path, (count, names) in named.items():
        if isinstance(count, int) and words.any(*names):
            yield Fact(count, "", path, of=total if path.startswith("trials.") else None)
            if path.startswith("trials.") and total:
                yield Fact(count / total, "", f"{path} / trials.total", "rate")


def _walk(value: object, label: str, path: str, column: str = "") -> Iterator[Fact]:
    """Yield the facts of a record, field by field."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        if math.isfinite(value):
            yield Fact(float(value), label, path, _kind(path), column=column)
    elif isinstance(value, str):
        for pair in _COUNTED.finditer(value):
            count, total = (float(text.replace(",", "")) for text in pair.groups())
            yield Fact(count, label, path, "text", total, column)
        for found, percent in numbers_in(value):
            yield Fact(found / 100 if percent else found, label, path, "rate" if percent else "text", None, column)
    elif isinstance(value, Mapping):
        column = str(value.get("parameter") or value.get("column") or value.get("name") or column)
        yield from _parts(value, label, path, column)
        inner = path.rpartition(".")[2] in _BY_COLUMN
        for name, item in value.items():
            if name not in _NAMES:
                yield from _walk(item, label, f"{path}.{name}".lstrip("."), name if inner else column)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _walk(item, label, f"{path}[{index}]", column)


def _parts(record: Record, label: str, path: str, column: str) -> Iterator[Fact]:
    """Yield what in a record is so many out of so many, as a count and as a rate."""
    for part, whole in PAIRS:
        count, total = record.get(part), record.get(whole)
        if isinstance(count, int) and isinstance(total, int):
            place = f"{path}.{part}".lstrip(".")
            yield Fact(float(count), label, place, "number", float(total), column)
            if total:
                yield Fact(count / total, label, f"{place} / {whole}", "rate", None, column)


def _kind(path: str) -> str:
    name = path.rpartition(".")[2]
    return "rate" if name in _RATES else "chance" if name in ("p", "q") else "number"
