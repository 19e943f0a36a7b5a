"""Importance: which hyperparameters matter, which way, and which trials are best, each with what is not known of it.

inspection = hpi_core.inspect(hpi_core.read("sweep.csv"))
hpi_core.best_runs(inspection, k=5)
hpi_core.param_importance(inspection)
hpi_core.param_correlations(inspection, metrics=["val_loss"])
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpi_core.importance.best import best as best_runs
from hpi_core.importance.correlations import correlations as param_correlations
from hpi_core.importance.model import BestRun, Correlation, Importance, Interaction, Judged, Weighing
from hpi_core.importance.weighing import weigh

if TYPE_CHECKING:
    from hpi_core.roles import Direction

__all__ = [
    "BestRun", "Correlation", "Importance", "Interaction", "Weighing", "best_runs", "param_correlations",
    "param_importance", "weigh",
]  # fmt: skip


def param_importance(
    judged: Judged, metric: str | None = None, direction: Direction | None = None
) -> tuple[Importance, ...]:
    """Return how much every hyperparameter matters, question by question, strongest first.

    Args:
        judged: an inspection.
        metric: what to explain instead of the objective.
        direction: whether low (`min`) or high (`max`) values of it are good, where that is not known.

    Raises:
        UsageError: there is no such metric.
    """
    return weigh(judged.sweep, judged.sick, metric, direction).entries
