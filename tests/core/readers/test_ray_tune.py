"""Ray Tune's experiment folders: real ones of every version, what the suite of all stores asks, and broken trials."""

from __future__ import annotations

import csv
import json
import pickle
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

import hpi_core
from tests.core.cli.running import hpi, hpi_process
from tests.core.readers.conformance import Store, StoreConformance
from tests.shared_data import DATA, needs_shared

RAY = DATA / "06_ray"
CAVE = RAY / "automl__DeepCAVE/logs/RayTune"
RL = RAY / "ray-project__rl-experiments"


def write_trial(
    experiment: Path, trial: str, settings: Mapping[str, object], losses: Sequence[float], *, done: bool = True
) -> Path:
    """Write a trial's folder as Ray does: settings, and one line of results per iteration in two files."""
    folder = experiment / f"train_{trial}_lr={settings.get('lr')}_2024-01-01_12-00-00"
    folder.mkdir(parents=True)
    (folder / "params.json").write_text(json.dumps(settings))
    rows = [
        {
            "loss": loss, "training_iteration": step + 1, "trial_id": trial, "timestamp": 1_700_000_000 + step,
            "time_total_s": step + 1.0, "pid": 1, "hostname": "node1", "node_ip": "10.0.0.1", "date": "d",
            "done": done and step == len(losses) - 1, "config": dict(settings),
        }
        for step, loss in enumerate(losses)
    ]  # fmt: skip
    (folder / "result.json").write_text("".join(json.dumps(row) + "\n" for row in rows))
    if rows:
        flat = [{k: v for k, v in row.items() if k != "config"} | {"config/lr": settings["lr"]} for row in rows]
        with (folder / "progress.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, flat[0])
            writer.writeheader()
            writer.writerows(flat)
    return folder


def state_of(trial: str, status: str, settings: Mapping[str, object], folder: Path | None) -> dict[str, object]:
    return {
        "trial_id": trial, "status": status,
        "config": {**settings, "fn": {"_type": "CLOUDPICKLE_FALLBACK", "value": "80"}},
        "relative_logdir": folder.name if folder else f"train_{trial}", "storage": {"_type": "CLOUDPICKLE_FALLBACK"},
    }  # fmt: skip


def write_state(experiment: Path, states: Sequence[Mapping[str, object]], *, version: str = "new") -> None:
    """Write an experiment's state as Ray 2 does (texts in pairs), Ray 1 (texts), or Ray 0.8 (objects)."""
    told: dict[str, object] = {
        "new": {"trial_data": [[json.dumps(state), json.dumps({"start_time": 1.7e9})] for state in states]},
        "text": {"checkpoints": [json.dumps(state) for state in states]},
        "old": {"checkpoints": list(states)},
    }
    (experiment / "experiment_state-2024-01-01_12-00-00.json").write_text(json.dumps(told[version]))


class TestConformance(StoreConformance):
    reader = "ray"

    def stores(self, folder: Path) -> Sequence[Store]:
        large = folder / "exp"
        states = []
        for number in range(10):
            settings = {"lr": 0.1 * number, "model": {"depth": number % 3}}
            trial = write_trial(large, f"{number:05}", settings, [1 / (step + 1) for step in range(30)])
            states.append(state_of(f"{number:05}", "TERMINATED", settings, trial))
        states.append(state_of("99999", "PENDING", {"lr": 9.0, "model": {"depth": 1}}, None))
        write_state(large, states)
        bare = folder / "bare"
        write_trial(bare, "aaaaa", {"lr": 0.1}, [3.0, 2.0])
        (write_trial(bare, "bbbbb", {"lr": 0.2}, []) / "error.txt").write_text("Traceback\nValueError: no\n")
        return [
            Store(large, 11, {"completed": 10, "running": 1}, 300, ["loss", "lr", "model.depth", "host"]),
            Store(bare, 2, {"completed": 1, "failed": 1}, 2, ["error", "start_time"]),
        ]


@needs_shared
@pytest.mark.parametrize(
    ("place", "trials", "statuses", "points"),
    [
        # 17 folders and 64 trials of which only the state tells, 3 and 3 folders; all reported once, which is no curve.
        (CAVE / "run_1", 81, {"completed": 81}, 0),
        (CAVE / "run_2", 3, {"completed": 3}, 0),
        (CAVE / "run_3", 3, {"completed": 3}, 0),
        (CAVE, 87, {"completed": 87}, 0),
        # The state was written before the trials began, and nothing else was kept of them.
        (RL / "atari-apex", 4, {"running": 4}, 0),
        # 266 iterations of 18 metrics; it was stopped by hand: no word of how it ended.
        (RL / "atari-impala", 1, {"completed": 1}, 266 * 18),
        # 4,777 iterations of 22 metrics that change; the others are Ray's clocks, and settings written again. Four
        # of them are NaN until the first episode has ended, three iterations long.
        (RL / "atari-ppo", 1, {"completed": 1}, 4777 * 22 - 12),
        # 145 iterations, though cells of its progress.csv hold NumPy arrays over several lines.
        (RL / "halfcheetah-sac", 1, {"completed": 1}, 145 * 31),
        (RAY, 94, {"completed": 88, "running": 4, "unknown": 2}, 266 * 18 + 4777 * 22 - 12 + 145 * 31),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_real_experiments_open(place: Path, trials: int, statuses: dict[str, int], points: int) -> None:
    sweep = hpi_core.read(place)
    assert (sweep.source.kind, sweep.trials.height) == ("ray", trials)
    assert Counter(sweep.trials["_status"]) == statuses
    assert (0 if sweep.curves is None else sweep.curves.collect().height) == points
    assert set(sweep.ledger["kind"]) <= {"missing_results", "unplayed"}


@needs_shared
def test_real_trials_without_a_folder_have_the_results_of_the_state(tmp_path: Path) -> None:
    """Of 81 trials 17 have folders; what the tool's own converter took from Ray beside them agrees on all of them."""
    told = json.loads((CAVE / "run_1/results.json").read_text())
    chosen = json.loads((CAVE / "run_1/configs.json").read_text())
    sweep = hpi_core.read(CAVE / "run_1")
    assert len(told) == 81
    for row in sweep.trials.iter_rows(named=True):
        assert row["score"] == told[row["trial_id"]][1]
        assert {name: row[name] for name in ("alpha", "beta", "gamma")} == chosen[row["trial_id"]]
    late = sweep.trials.row(sweep.row_of("b92c8_00072"), named=True)
    assert (late["score"], late["iterations"], late["runtime"]) == (1.2000000000000002, 1, 0.0001227855682373047)
    assert late["start_time"] == datetime(2025, 5, 22, 14, 5, 12, 114204)
    assert late["heartbeat"] == late["end_time"] == datetime(2025, 5, 22, 14, 5, 12, 115727)
    page = hpi("inspect", CAVE / "run_1", home=tmp_path).stdout.decode()
    assert "No sick trials: 13 detectors ran on 81 trials" in page
    assert "64 trials have no folder here: their final values are the last results in" in page
    assert "experiment_state-2025-05-22_16-04-48.json" in page
    assert "4 trials have no results here" in hpi("inspect", RL / "atari-apex", home=tmp_path).stdout.decode()


@needs_shared
def test_the_installed_script_tells_when_and_on_what_real_trials_ran(tmp_path: Path) -> None:
    """Seconds since 1970 in `timestamp`, `time_total_s` before that the start; what the state says of the resources."""
    done = hpi_process("convert", RL, tmp_path / "out", home=tmp_path)
    assert done.returncode == 0, done.stderr
    trials = {row["trial_id"]: row for row in pl.read_parquet(tmp_path / "out/trials.parquet").iter_rows(named=True)}
    ended = trials["119d4_00000"]
    assert (ended["start_time"], ended["end_time"]) == (
        datetime(2021, 9, 6, 14, 31, 22, 588640),
        datetime(2021, 9, 6, 16, 44, 4),
    )
    stopped = next(row for row in trials.values() if row["host"] == "ip-172-30-1-91")
    assert (stopped["heartbeat"], stopped["end_time"]) == (datetime(2018, 8, 20, 23, 20, 8), None)
    waiting = trials["c6dc5c84"]
    assert (waiting["start_time"], waiting["heartbeat"], waiting["gpu_count"]) == (None, None, 1.0)


def test_the_metric_an_experiment_looked_for_is_the_objective(tmp_path: Path) -> None:
    for number in range(4):
        folder = write_trial(tmp_path, f"{number:05}", {"lr": 0.1 * number}, [2.0, 1.0 + number])
        lines = (folder / "result.json").read_text().splitlines()
        more = {"gain": 1.5 * number, "accuracy": 0.1 * number}
        (folder / "result.json").write_text("".join(json.dumps(json.loads(line) | more) + "\n" for line in lines))
    states = [state_of(f"{number:05}", "TERMINATED", {"lr": 0.1 * number}, None) for number in range(4)]
    for metric, direction in (("accuracy", "max"), ("gain", None), ("loss", "min")):
        document = {"checkpoints": states, "runner_data": {"_metric": metric}}
        (tmp_path / "experiment_state-2024-01-01_12-00-00.json").write_text(json.dumps(document))
        objective = hpi_core.read(tmp_path).roles.objective
        assert objective is not None
        assert (objective.metric, objective.direction, objective.origin) == (metric, direction, "source")


@needs_shared
def test_real_settings_and_results_are_those_of_the_files() -> None:
    sweep = hpi_core.read(CAVE / "run_3")
    assert [h.name for h in sweep.roles.hyperparameters] == ["lr", "optimizer"]
    for folder in (CAVE / "run_3").glob("accuracy_*"):
        row = sweep.trials.row(sweep.row_of(folder.name.split("_")[1]), named=True)
        params = json.loads((folder / "params.json").read_text())
        result = json.loads((folder / "result.json").read_text())
        assert {name: row[name] for name in params} == params
        assert row["score"] == result["score"]


@pytest.mark.parametrize("version", ["new", "text", "old"])
def test_states_of_every_version_tell_how_trials_ended(version: str, tmp_path: Path) -> None:
    done = write_trial(tmp_path, "aaaaa", {"lr": 0.1}, [2.0, 1.0])
    half = write_trial(tmp_path, "bbbbb", {"lr": 0.2}, [2.0], done=False)
    states = [
        state_of("aaaaa", "TERMINATED", {"lr": 0.1}, done),
        state_of("bbbbb", "RUNNING", {"lr": 0.2}, half),
        state_of("ccccc", "ERROR", {"lr": 0.3}, None),
        state_of("ddddd", "PENDING", {"lr": 0.4}, None),
    ]
    write_state(tmp_path, states, version=version)
    sweep = hpi_core.read(tmp_path)
    by_trial = dict(zip(sweep.trial_ids(), sweep.trials["_status"], strict=True))
    assert by_trial == {"aaaaa": "completed", "bbbbb": "running", "ccccc": "failed", "ddddd": "running"}
    assert sorted(sweep.trials["lr"]) == [0.1, 0.2, 0.3, 0.4]


@pytest.mark.parametrize("key", ["last_result", "_last_result", "metric_analysis"])
@pytest.mark.parametrize("version", ["new", "text", "old"])
def test_last_results_in_a_state_are_final_where_the_folder_is_gone(version: str, key: str, tmp_path: Path) -> None:
    here = write_trial(tmp_path, "aaaaa", {"lr": 0.1}, [2.0, 1.0])
    last: dict[str, object] = {"loss": 0.25, "info": {"kl": 0.5}, "training_iteration": 7, "config": {"lr": 9.0}}
    last |= {"model": {"_type": "CLOUDPICKLE_FALLBACK", "value": "80"}}
    if key == "metric_analysis":
        last = {"loss": {"max": 3.0, "last": 0.25}, "info/kl": {"last": 0.5}, "training_iteration": {"last": 7}}
    states = [
        {**state_of("aaaaa", "TERMINATED", {"lr": 0.1}, here), "last_result": {"loss": 77.0}},  # its own log counts
        {**state_of("bbbbb", "TERMINATED", {"lr": 0.2}, None), key: last},
        {**state_of("ccccc", "PENDING", {"lr": 0.3}, None), "last_result": {}},
    ]
    write_state(tmp_path, states, version=version)
    sweep = hpi_core.read(tmp_path)
    rows = {row["trial_id"]: row for row in sweep.trials.iter_rows(named=True)}
    assert [rows[one]["loss"] for one in ("aaaaa", "bbbbb", "ccccc")] == [1.0, 0.25, None]
    assert (rows["bbbbb"]["lr"], rows["bbbbb"]["iterations"]) == (0.2, 7)
    assert rows["bbbbb"]["info/kl" if key == "metric_analysis" else "info.kl"] == 0.5
    assert not any("model" in name or "config" in name for name in sweep.trials.columns)
    told = sweep.ledger.filter(kind="missing_results")["message"].to_list()
    assert [one.split(":")[0].split(",")[0] for one in told] == [
        "1 trial has no folder here", "1 trial has no folder here",
    ]  # fmt: skip


def test_of_several_states_the_newest_that_names_a_trial_counts(tmp_path: Path) -> None:
    for stamp, trials in (("2024-01-02", {"aaaaa": 2.0, "bbbbb": 3.0}), ("2024-01-01", {"aaaaa": 1.0, "ccccc": 4.0})):
        states = [{**state_of(t, "TERMINATED", {"lr": v}, None), "last_result": {"loss": v}} for t, v in trials.items()]
        write_state(tmp_path, states)
        (tmp_path / "experiment_state-2024-01-01_12-00-00.json").rename(tmp_path / f"experiment_state-{stamp}_13.json")
    sweep = hpi_core.read(tmp_path)
    assert dict(zip(sweep.trial_ids(), sweep.trials["loss"], strict=True)) == {"aaaaa": 2.0, "bbbbb": 3.0, "ccccc": 4.0}


def test_trials_of_two_experiments_with_folders_of_one_name_stay_two(tmp_path: Path) -> None:
    for name, value in (("one", 1.0), ("two", 2.0)):
        folder = write_trial(tmp_path / name, "aaaaa", {"lr": 0.1}, [3.0, value])
        write_state(tmp_path / name, [state_of("aaaaa", "TERMINATED", {"lr": 0.1}, folder)])
    sweep = hpi_core.read(tmp_path)
    assert dict(zip(sweep.trials["experiment"], sweep.trials["loss"], strict=True)) == {"one": 1.0, "two": 2.0}
    assert sweep.trial_ids().n_unique() == 2


@pytest.mark.parametrize(
    ("name", "tail", "told"),
    [
        ("progress.csv", "9.", True),
        ("result.json", '{"loss": 9', True),
        ("result.json", '{"loss": 0.5, "training_iteration": 4}', False),  # closed: nothing of it can be half
    ],
)
def test_a_last_line_that_is_still_being_written_is_in_no_curve(
    name: str, tail: str, told: bool, tmp_path: Path
) -> None:
    folder = write_trial(tmp_path / "exp", "aaaaa", {"lr": 0.1}, [3.0, 2.0, 1.0], done=False)
    if name == "progress.csv":
        (folder / "result.json").unlink()
    with (folder / name).open("a") as file:
        file.write(tail)
    sweep = hpi_core.read(tmp_path / "exp")
    assert sweep.curves is not None
    values = sweep.curves.collect().filter(metric="loss")["value"].to_list()
    assert values == ([3.0, 2.0, 1.0] if told else [3.0, 2.0, 1.0, 0.5])
    assert sweep.trials["loss"].to_list() == values[-1:]
    page = hpi("inspect", tmp_path / "exp", "--all", home=tmp_path).stdout.decode()
    assert (f"the last line of {name} has no line end" in page) is told


@needs_shared
def test_real_rewards_before_the_first_episode_ended_are_no_failure(tmp_path: Path) -> None:
    """RLlib wrote NaN for three iterations, until an episode had ended; grad_time_ms is a time and no gradient."""
    place = RL / "atari-ppo"
    page = " ".join(hpi("inspect", place, home=tmp_path).stdout.decode().split())
    assert "No sick trials" in page
    assert "12 NaN before the first episode had ended are gaps" in page
    assert "Gradients are clipped" not in page
    sweep = hpi_core.read(place)
    assert sweep.curves is not None
    rewards = sweep.curves.collect().filter(metric="episode_reward_mean")
    assert (rewards.height, rewards["step"][0], rewards["value"].is_finite().all()) == (4774, 20_000, True)


def test_nan_after_the_first_episode_and_of_other_metrics_stay(tmp_path: Path) -> None:
    folder = write_trial(tmp_path, "aaaaa", {"lr": 0.1}, [float("nan"), 2.0, float("nan")])
    lines = [json.loads(line) for line in (folder / "result.json").read_text().splitlines()]
    for line, reward in zip(lines, (float("nan"), 5.0, float("nan")), strict=True):
        line["episode_reward_mean"] = reward
    (folder / "result.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    curves = hpi_core.read(tmp_path).curves
    assert curves is not None
    counted = curves.collect().group_by("metric").agg(pl.len(), pl.col("value").is_nan().sum().alias("nan"))
    assert sorted(counted.rows()) == [("episode_reward_mean", 2, 1), ("loss", 3, 2)]


@needs_shared
def test_real_reports_are_nothing_that_was_searched() -> None:
    sweep = hpi_core.read(RAY)
    chosen = {parameter.name for parameter in sweep.roles.hyperparameters}
    assert {"alpha", "beta", "gamma", "lr", "optimizer"} <= chosen
    reported = {name for name in sweep.trials.columns if name.startswith(("info/", "info.", "hist_stats/", "timers/"))}
    assert len(reported) > 20
    assert not chosen & reported


def test_what_is_pickled_is_never_opened(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (str(tmp_path / "tricked"),))

    folder = write_trial(tmp_path, "aaaaa", {"lr": 0.1}, [])
    (folder / "error.pkl").write_bytes(pickle.dumps({"x": 1}))
    (folder / "params.pkl").write_bytes(b"cposix\nsystem\n(S'touch tricked'\ntR.")
    write_state(tmp_path, [state_of("aaaaa", "ERROR", {"lr": 0.1}, folder)])
    sweep = hpi_core.read(tmp_path)
    assert sweep.trials["error"].to_list() == ["Ray kept the error as a pickle"]
    assert not (tmp_path / "tricked").exists()
    assert "fn" not in sweep.trials.columns


@pytest.mark.parametrize(
    "text",
    [
        'loss,hist,training_iteration,done\n3.0,"[1.0 2.0\n 3.0]",1,False\n2.0,"[1\n2]",2,False\n1.0,"[1\n2]",3,True\n',
        "loss,hist,training_iteration,done\n0,3.0,[],1,False\n1,2.0,[],2,False\n2,1.0,[],3,True\n",
    ],
    ids=["NumPy arrays over several lines", "rows with an index the header does not name"],
)
def test_results_written_only_as_csv(text: str, tmp_path: Path) -> None:
    folder = write_trial(tmp_path, "aaaaa", {"lr": 0.1}, [3.0, 2.0, 1.0])
    (folder / "result.json").write_text("")
    (folder / "progress.csv").write_text(text)
    sweep = hpi_core.read(tmp_path)
    assert sweep.curves is not None
    assert sweep.curves.collect().rows() == [(0, "loss", 1, 3.0), (0, "loss", 2, 2.0), (0, "loss", 3, 1.0)]
    assert sweep.trials["_status"].to_list() == ["completed"]
    assert "refused_file" in sweep.ledger["kind"].to_list()  # the empty result.json


def test_trials_of_two_experiments_that_share_an_id_stay_two(tmp_path: Path) -> None:
    for name in ("one", "two"):
        folder = write_trial(tmp_path / name, "aaaaa", {"lr": 0.1 if name == "one" else 0.2}, [1.0])
        folder.rename(folder.parent / f"{folder.name}{name}")
    sweep = hpi_core.read(tmp_path)
    assert sweep.trials.height == 2
    assert sweep.trial_ids().n_unique() == 2


@needs_shared
def test_experiments_of_one_folder_are_groups(tmp_path: Path) -> None:
    sweep = hpi_core.read(RL)
    assert sweep.roles.group == "experiment"
    groups = sweep.trials["experiment"].drop_nulls()
    assert (groups.len(), groups.n_unique()) == (7, 4)
    page = " ".join(hpi_process("inspect", RL, home=tmp_path).stdout.decode().split())
    assert "group experiment" in page


def test_numbers_as_numpy_prints_them_and_the_index_of_a_frame_are_told_apart(tmp_path: Path) -> None:
    for number in (1, 2):
        folder = write_trial(tmp_path / "exp", f"{number:05}", {"lr": 0.1 * number}, [2.0, 1.0])
        (folder / "result.json").unlink()
        rows = [f"{step},np.float64({number / (step + 1)}),{step + 1},{number:05}" for step in range(3)]
        (folder / "progress.csv").write_text("\n".join([",loss,training_iteration,trial_id", *rows, ""]))
    done = hpi_process("convert", tmp_path / "exp", tmp_path / "out", home=tmp_path)
    assert done.returncode == 0, done.stderr
    trials = pl.read_parquet(tmp_path / "out/trials.parquet")
    assert trials["loss"].to_list() == [1 / 3, 2 / 3]
    assert not [name for name in trials.columns if name.startswith("col_")]
    assert pl.read_parquet(tmp_path / "out/curves.parquet")["value"].to_list() == [1, 1 / 2, 1 / 3, 2, 1, 2 / 3]
