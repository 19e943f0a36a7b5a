"""The part of the report on importance: which hyperparameters matter for what, beyond noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpi_core.numerals import percent
from hpi_core.report.markdown_text import code, table

QUESTIONS = {"variance": "the objective", "top": "being among the best", "failing": "being sick"}


def importance(summary: Mapping[str, Any]) -> list[str]:
    """Return what matters for which question; what is within noise is only named. Empty where nothing can be said."""
    entries = summary["importance"]
    if not entries:
        return []
    lines = ["", "### Which hyperparameters matter", ""]
    rows = [
        [
            code(entry["parameter"]), QUESTIONS[entry["question"]], f"{entry['score']:.2f}",
            f"{entry['low']:.2f} to {entry['high']:.2f}", f"{entry['noise']:.2f}", f"{entry['n']:,}",
        ]
        for entry in entries
        if entry["matters"]
    ]  # fmt: skip
    if rows:
        head = ["hyperparameter", "decides", "share", "90 % interval", "noise", "trials"]
        lines += table(head, rows, right=(2, 3, 4, 5))
    else:
        lines.append("No hyperparameter matters beyond noise.")
    quiet = [code(e["parameter"]) for e in entries if e["question"] == "variance" and not e["matters"]]
    if quiet and rows:
        lines += ["", f"Within noise for the objective: {', '.join(quiet[:12])}{', …' if len(quiet) > 12 else ''}."]
    for pair in summary["interactions"][:3]:
        both = f"{code(pair['first'])} and {code(pair['second'])}"
        lines += ["", f"{both} together account for {percent(pair['score'])} of the variance beyond what each does."]
    return lines
