"""From a sweep to everything that can be said about it: `inspect()` and the `Inspection` it returns."""

from hpi_core.inspection.model import Inspection, IssueCount
from hpi_core.inspection.pipeline import inspect
from hpi_core.inspection.ranking import Ranked, Ranking
from hpi_core.inspection.recommendations import Recommendation

__all__ = ["Inspection", "IssueCount", "Ranked", "Ranking", "Recommendation", "inspect"]
