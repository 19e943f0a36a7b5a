"""Every real store of local runs, through the installed commands: it opens as it is, or is refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import hpi_core
from hpi_core.errors import SourceError
from tests.core.cli.running import hpi, hpi_process
from tests.shared_data import DATA, needs_shared
from tests.tui.conftest import APP
from tests.tui.terminal import Terminal

pytestmark = needs_shared

CAVE = "11_other/automl__DeepCAVE/logs"

# Place -> trials by status, and what of it was left out of the curves or the table (tests of the readers say why).
OPENS = {
    "05_wandb": {"failed": 13, "completed": 6, "running": 4, "unknown": 1},
    "05_wandb/0-KaiKai-0__stanford_alpaca/wandb": {"failed": 13, "completed": 5, "running": 4, "unknown": 1},
    "05_wandb/wandb__wandb/tests/assets/wandb": {"completed": 1},
    "05_wandb/wandb__wandb/core/tests/files/history.parquet": {"completed": 1},
    "06_ray": {"completed": 88, "running": 4, "unknown": 2},
    "06_ray/automl__DeepCAVE/logs/RayTune/run_1": {"completed": 81},
    "08_logs/GeorgePearse__rf-detr-mask": {"completed": 5, "unknown": 2},
    "08_logs/Jhko725__Contact-Point-Detection": {"completed": 2, "unknown": 4},
    "08_logs/NijatZeynalov__mT5-based-azerbaijani-news-summarize": {"unknown": 1},
    "08_logs/aigoncharov__trainer_state_viz": {"completed": 1},
    "08_logs/facebookresearch__DomainBed": {"completed": 10},
    # Tables of trials, each beside a search space, which is left out.
    f"{CAVE}/AMLTK/optuna_optimizer/run_1": {"completed": 149},
    f"{CAVE}/AMLTK/smac_optimizer/run_1": {"completed": 42},
}

# Logs of free text, and a database of a tool whose records nobody asked for yet: nothing is guessed.
REFUSED = {
    "08_logs/KellerJordan__modded-nanogpt": "logs of free text, such as ",
    "08_logs/bigscience-workshop__bigscience": "logs of free text, such as ",
    "08_logs/mlcommons__submissions_algorithms": "logs of free text, such as ",
    "08_logs/KellerJordan__modded-nanogpt/records/track_2_medium/2025-01-18/main.log": "text, but not a table",
    "08_logs/facebookresearch__DomainBed/domainbed/misc/test_sweep_data/results.txt": "text, but not a table",
    "11_other/microsoft__nni/test/ut/tools/nnictl/mock/nnictl_metadata/xOpEwA5w/db/nni.sqlite": "SQLite",
    f"{CAVE}/BOHB/run_1/results.json": "one JSON list per line",
    f"{CAVE}/BOHB/run_1/configspace.json": "describes a search space",
}


@pytest.mark.parametrize("place", OPENS)
def test_inspect_opens_it_with_its_trials(place: str, tmp_path: Path) -> None:
    done = hpi("inspect", DATA / place, "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["trials"]["by_status"] == OPENS[place]


@pytest.mark.parametrize("place", REFUSED)
def test_what_cannot_be_read_is_refused_in_a_sentence(place: str) -> None:
    with pytest.raises(SourceError) as caught:
        hpi_core.read(DATA / place)
    assert REFUSED[place] in caught.value.message
    assert caught.value.hint


def test_the_installed_script_says_what_a_store_holds(tmp_path: Path) -> None:
    done = hpi_process("inspect", DATA / "06_ray/automl__DeepCAVE/logs/RayTune/run_1", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().splitlines()[1].startswith("ray · 81 trials · ")
    refused = hpi_process("inspect", DATA / "08_logs/bigscience-workshop__bigscience", home=tmp_path)
    assert (refused.returncode, refused.stdout) == (3, b"")
    assert b"Traceback" not in refused.stderr


def test_the_installed_script_lists_the_sources_and_what_they_need(tmp_path: Path) -> None:
    done = hpi_process("sources", home=tmp_path, COLUMNS="80")
    printed = done.stdout.decode().splitlines()
    assert max(len(line) for line in printed) <= 80
    lines: dict[str, str] = {}
    for line in printed:  # what did not fit stands under it, indented
        name = list(lines)[-1] if line.startswith(" ") else line.split()[0]
        lines[name] = f"{lines[name]} {line.strip()}" if line.startswith(" ") else line
    assert {"delimited", "excel", "folders", "hpi", "ray", "smac", "bohb", "deepcave", "wandb"} <= lines.keys()
    for name, extra in (("excel", "excel"), ("wandb-project", "wandb"), ("mlflow", "mlflow")):
        assert lines[name].endswith((f"[{extra}: installed]", f"[pip install 'hpi-tui[{extra}]']"))
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("place", "trials", "seen"),
    [
        ("05_wandb/0-KaiKai-0__stanford_alpaca/wandb", "23 trials", "k5glzazz"),
        ("06_ray/automl__DeepCAVE/logs/RayTune/run_3", "3 trials", "aeb07d05"),
        ("08_logs/Jhko725__Contact-Point-Detection", "6 trials", "version_0"),
    ],
)
def test_the_app_opens_a_store(place: str, trials: str, seen: str, tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "c"), "XDG_STATE_HOME": str(tmp_path / "s")}
    with Terminal([APP, str(DATA / place)], columns=160, env=home) as app:
        app.until(lambda text: trials in text and seen in text)
        app.send("q")
        assert app.wait() == 0


def test_the_app_opens_several_sources(tmp_path: Path) -> None:
    places = ["05_wandb/0-KaiKai-0__stanford_alpaca/wandb", "06_ray/automl__DeepCAVE/logs/RayTune/run_3"]
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "c"), "XDG_STATE_HOME": str(tmp_path / "s")}
    with Terminal([APP, *(str(DATA / place) for place in places)], columns=160, env=home) as app:
        app.until(lambda text: "26 trials" in text and "source" in text)
        app.send("q")
        assert app.wait() == 0
