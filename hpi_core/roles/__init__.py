"""Which column is what: the roles of a table's columns, inferred from names and values, and overridden by the user."""

from hpi_core.roles.inference import infer_roles
from hpi_core.roles.model import (
    Direction,
    Hyperparameter,
    Kind,
    Metric,
    Objective,
    Origin,
    RoleHints,
    RoleOverrides,
    Roles,
    Scale,
    SearchRange,
    Split,
    Status,
)
from hpi_core.roles.status import normalise_status

__all__ = [
    "Direction",
    "Hyperparameter",
    "Kind",
    "Metric",
    "Objective",
    "Origin",
    "RoleHints",
    "RoleOverrides",
    "Roles",
    "Scale",
    "SearchRange",
    "Split",
    "Status",
    "infer_roles",
    "normalise_status",
]
