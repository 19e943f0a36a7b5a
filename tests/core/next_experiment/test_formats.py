"""Every format, read back by the library it is for: parsers and schemas of others, not ours."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

import hpi_core
from hpi_core.next_experiment import Plan, export_formats, plan_next, render
from tests.core.next_experiment.sweeps import HARD, at_the_edge, conditional, diverging, inspected, together

PLANS = {
    "cut": lambda: plan_next(diverging(), trials=8),
    "expanded": lambda: plan_next(at_the_edge(), trials=8),
    "conditional": lambda: plan_next(conditional(), trials=8),
    "few trials": lambda: plan_next(conditional(n=40), trials=8),
    "hard names": lambda: plan_next(conditional(n=40, name=HARD), trials=8),
    "pair": lambda: plan_next(together(), trials=8),
    "nothing": lambda: plan_next(inspected({"lr": [0.1], "val_loss": [0.5]}), trials=8),
}


@pytest.fixture(params=PLANS)
def plan(request: pytest.FixtureRequest) -> Plan:
    made: Plan = PLANS[request.param]()
    return made


def test_the_formats_are_there_and_their_text_is_harmless(plan: Plan) -> None:
    assert [one.name for one in export_formats()] == ["csv", "hydra", "optuna", "ray", "slurm", "table", "wandb"]
    for one in export_formats():
        if one.name == "slurm":
            continue  # refuses names with a line end; below
        text = one.render(plan)
        assert text.endswith("\n")
        assert "\x1b" not in text.replace(HARD, "") or one.name == "csv"


def test_weights_and_biases(plan: Plan) -> None:
    yaml = pytest.importorskip("yaml")
    text = render(plan, "wandb")
    read = yaml.safe_load(text)
    taken = [dimension for dimension in plan.dimensions if dimension.name != HARD]
    assert list(read["parameters"]) == [dimension.name for dimension in taken]
    assert ("left out, a sweep cannot take the name" in text) == (len(taken) < len(plan.dimensions))
    assert read["metric"] == {"name": "val_loss", "goal": "minimize"}
    for dimension in taken:
        told = read["parameters"][dimension.name]
        if dimension.kind == "range":
            assert (told["min"], told["max"]) == (dimension.low, dimension.high)
            assert told["distribution"].startswith("q_log" if dimension.integer and dimension.log else "")
            assert isinstance(told["min"], int if dimension.integer else float)
        else:
            assert told.get("values", [told.get("value")]) == list(dimension.values)
    found = importlib.util.find_spec("sweeps")
    if found is None or found.origin is None:
        return  # its own schema is not installed: the reading by PyYAML above stands
    import jsonschema

    schema = json.loads((Path(found.origin).parent / "config" / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(read)


@pytest.mark.filterwarnings("ignore")
def test_optuna(plan: Plan) -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    script: dict[str, Any] = {}
    exec(compile(render(plan, "optuna"), "next.py", "exec"), script)
    study = script["create_study"](sampler=optuna.samplers.RandomSampler(seed=0))
    assert study.direction.name == "MINIMIZE"
    tried = []

    def objective(trial: Any) -> float:
        tried.append(script["suggest"](trial))
        return 0.0

    study.optimize(objective, n_trials=len(script["CONFIGURATIONS"]) + 20)
    searched = [c.values for c in plan.configurations if c.purpose == "search"]
    given = [{name: value for name, value in values.items() if value is not None} for values in searched]
    also = {d.name for d in plan.dimensions if d.also}
    for values, config in zip(given, tried, strict=False):
        assert {k: v for k, v in values.items() if k not in also} == {k: v for k, v in config.items() if k not in also}
    for config in tried[len(given) :]:
        for dimension in plan.dimensions:
            condition = dimension.condition
            wanted = condition is None or config.get(condition.parent) in condition.values
            assert (dimension.name in config) == wanted
            if wanted and dimension.kind == "range":
                assert (dimension.low or 0) <= config[dimension.name] <= (dimension.high or 0)
                assert isinstance(config[dimension.name], int) == dimension.integer
            elif wanted:
                assert config[dimension.name] in dimension.values


def test_ray_tune(plan: Plan) -> None:
    text = render(plan, "ray")
    compile(text, "next.py", "exec")
    pytest.importorskip("ray.tune")
    from ray.tune.search.variant_generator import generate_variants

    script: dict[str, Any] = {}
    exec(compile(text, "next.py", "exec"), script)
    assert script["MODE"] == "min"
    for _resolved, config in (next(iter(generate_variants(script["PARAM_SPACE"]))) for _ in range(20)):
        for dimension in plan.dimensions:
            condition, value = dimension.condition, config[dimension.name]
            if condition is not None and config[condition.parent] not in condition.values:
                assert value is None
            elif dimension.kind == "range":
                assert (dimension.low or 0) <= value <= (dimension.high or 0)
            else:
                assert value in dimension.values


def test_hydra(plan: Plan) -> None:
    pytest.importorskip("hydra")
    yaml = pytest.importorskip("yaml")
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep

    text = render(plan, "hydra")
    assert text.startswith("# @package _global_\n")
    sweeper = yaml.safe_load(text)["hydra"]["sweeper"]
    assert sweeper["direction"] == "minimize"
    parser = OverridesParser.create()
    for dimension in plan.dimensions:
        if dimension.name == HARD:
            assert "left out, Hydra cannot take the name" in text
            continue
        told = parser.parse_override(f"{dimension.name}={sweeper['params'][dimension.name]}")
        value = told.value()
        if dimension.kind == "fixed":
            assert value == dimension.values[0] or str(value) == str(dimension.values[0])
        elif dimension.kind == "choice":
            assert isinstance(value, ChoiceSweep)
            assert [getattr(item, "text", item) for item in value.list] == list(dimension.values)
        elif not dimension.integer:
            assert isinstance(value, IntervalSweep)
            assert (value.start, value.end) == (dimension.low, dimension.high)
            assert ("log" in value.tags) == dimension.log


@pytest.mark.filterwarnings("ignore")
def test_a_pair_is_kept_apart_in_scripts_and_named_where_no_space_can_say_it() -> None:
    plan = plan_next(together(), trials=16)
    (exclusion,) = plan.exclusions
    assert {part.parameter for part in exclusion.region} == {"init", "width"}
    for name in ("wandb", "hydra"):
        assert f"# Avoid {exclusion.text}" in render(plan, name)
        assert "# Compute warmup_lr = 0.1 · lr." in render(plan, name)
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    script: dict[str, Any] = {}
    exec(compile(render(plan, "optuna"), "next.py", "exec"), script)
    study = script["create_study"]()
    tried: list[dict[str, Any]] = []

    def objective(trial: Any) -> float:
        tried.append(script["suggest"](trial))
        return float(len(tried))

    study.optimize(objective, n_trials=80)
    assert not any(config["width"] > 20 and config["init"] == "orthogonal" for config in tried)
    assert any(config["init"] == "orthogonal" for config in tried)
    assert all(config["warmup_lr"] == pytest.approx(config["lr"] / 10, rel=1e-3) for config in tried)


def test_the_table_of_configurations_reads_back(plan: Plan, tmp_path: Path) -> None:
    text = render(plan, "csv")
    path = tmp_path / "next.csv"
    path.write_text(text, encoding="utf-8")
    if not plan.configurations:
        return
    read = hpi_core.read(path).trials
    assert read.height == len(plan.configurations)
    for name in ("layers", "batch_size", "width", "dropout"):
        if name in plan.configurations[0].values:
            assert read[name].to_list() == [c.values[name] for c in plan.configurations]


def test_the_array_script_runs_each_configuration(tmp_path: Path) -> None:
    plan = plan_next(conditional(), trials=4, repeats=0)
    script = tmp_path / "next.sh"
    script.write_text(render(plan, "slurm"), encoding="utf-8")
    environment = {**os.environ, "TRAIN": "printf %s\\n", "SLURM_ARRAY_TASK_ID": "2"}
    done = subprocess.run(["bash", script], capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    words = [line for line in done.stdout.splitlines() if line.startswith("--")]
    second = plan.configurations[1].values
    assert {word[2:].partition("=")[0] for word in words} == {name for name, v in second.items() if v is not None}
    assert f"--layers={second['layers']}" in words


def test_a_table_says_what_to_change_and_why(plan: Plan) -> None:
    rows = [line for line in render(plan, "table").splitlines() if line.startswith("|")]
    assert rows[0] == "| parameter | current | recommended | rationale | confidence |"
    names = [row.parameter for row in plan.rows]
    assert len(rows) == 2 + len(names) == 2 + len(set(names))  # one row per parameter
    assert all(row.replace("\\|", "").count("|") == 6 for row in rows)
