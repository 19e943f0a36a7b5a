"""Help and its paging, the chat's commands about what is here, and what importance needs, in the installed app."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from hpi_tui.actions import ACTIONS
from tests.shared_data import DATA, ROOT, needs_shared
from tests.tui.conftest import Open

DEMO = ROOT / "hpi_core" / "demo" / "sweep.csv"
DEEPOBS = DATA / "12_curves" / "deepobs_trials.csv"


def test_the_help_stands_on_one_page_of_120x40(open_app: Open, tmp_path: Path) -> None:
    with open_app(str(shutil.copyfile(DEMO, tmp_path / "sweep.csv")), columns=120, rows=40) as app:
        app.until("sick 1/", 30)
        app.send("?")
        app.until("? Help")
        app.until("notes ~ oom")
        for action in ACTIONS:
            assert action.help in app.text or not action.keys, action.name
        assert "more" not in app.text.split("\n")[-1]
        app.send("/parallel")
        app.until(lambda text: re.search(r"▌ +parallel coordinates", text) is not None)


def test_a_help_that_is_longer_says_how_much_more_there_is(open_app: Open, tmp_path: Path) -> None:
    with open_app(str(shutil.copyfile(DEMO, tmp_path / "sweep.csv")), columns=80, rows=24) as app:
        app.until("sick 1/", 30)
        app.send("?")
        app.until(lambda text: re.search(r"Esc close .*↓ \d+ more", text) is not None)
        app.send("G")
        app.until(lambda text: re.search(r"Esc close .*↑ \d+ more", text) is not None)
        app.send("j" * 8)  # the signs and the filter language stand below the last command
        app.until(lambda text: "notes ~ oom" in text and "↓" not in text)


def test_why_alone_asks_about_the_trial_under_the_cursor(open_app: Open, tmp_path: Path) -> None:
    with open_app(str(shutil.copyfile(DEMO, tmp_path / "sweep.csv")), columns=120, rows=40) as app:
        app.until("sick 1/", 30)
        app.send("5")
        app.until("Chat off:")
        app.send("/why\r")
        app.until("/why T1")
        app.until(lambda text: re.search(r"Trial 1 is sick|overfit_gap", text) is not None)
        assert "takes TRIAL" not in app.text


@needs_shared
def test_best_writes_rounded_numbers_and_says_what_cannot_be_compared(open_app: Open, tmp_path: Path) -> None:
    with open_app(str(shutil.copyfile(DEEPOBS, tmp_path / DEEPOBS.name)), columns=120, rows=40) as app:
        app.until("sick 1/", 40)
        app.send("5")
        app.until("Chat off:")
        app.send("/best\r")
        app.until(lambda text: "The source mixes several testproblem," in text and "whose results cannot be" in text)
        assert not re.search(r"0\.[1-9]\d{6}", app.text)
        assert "beta1 –" not in app.text


def test_importance_without_an_objective_names_the_key(open_app: Open, tmp_path: Path) -> None:
    source = tmp_path / "bare.csv"
    source.write_text("trial_id,param_a,param_b\n" + "".join(f"{at},{at * 7 % 11},{at % 3}\n" for at in range(30)))
    with open_app(str(source), columns=100, rows=30) as app:
        app.until("none sick", 30)
        app.send("I")
        app.until("Importance needs an objective and its direction: O names them.")
        assert "--" not in app.text
