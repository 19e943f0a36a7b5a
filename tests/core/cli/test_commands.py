"""`hpi` from the outside: what stands on stdout, what on stderr, and every exit code."""

from __future__ import annotations

import csv
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from hpi_core.cli.ink import cells_wide
from hpi_core.text import safe
from tests.core.cli.running import HPI, SIX, hpi, hpi_process, planted
from tests.shared_data import DATA, needs_shared


@pytest.fixture
def six(tmp_path: Path) -> Path:
    path = tmp_path / "six.csv"
    path.write_text(SIX, encoding="utf-8")
    return path


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom hpi_core.cli import main\n"
        "try: main(['inspect', '--help'])\nexcept SystemExit: pass\n"
        "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not set(done.stderr.split()) & {"polars", "numpy", "pandas", "scipy", "textual", "anthropic", "plotext"}
    assert "--objective" in done.stdout


def test_the_page_says_what_was_read_and_what_is_sick(six: Path, tmp_path: Path) -> None:
    done = hpi_process("inspect", six, home=tmp_path)
    page = done.stdout.decode()
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    assert "6 trials" in page
    assert "val_loss, lower is better (inferred" in page
    assert "2 of 6 trials sick" in page
    assert "nonfinite_metric" in page
    assert "Look here first" in page
    assert "Causes" not in page
    assert max(len(line) for line in page.splitlines()) <= 100
    assert "\x1b" not in page


def test_json_is_strict_stable_and_true(six: Path, tmp_path: Path) -> None:
    first, again = (run("inspect", six, "--json", home=tmp_path) for run in (hpi, hpi_process))
    assert first.stdout == again.stdout
    summary = json.loads(first.stdout, parse_constant=pytest.fail)
    schema = json.loads(hpi("schema", home=tmp_path).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(summary)
    assert summary["causes"] == []
    assert summary["leads"][0]["parameter"] == "lr"
    assert summary["leads"][0]["needs"] > 0
    assert summary["trials"]["sick"] == 2
    assert [best["trial"] for best in summary["best"]] == ["5", "6", "1", "3"]
    assert all(not basis.startswith("cause:") for item in summary["recommendations"] for basis in item["because"])
    metric = next(m for m in summary["roles"]["metrics"] if m["name"] == "val_loss")
    assert (metric["nan"], metric["inf"], metric["min"]) == (1, 1, 0.25)
    assert str(tmp_path) not in first.stdout.decode()


def test_a_planted_cause_is_found_and_left_out_without_its_healthy_neighbours(tmp_path: Path) -> None:
    source = planted(tmp_path / "planted.csv")
    done = hpi("inspect", source, "--json", home=tmp_path)
    summary = json.loads(done.stdout)
    assert [(c["parameter"], c["kind"], c["issue"]) for c in summary["causes"]] == [("lr", "above", "nonfinite_metric")]
    cause, advice = summary["causes"][0], summary["recommendations"][0]
    assert cause["low"] == pytest.approx(0.1, rel=0.15)
    assert advice["because"] == ["cause:0"]
    assert advice["parameter"] == "lr"
    limit = float(advice["to"].removeprefix("≤ "))
    assert cause["threshold_low"] <= limit <= cause["low"]
    with source.open(encoding="utf-8") as lines:
        rates = [(float(row["lr"]), row["val_loss"] == "nan") for row in csv.DictReader(lines)]
    # Four healthy trials lie between the cautious end and the printed cut: the data say that they need not go.
    between = [sick for lr, sick in rates if cause["threshold_low"] < lr <= limit]
    assert len(between) >= 3
    assert not any(between)
    assert not any(sick for lr, sick in rates if lr <= limit)
    assert f"{cause['sick']} of {cause['n']} trials" in advice["reason"]


def test_a_threshold_can_be_set_and_a_wrong_one_is_refused(six: Path, tmp_path: Path) -> None:
    listed = hpi("detectors", home=tmp_path).stdout.decode()
    assert "nonfinite_metric" in listed
    page = hpi("detectors", "overfit_gap", home=tmp_path).stdout.decode()
    name = next(line.split("=")[0].strip() for line in page.splitlines() if line.strip().startswith("overfit_gap."))
    done = hpi("inspect", six, "--json", "--set", f"{name}=7", home=tmp_path)
    assert json.loads(done.stdout)["thresholds"] == {name: 7.0}
    wrong = hpi("inspect", six, "--set", "overfit_gap.nonsense=1", home=tmp_path)
    assert wrong.returncode == 2
    assert hpi("detectors", "no_such_issue", home=tmp_path).returncode == 2


def test_roles_are_overridden_by_the_command_line(six: Path, tmp_path: Path) -> None:
    done = hpi(
        "inspect", six, "--json", "--objective", "train_loss", "--maximize", "--role", "epochs=hyperparameter",
        home=tmp_path,
    )  # fmt: skip
    roles = json.loads(done.stdout)["roles"]
    assert roles["objective"] == {"metric": "train_loss", "direction": "max", "from": "user"}
    assert "epochs" in {parameter["name"] for parameter in roles["hyperparameters"]}
    assert hpi("inspect", six, "--role", "epochs", home=tmp_path).returncode == 2
    assert hpi("inspect", six, "--objective", "nope", home=tmp_path).returncode == 2


def test_remembered_roles_are_recalled_unless_overridden(six: Path, tmp_path: Path) -> None:
    program = (
        "import sys\nfrom hpi_core.roles import RoleOverrides\nfrom hpi_core.settings import remember_roles\n"
        "remember_roles(sys.argv[1], RoleOverrides(objective='train_loss', direction='max'))"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    environment["HOME"] = str(tmp_path)
    subprocess.run([sys.executable, "-c", program, str(six)], check=True, env=environment)
    recalled = json.loads(hpi("inspect", six, "--json", home=tmp_path).stdout)["roles"]["objective"]
    assert recalled == {"metric": "train_loss", "direction": "max", "from": "remembered"}
    said = json.loads(hpi("inspect", six, "--json", "--objective", "val_loss", home=tmp_path).stdout)
    assert said["roles"]["objective"]["metric"] == "val_loss"


def test_where_narrows_the_sweep(six: Path, tmp_path: Path) -> None:
    done = hpi("inspect", six, "--json", "--where", "lr >= 0.001 and status == completed", home=tmp_path)
    summary = json.loads(done.stdout)
    assert summary["trials"]["total"] == 3
    assert summary["roles"]["objective"]["from"] == "inferred"
    sick = hpi("export", six, "--where", "issue:nonfinite_metric", "-o", "-", home=tmp_path)
    assert [line.split(b",")[0] for line in sick.stdout.splitlines()] == [b"trial_id", b"2", b"4"]


@pytest.mark.parametrize(
    ("text", "failed_at"),
    [("lr >> 3", 4), ("lr > 0.1 and nope == 3", 13), ("lr >", 4), ('status == "\t日本" and nope > 2', 20)],
)
def test_a_filter_that_cannot_be_understood_has_a_caret_under_it(
    text: str, failed_at: int, six: Path, tmp_path: Path
) -> None:
    wrong = hpi("inspect", six, "--where", text, home=tmp_path)
    assert wrong.returncode == 2
    assert wrong.stdout == b""
    _said, shown, caret, *_hint = wrong.stderr.decode().splitlines()
    assert shown == f"  {safe(text)}"
    assert caret.strip() == "^"
    assert cells_wide(shown[: shown.rindex(text[failed_at:])]) == len(caret) - 1


def test_the_source_may_come_from_the_environment_or_stdin(six: Path, tmp_path: Path) -> None:
    named = hpi("inspect", "--json", home=tmp_path, HPATH_RESULTS_CSV=str(six))
    assert json.loads(named.stdout)["trials"]["total"] == 6
    piped = hpi_process("inspect", "-", "--json", home=tmp_path, stdin=SIX.encode())
    assert json.loads(piped.stdout)["trials"]["total"] == 6
    nothing = hpi("inspect", home=tmp_path)
    assert nothing.returncode == 2
    assert b"HPATH_RESULTS_CSV" in nothing.stderr


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, 3), (b"", 3), (b"\x00\x01\x02\xff" * 500, 3), (b"version https://git-lfs.github.com/spec/v1\n", 3)],
    ids=["missing", "empty", "binary", "lfs pointer"],
)
def test_what_cannot_be_read_is_one_sentence_and_exit_3(content: bytes | None, code: int, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    if content is not None:
        path.write_bytes(content)
    done = hpi_process("inspect", path, home=tmp_path)
    assert done.returncode == code
    assert done.stdout == b""
    assert done.stderr.startswith(b"hpi: ")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "text",
    ["a\n1\n", "lr,loss\n0.1,\n", "lr,val_loss\n1,2\n", "name\nx\ny\n", "a,b\n,\n,\n", "lr,lr,loss\n1,2,3\n4,5,6\n"],
)
def test_poor_tables_are_a_page_or_a_refusal_never_a_crash(text: str, tmp_path: Path) -> None:
    path = tmp_path / "poor.csv"
    path.write_text(text, encoding="utf-8")
    for command in ("inspect", "inspect --json", "report -o -", "check"):
        done = hpi(*command.split(), path, home=tmp_path)
        assert done.returncode in (0, 1, 3), done.stderr
        assert b"Traceback" not in done.stderr


def test_strict_refuses_what_had_to_be_repaired(tmp_path: Path) -> None:
    path = tmp_path / "ragged.csv"
    path.write_text("trial_id,lr,val_loss\n1,0.1,0.5\n2,0.2\n3,0.3,0.7,9\n", encoding="utf-8")
    assert hpi("inspect", path, home=tmp_path).returncode == 0
    strict = hpi("inspect", path, "--strict", home=tmp_path)
    assert strict.returncode == 4
    assert b"line" in strict.stderr


def test_usage_errors_exit_2(tmp_path: Path) -> None:
    assert hpi(home=tmp_path).returncode == 2
    assert hpi("nonsense", home=tmp_path).returncode == 2
    assert hpi("check", "x.csv", "--fail-on", "info", home=tmp_path).returncode == 2


def test_a_wrong_option_is_told_by_the_command_it_was_given_to(tmp_path: Path) -> None:
    done = hpi_process("inspect", "--foo", "x.csv", home=tmp_path)
    assert done.returncode == 2
    assert b"usage: hpi inspect" in done.stderr
    assert b"there is no --foo; hpi inspect --help lists the options" in done.stderr


def test_a_job_script_is_told_with_the_table_beside_it(six: Path, tmp_path: Path) -> None:
    done = hpi_process("triage", six, "--rerun", "2", "--export", tmp_path / "again.sh", home=tmp_path)
    assert b"written to again.sh and again.csv." in done.stderr
    assert (tmp_path / "again.csv").read_text(encoding="utf-8").startswith("trial_id,")


def test_check_is_a_gate(six: Path, tmp_path: Path) -> None:
    healthy = tmp_path / "healthy.csv"
    rows = "".join(f"{i},{0.001 * (i + 1)},{0.5 - 0.01 * i:.2f}\n" for i in range(12))
    healthy.write_text("trial_id,lr,val_loss\n" + rows, encoding="utf-8")
    assert hpi("check", healthy, home=tmp_path).returncode == 0
    failed = hpi_process("check", six, home=tmp_path)
    assert failed.returncode == 1
    assert failed.stdout.decode().startswith("failed: 2 of 6 judged trials sick")
    assert failed.stdout.count(b"\n") == 1
    assert hpi("check", six, "--max-sick-rate", "0.5", home=tmp_path).returncode == 0
    assert hpi("check", six, "--where", "val_loss is finite and status == completed", home=tmp_path).returncode == 0


def test_the_sick_rate_decides_alone_and_is_a_share(six: Path, tmp_path: Path) -> None:
    for rate, code in (("0", 1), ("0.33", 1), ("0.34", 0), ("1", 0)):
        assert hpi("check", six, "--max-sick-rate", rate, home=tmp_path).returncode == code, rate
    for rate in ("x", "1.1", "-1", "nan"):
        done = hpi("check", six, f"--max-sick-rate={rate}", home=tmp_path)
        assert done.returncode == 2
        assert f"{rate} is not between 0 and 1" in done.stderr.decode()


def test_check_fails_when_nothing_could_be_judged(tmp_path: Path) -> None:
    path = tmp_path / "none.csv"
    path.write_text("trial_id,status,lr\n1,running,0.1\n2,running,0.2\n3,running,0.3\n", encoding="utf-8")
    done = hpi("check", path, home=tmp_path)
    assert done.returncode == 1
    assert b"failed" in done.stdout


def test_our_own_crash_is_one_sentence_a_log_and_70(six: Path, tmp_path: Path) -> None:
    program = (
        "import hpi_core.summary\n"
        "def broken(*_, **__): raise ZeroDivisionError('secret value')\n"
        "hpi_core.summary.summarize = broken\n"
        "import sys\nfrom hpi_core.cli import main\nsys.exit(main(['inspect', sys.argv[1]]))"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    environment["HOME"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", program, six], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 70
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    log = Path(done.stderr.strip().rsplit("details: ")[1])
    assert "ZeroDivisionError" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_reader_that_goes_away_is_no_error_message(six: Path, tmp_path: Path) -> None:
    program = f"{HPI} inspect {six} --json --all | head -c 1"
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(["bash", "-c", program], capture_output=True, env=environment, check=False)
    assert done.stdout == b"{"
    assert done.stderr == b""


PAYLOADS = [
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b[2J",
    "\x9b31m",
    "\x7f",
    "\u202eevil",
    "[/]",
    "[@click=app.quit]x[/]",
    "=cmd()",
]


@pytest.mark.parametrize("arguments", [["inspect"], ["inspect", "--all"], ["inspect", "--json", "--all"]])
def test_no_control_byte_of_the_data_reaches_the_output(arguments: list[str], tmp_path: Path) -> None:
    path = tmp_path / "hostile.csv"
    heads = [f'"lr{payload}"' for payload in PAYLOADS]
    lines = [",".join(["trial_id", "status", "optimizer", *heads, "val_loss"])]
    for row in range(40):
        text = PAYLOADS[row % len(PAYLOADS)]
        loss = "nan" if row % 3 == 0 else str(row)
        lines.append(",".join([f'"{row}{text}"', "completed", f'"{text}"', *[str(row * 0.1)] * len(heads), loss]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = hpi(*arguments, path, home=tmp_path)
    assert done.returncode == 0, done.stderr
    text_out = (done.stdout + done.stderr).decode("utf-8")
    assert not set(text_out) & {chr(c) for c in [*range(10), *range(11, 32), *range(127, 160), 0x202E]}


@needs_shared
@pytest.mark.parametrize(
    ("name", "trials", "objective", "expected"),
    [
        ("12_curves/deepobs_trials.csv", 1080, "test_losses_final", "lr"),
        ("01_sweep_csv/sdbuch__thinky-manifolds/wandb_results.csv", 31, None, None),
        ("01_sweep_csv/automl__DeepCAVE/logs/DataFrame/run_2/trials.csv", 88, None, None),
        ("01_sweep_csv/UBC-MDS__DSCI522_group17/results/cv_results.csv", 5, None, None),
        ("10_fairness/nagendran-84__LJMU-MSML/results/fairness_metrics.csv", 5, None, None),
    ],
)
def test_real_sweeps_have_a_valid_summary(
    name: str, trials: int, objective: str | None, expected: str | None, tmp_path: Path
) -> None:
    done = hpi("inspect", DATA / name, "--json", "--all", home=tmp_path)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout, parse_constant=pytest.fail)
    jsonschema.Draft202012Validator(json.loads(hpi("schema", home=tmp_path).stdout)).validate(summary)
    assert summary["trials"]["total"] == trials
    if objective is not None:
        assert summary["roles"]["objective"]["metric"] == objective
    if expected is not None:
        assert summary["causes"][0]["parameter"] == expected


@pytest.mark.parametrize(
    ("closed", "said"), [(">&-", b""), ("2>&-", b"failed: "), (">&- 2>&-", b""), ("<&-", b"failed: ")]
)
def test_closed_streams_change_no_exit_status(closed: str, said: bytes, tmp_path: Path) -> None:
    (tmp_path / "six.csv").write_text(SIX, encoding="utf-8")
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    line = f"exec {HPI} check six.csv {closed}"
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.startswith(said)
    assert bool(done.stdout) == bool(said)
    assert not (tmp_path / "state" / "hpi-tui" / "crashes").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_behind_stdout_is_told_as_such(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    line = f"exec {HPI} sources > /dev/full"
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 5
    assert done.stderr.startswith(b"hpi: The output cannot be written: ")
    assert done.stderr.count(b"\n") == 1
    assert not (tmp_path / "state" / "hpi-tui" / "crashes").exists()
