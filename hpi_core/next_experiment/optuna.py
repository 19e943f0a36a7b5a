"""The plan as a Python script for Optuna: what to suggest, conditions nested, and configurations to try first."""

from __future__ import annotations

from hpi_core.next_experiment.contract import ExportFormat
from hpi_core.next_experiment.model import Dimension, Plan
from hpi_core.next_experiment.python_text import configurations, heading, literal, remark


def render(plan: Plan) -> str:
    """Return the script; importing it runs nothing."""
    direction = "maximize" if plan.direction == "max" else "minimize"
    lines = [
        *heading(plan, "The next study"),
        "import optuna",
        "",
        f"DIRECTION = {literal(direction)}",
        "",
        "",
        "def suggest(trial):",
        '    """Return the parameters of one trial."""',
        "    config = {}",
    ]
    for dimension in plan.dimensions:
        lines += _suggestion(dimension)
    apart = {dimension.name: dimension.also for dimension in plan.dimensions}
    lines += ["    return config", "", "", *configurations(plan, apart), "", "", *_MAIN]
    return "\n".join(lines) + "\n"


_MAIN = [
    "def create_study(**options):",
    '    """Return a study that tries the configurations first."""',
    "    sampler = optuna.samplers.TPESampler(multivariate=True, group=True, constant_liar=True)",
    "    study = optuna.create_study(direction=DIRECTION, **{'sampler': sampler, **options})",
    "    for config in CONFIGURATIONS:",
    "        study.enqueue_trial(config)",
    "    return study",
]


def _suggestion(dimension: Dimension) -> list[str]:
    name = literal(dimension.name)
    indent, lines = 4, []
    if dimension.condition is not None:
        values = ", ".join(literal(value) for value in dimension.condition.values)
        lines.append(f"    if config.get({literal(dimension.condition.parent)}) in ({values},):")
        indent = 8
    if dimension.also:
        tried = ", ".join(literal(value) for value in dimension.also)
        lines.append(remark(f"{tried} was tried as well, off the logarithmic scale", indent))
    return [*lines, f"{'':{indent}}config[{name}] = {_call(dimension, name)}"]


def _call(dimension: Dimension, name: str) -> str:
    if dimension.kind == "fixed":
        return literal(dimension.values[0])
    if dimension.kind == "choice":
        return f"trial.suggest_categorical({name}, [{', '.join(literal(value) for value in dimension.values)}])"
    log = ", log=True" if dimension.log else ""
    low, high = dimension.low or 0.0, dimension.high or 0.0
    if dimension.integer:
        return f"trial.suggest_int({name}, {int(low)}, {int(high)}{log})"
    return f"trial.suggest_float({name}, {literal(float(low))}, {literal(float(high))}{log})"


FORMAT = ExportFormat("optuna", ".py", "a Python script for Optuna", render)
