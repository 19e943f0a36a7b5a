"""Search: every test of a sweep, roughly first, exactly where it may count, in the one family of them.

Most parameters have nothing to do with most issues. An asymptotic p-value shows that at little cost; exact ones are
computed for the pairs that could be among the discoveries if every p-value were as much smaller as it can be. The
procedure of Benjamini and Hochberg rejects no more when p-values grow, so nothing that it would have found is lost, and
the q-values of what it finds are those that exact p-values of all pairs would give.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from hpi_core.statistics.family import family
from hpi_core.statistics.pairs import pair_tests
from hpi_core.statistics.study import MOST_Q, ROUGHNESS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from hpi_core.statistics.family import Family, Member
    from hpi_core.statistics.pairs import PairTest, PairTests
    from hpi_core.statistics.screening import Screened
    from hpi_core.statistics.study import Study

_LOG_10 = math.log(10)
_Out = TypeVar("_Out")
_Test = tuple[tuple[int, int], "Screened"]


class Each(Protocol):
    """`map`, or that of a pool of threads."""

    def __call__(self, function: Callable[[Any], _Out], items: Iterable[Any], /) -> Iterator[_Out]:
        """Apply the function to every item, in order."""


@dataclass(frozen=True, eq=False)
class Tested:
    """The tests of every member as ((parameter, issue), result), those of pairs, and the family they make."""

    tests: Mapping[Member, Sequence[_Test]]
    pairs: PairTests
    family: Family

    def pairs_passed(self) -> list[tuple[PairTest, float, float]]:
        """Return the tests of pairs that pass the false discovery rate, with q and strict q."""
        q, strict = self.family.q["pair"], self.family.strict["pair"]
        return [(self.pairs.one(i), float(q[i]), float(strict[i])) for i in range(len(q)) if q[i] <= MOST_Q]


def search(study: Study, members: Sequence[Member], each: Each) -> Tested:
    """Return every test of a sweep.

    Args:
        study: the search.
        members: of the family, per issue of the study.
        each: how to go through parameters and pairs.
    """
    asked: dict[int, list[int]] = {}
    for p, k in study.testable():
        asked.setdefault(p, []).append(k)
    results = each(lambda item: study.screened_roughly(*item), asked.items())
    tests: dict[Member, list[_Test]] = {member: [] for member in members}
    for (p, issues), found in zip(asked.items(), results, strict=True):
        for k, result in zip(issues, found, strict=True):
            if result.split is not None:
                tests[members[k]].append(((p, k), result))
    judged = sorted({k for issues in asked.values() for k in issues})
    pairs = pair_tests(study, [k for k in judged if members[k] == "issue" and study.pairs_in(k)])
    rough = _family(tests, pairs, ROUGHNESS)
    exact = {
        member: list(each(lambda one: _exactly(study, *one), zip(own, rough.q[member].tolist(), strict=True)))
        for member, own in tests.items()
    }
    return Tested(exact, pairs, _family(exact, pairs))


def _exactly(study: Study, test: _Test, least_q: float) -> _Test:
    """Return a test anew, exactly, where its q-value may be small enough."""
    (p, k), _ = test
    return test if least_q > MOST_Q else ((p, k), study.screened(p, k))


def _family(tests: Mapping[Member, Sequence[_Test]], pairs: PairTests, less: float = 0.0) -> Family:
    """Return the family of all tests, log p-values of single parameters smaller by `less`."""
    log10_p = {member: [(result.log_p - less) / _LOG_10 for _, result in own] for member, own in tests.items()}
    return family({**log10_p, "pair": (pairs.log_p / _LOG_10).tolist()})
