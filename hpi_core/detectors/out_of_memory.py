"""The run died for lack of memory.

MEANING
    The run was ended because the GPU or the host had no memory left.

WHY IT IS BAD
    The configuration cannot run on this machine, whatever its merits; a sweep that keeps proposing it wastes budget.

HOW IT IS DECIDED
    The status says so (SLURM's OUT_OF_MEMORY among others), or an error text of a run that did not complete matches
    a memory error of CUDA, XLA, C++ or the kernel. Exit code 137 alone is called probable.

WHEN IT IS WRONG
    Exit code 137 is any SIGKILL; a person or a scheduler may have sent it. A log kept in a text column may mention an
    earlier memory error from which the run recovered.

WHAT TO TRY
    A smaller batch with gradient accumulation, mixed precision, activation checkpointing, or a bound on model width.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Thresholds, Verdicts
from hpi_core.detectors.outcomes import error_columns, exit_codes
from hpi_core.detectors.verdict import Hit, say, verdicts

_PATTERN = (
    r"(?i)CUDA out of memory|OutOfMemoryError|RESOURCE_EXHAUSTED|bad_alloc|OUT_OF_MEM|oom[-_ ]?kill"
    r"|Cannot allocate memory|\bMemoryError\b"
)
_SIGKILL = 137


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Judge by status, error text and exit code, in this order."""
    hits = []
    unfinished = context.ended & ~context.status.is_in(["completed", "pruned"])
    if context.roles.status is not None:
        known = context.status != "unknown"
        sick = pl.select(pl.when(known).then(context.status == "oom")).to_series()
        said = context.trials.get_column(context.roles.status).cast(pl.String, strict=False)
        hits.append(Hit(sick, ["the source says ", said], "error"))
    for name in error_columns(context):
        text = context.trials.get_column(name)
        found = text.str.extract(f"({_PATTERN})")
        sick = pl.select(pl.when(text.is_not_null()).then(unfinished & found.is_not_null())).to_series()
        hits.append(Hit(sick, ["the text of the run says ", found], "error", name))
    codes = exit_codes(context)
    if codes is not None:
        evidence = say("exit code 137 (killed): probably out of memory")
        hits.append(Hit(codes == _SIGKILL, evidence, "error", codes.name, codes, float(_SIGKILL)))
    if not hits:
        raise NotAssessable("no status, error text or exit code")
    return verdicts(context, hits)


DETECTOR = Detector(
    issue="out_of_memory",
    tag="OOM",
    title="The run ran out of memory",
    severity="error",
    needs=(),
    thresholds=(),
    check=check,
    advice="Bound what uses memory (batch, width, sequence length), or accumulate gradients.",
    quick=True,
    self_calibrated=False,
    examples=(
        Example(
            {
                "batch": [32, 64, 4096, 16],
                "status": ["completed", "completed", "failed", "failed"],
                "error": [None, None, "RuntimeError: CUDA out of memory. Tried to allocate 2 GiB", "KeyError: 'x'"],
                "val_loss": [1.0, 1.5, None, None],
            },
            (2,),
        ),
        Example(
            {"batch": [1, 2, 3], "status": ["COMPLETED", "OUT_OF_MEMORY", "FAILED"], "loss": [1.0, None, None]}, (1,)
        ),
        Example({"batch": [1, 2, 3], "status": ["completed"] * 3, "error": [None] * 3, "loss": [1.0, 2.0, 3.0]}, ()),
    ),
    manual=__doc__,
)
