"""The plan as a Python script for Optuna: what to suggest, conditions nested, and configurations to try first."""

from __future__ import annotations

from hpi_core.inspection.responses import in_words
from hpi_core.next_experiment.contract import ExportFormat
from hpi_core.next_experiment.cutting import Nested, apart, nested
from hpi_core.next_experiment.model import Dimension, Plan
from hpi_core.next_experiment.python_text import computed, configurations, heading, imports, literal, lying_in, remark


def render(plan: Plan) -> str:
    """Return the script; importing it runs nothing."""
    direction = "maximize" if plan.direction == "max" else "minimize"
    smaller = nested(plan)
    lines = [
        *heading(plan, "The next study", [one.exclusion for one in smaller.values()]),
        *imports(plan),
        "import optuna",
        "",
        f"DIRECTION = {literal(direction)}",
    ]
    named = {name: _other_name(one) for name, one in smaller.items() if one.smaller.kind == "choice"}
    if named:
        lines += [remark("The same parameter under another name, where fewer of its values are to be had.")]
        told = ", ".join(f"{literal(other)}: {literal(name)}" for name, other in named.items())
        lines += [f"OTHER_NAMES = {{{told}}}"]
    lines += ["", "", "def suggest(trial):", '    """Return the parameters of one trial."""', "    config = {}"]
    for dimension in plan.dimensions:
        lines += _suggestion(dimension, smaller.get(dimension.name))
    lines += [f"    config[{literal(r.name)}] = {computed(r)}" for r in plan.relations if r.known]
    off_scale = {dimension.name: dimension.also for dimension in plan.dimensions}
    lines += ["    return config", "", "", *configurations(plan, off_scale), "", "", *_study(bool(named))]
    return "\n".join(lines) + "\n"


def _study(other_names: bool) -> list[str]:
    added = ["        config |= {other: config[name] for other, name in OTHER_NAMES.items() if name in config}"]
    return [
        "def create_study(**options):",
        '    """Return a study that tries the configurations first."""',
        "    sampler = optuna.samplers.TPESampler(multivariate=True, group=True, constant_liar=True)",
        "    study = optuna.create_study(direction=DIRECTION, **{'sampler': sampler, **options})",
        "    for config in CONFIGURATIONS:",
        *(["        config = dict(config)", *added] if other_names else []),
        "        study.enqueue_trial(config)",
        "    return study",
    ]


def _other_name(one: Nested) -> str:
    """Return another name for fewer values: Optuna takes one set of values per name only."""
    return f"{one.smaller.name} where {in_words(one.where)}"


def _suggestion(dimension: Dimension, smaller: Nested | None) -> list[str]:
    name = literal(dimension.name)
    indent, lines = 4, []
    if dimension.condition is not None:
        values = ", ".join(literal(value) for value in dimension.condition.values)
        lines.append(f"    if config.get({literal(dimension.condition.parent)}) in ({values},):")
        indent = 8
    if dimension.apart:
        lines.append(remark(apart(dimension), 4))
    if smaller is not None:
        lines += [
            remark(f"never {smaller.exclusion.text}: {smaller.exclusion.issue}", 4),
            f"    if {lying_in(smaller.where, smaller.other)}:",
            f"        config[{name}] = {_call(smaller.smaller, literal(_other_name(smaller)))}"
            if smaller.smaller.kind == "choice"
            else f"        config[{name}] = {_call(smaller.smaller, name)}",
            "    else:",
        ]
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
