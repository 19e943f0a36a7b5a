"""Keys typed in a burst, completion and recall in the filter line, and keys and looks of the person's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.conftest import Open

LOADED = "60 trials  9 sick"


def _config(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "config" / "hpi-tui"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(text)


def test_a_burst_is_taken_in_the_order_typed(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file)) as app:
        app.until(LOADED)
        app.send("/status == failex\x7fd\rj")  # a mistake corrected, left, one down
        app.until("3 of 60 trials")
        app.until("2/3")
        assert "status == failed " in app.text


def test_a_burst_through_the_palette_runs_what_it_names(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file)) as app:
        app.until(LOADED)
        app.send(":last trial\r")
        app.until("60/60")


def test_a_burst_searches_a_list(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file)) as app:
        app.until(LOADED)
        app.send("c/batch\r")
        app.until(lambda text: "hidden" in text and "optimizer" not in text)


def test_tab_completes_and_tab_again_offers_the_next(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file)) as app:
        app.until(LOADED)
        app.send("/opt\t")
        app.until("filter › optimizer")
        app.send(" == \t")
        app.until(lambda text: "of 60 trials" in text and "optimizer == " in text)
        first = next(line for line in app.text.split("\n") if "› optimizer ==" in line).strip()
        app.send("\t")
        app.until(lambda text: "› optimizer == " in text and first not in text)
        app.send("\r")
        app.until_quiet(0.15)
        app.send("gj")
        app.until(" 2/")


def test_up_brings_earlier_filters_back(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file)) as app:
        app.until(LOADED)
        for text in ("lr > 0.01", "status == failed"):
            app.send(f"/{text}\r")
            app.until(lambda shown, text=text: f"› {text}" in shown and "of 60 trials" in shown)  # type: ignore[misc]
            app.send("\\")
            app.until(lambda shown: "of 60 trials" not in shown.split("\n")[0])
        app.send("/\x1b[A")
        app.until("› status == failed")
        app.send("\x1b[A")
        app.until("› lr > 0.01")


def test_keys_and_look_follow_the_configuration(open_app: Open, sweep_file: Path, tmp_path: Path) -> None:
    _config(tmp_path, '[look]\ntheme = "light"\nascii = true\n[keys]\nfilter = "F"\nlast = ["z", "^e"]\n')
    with open_app(str(sweep_file)) as app:
        app.until(LOADED)
        assert "F filter" in app.text
        assert "▌" not in app.text
        assert b"48;2;251;251;249" in app.raw
        app.send("z")
        app.until("60/60")
        app.send("g")
        app.until(" 1/60")
        app.send("\x05")
        app.until("60/60")
        app.send("F")
        app.until("filter >")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[look]\ntheme = "pink"\n', "look.theme is pink, not dark, light or auto"),
        ('[keys]\nnothing = "x"\n', "keys.nothing is no action"),
        ("[keys]\nfilter = 3\n", "keys.filter is no key"),
        ("[look\n", "config.toml is ignored"),
    ],
)
def test_what_cannot_be_taken_is_said(open_app: Open, sweep_file: Path, tmp_path: Path, text: str, said: str) -> None:
    _config(tmp_path, text)
    with open_app(str(sweep_file)) as app:
        app.until(LOADED)
        app.until(said)
        app.send("j")
        app.until(lambda shown: said not in shown)


def test_separator_and_encoding_are_the_persons_word(open_app: Open, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes("trial_id!lr!val_loss!naïve\n1!0.1!0.5!é\n2!0.2!0.4!ü\n".encode("cp1252"))
    with open_app(str(path), "--separator", "!", "--encoding", "cp1252") as app:
        app.until("2 trials")
        app.until("naïve")


def test_the_demo_has_curves(open_app: Open) -> None:
    with open_app("--demo") as app:
        app.until("240 trials")
        assert app.text.startswith(" demo ›")
