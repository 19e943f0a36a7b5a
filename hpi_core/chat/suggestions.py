"""suggestions(): three questions worth asking of this very sweep, made from its own summary."""

from __future__ import annotations

from collections.abc import Iterator

from hpi_core.chat.evidence import Evidence
from hpi_core.numerals import typeset
from hpi_core.text import safe

COUNT = 3


def suggestions(evidence: Evidence) -> list[str]:
    """Return three different questions, the most telling first; each names something that is in the summary."""
    found = list(dict.fromkeys(_questions(evidence)))
    return found[:COUNT]


def _questions(evidence: Evidence) -> Iterator[str]:
    summary = evidence.summary
    for label, cause in evidence.labelled("C"):
        yield f"Why does {safe(typeset(cause['text']), 60)} go with {cause['issue']}, and how sure is that? [{label}]"
        break
    would = summary.get("would_rank_higher", [])
    if would and (higher := evidence.label_of_id(would[0]["trial"])):
        yield f"[{higher}] would rank first if it were healthy: is its result worth anything?"
    named = {cause["issue"] for cause in summary["causes"]}
    for label, issue in evidence.labelled("I"):
        if issue["scope"] == "trial" and issue["diagnostic"] and issue["issue"] not in named:
            yield f"What do the trials with {issue['issue']} have in common? [{label}]"
            break
    for label, lead in evidence.labelled("L"):
        yield f"What would it take to know whether {safe(typeset(lead['text']), 60)} matters? [{label}]"
        break
    if summary["recommendations"]:
        yield "What should the next sweep leave out, and what should it try instead?"
    if len(summary["best"]) > 1:
        first, second = (evidence.label_of_id(entry["trial"]) for entry in summary["best"][:2])
        if first and second:
            yield f"What sets the best healthy trial [{first}] apart from the next one [{second}]?"
    yield "What was not checked here, and what would I have to log for it?"
    yield "How far can the results of this sweep be trusted?"
    yield "Which hyperparameters are worth varying again?"
