"""The words of importance: how much a hyperparameter matters, for what, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import polars as pl

    from hpi_core.sweep import Sweep

Question = Literal["variance", "top", "failing"]
# The largest false discovery rate at which a correlation is told.
MOST_Q = 0.05
QUESTIONS: tuple[Question, ...] = ("variance", "top", "failing")


class Judged(Protocol):
    """A sweep and which of its trials are sick, as an inspection holds them."""

    @property
    def sweep(self) -> Sweep:
        """The trials."""

    @property
    def sick(self) -> pl.Series:
        """Boolean, one per trial."""

    @property
    def verdicts(self) -> Mapping[str, pl.Series]:
        """Issue -> Boolean per trial, null where it could not be judged."""


@dataclass(frozen=True)
class Importance:
    """How much one hyperparameter matters for one question.

    Attributes:
        parameter: its name.
        question: `variance`: the share of the variance of the ranked objective, failed trials ranked worst; `top`: how
            much it decides which trials are among the best; `failing`: the share of the variance of being sick.
        score: between 0 and 1.
        low: lower end of the 90 % interval, 0 where the parameter may not matter at all.
        high: upper end.
        noise: what the best of so many parameters that do nothing stays below in 95 of 100 sweeps.
        rank_first: the chance that this parameter matters most for the question.
        n: trials that have a value of it.
    """

    parameter: str
    question: Question
    score: float
    low: float
    high: float
    noise: float
    rank_first: float
    n: int

    @property
    def matters(self) -> bool:
        """Whether the score is beyond noise: above its band, and the interval leaves 0 out."""
        return self.score > self.noise and self.low > 0


@dataclass(frozen=True)
class Interaction:
    """Two hyperparameters that together account for more of the objective than one by one; `score` beyond `noise`."""

    first: str
    second: str
    score: float
    noise: float
    n: int


@dataclass(frozen=True)
class Weighing:
    """What is known about the importance of hyperparameters.

    Attributes:
        entries: strongest first within each question.
        interactions: pairs beyond noise, strongest first.
        ranked: trials that were ranked.
        worst: of these, how many have no usable result and were ranked worst.
        left_out: trials that were not ranked: pruned, running, or finished without a value.
        top_share: the share of ranked trials that counted as the best.
        notes: what to know before believing it, in sentences.
    """

    entries: tuple[Importance, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    ranked: int = 0
    worst: int = 0
    left_out: int = 0
    top_share: float = 0.0
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Correlation:
    """How one hyperparameter goes with one metric or issue.

    `spearman` is rank correlation (-1 to 1: the sign says which way); `epsilon2` the share of variance between the
    values of a categorical one. `low` and `high` are the ends of the 95 % (epsilon2: 90 %) interval, `n` the trials
    that have both. `p` is that of no correlation, `q` its Benjamini-Hochberg value among all that were asked for.
    """

    parameter: str
    target: str
    kind: Literal["metric", "issue"]
    statistic: Literal["spearman", "epsilon2"]
    value: float
    low: float
    high: float
    n: int
    p: float
    q: float

    @property
    def clear(self) -> bool:
        """Whether it is beyond chance, for all that were looked at, and its interval leaves 0 out."""
        leaves_out = self.low > 0 if self.statistic == "epsilon2" else self.low * self.high > 0
        return self.q <= MOST_Q and leaves_out


@dataclass(frozen=True)
class BestRun:
    """One of the best healthy trials.

    `expected` is what repeating it would give (shrunken for having been picked), None where no configuration was
    repeated; `cost` the value of the cost column; `tied` says that its distance from the best is within noise. Of a
    configuration that was repeated with other seeds, `value` is the mean of its `runs`, `row` and `trial` the best of
    them. Where a source mixes several sweeps, `group` names its own, `rank` is the place within that.
    """

    rank: int
    row: int
    trial: str
    value: float
    expected: float | None
    cost: float | None
    tied: bool
    runs: int = 1
    group: str | None = None
