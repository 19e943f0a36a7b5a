"""Nothing opens a socket before consent; consent, key and server are found and refused as promised."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hpi_core.chat import consent
from hpi_core.chat.server import DEFAULT_MODEL, address, find_server
from hpi_core.demo import path as demo_path
from hpi_core.errors import ChatError, NoConsentError
from hpi_core.settings import load_config
from tests.core.chat.scripted_server import Exchange, refuses, says, scripted_server
from tests.core.chat.sweeps import KEY

# Runs `hpi` with every socket that is opened written to a file.
WATCHED = """
import sys
opened = open(sys.argv[1], "w")
def watch(event, arguments):
    if event.startswith("socket.") and event != "socket.gethostname":
        opened.write(f"{event} {arguments!r}\\n")
        opened.flush()
sys.addaudithook(watch)
from hpi_core.cli import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "HPI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def ask(folder: Path, *arguments: str, **environment: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run `hpi ask` on the demo and return what it said and which sockets it opened."""
    log = folder / "sockets"
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(log), "ask", str(demo_path()), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    return done, log.read_text()


@pytest.mark.parametrize("command", ["/causes", "/why T61", "/payload", "/help", "/cause"])
def test_commands_open_nothing_and_need_no_key(folders: Path, command: str) -> None:
    done, sockets = ask(folders, command)
    assert done.returncode == (2 if command == "/cause" else 0), done.stderr
    assert sockets == ""


def test_without_consent_nothing_is_opened_and_the_exit_status_is_6(folders: Path) -> None:
    with scripted_server([says("Never.")]) as served:
        done, sockets = ask(folders, "Why?", ANTHROPIC_BASE_URL=served.url, ANTHROPIC_API_KEY=KEY)
    assert done.returncode == 6
    assert "Nothing has been sent" in done.stderr
    assert sockets == ""
    assert served.requests == []


def test_consent_is_asked_once_per_sweep_and_server(folders: Path) -> None:
    with scripted_server([says("37 of 58 [C1]", " and 99\nbye")]) as served:
        settings = {"ANTHROPIC_BASE_URL": served.url, "ANTHROPIC_API_KEY": KEY}
        first, sockets = ask(folders, "Why?", "--consent", **settings)
        second, _ = ask(folders, "Why?", "--json", **settings)
        other, _ = ask(folders, "Why?", **{**settings, "ANTHROPIC_BASE_URL": "http://127.0.0.2:9"})
    assert first.returncode == 0, first.stderr
    assert first.stdout == "37✓ of 58✓ [C1] and 99 [unverified]\nbye\n"
    assert "2 of 3 numbers found" in first.stderr
    port = served.url.rpartition(":")[2]
    hosts = [line for line in sockets.splitlines() if line.startswith("socket.connect")]
    assert hosts
    assert all(f"('127.0.0.1', {port})" in line for line in hosts)
    assert second.returncode == 0, second.stderr
    record = json.loads(second.stdout)
    assert record["answer"].startswith("37 of 58 [C1]")
    assert [number["found"] for number in record["numbers"]] == [True, True, False]
    assert record["tokens"]["output"] == 7
    assert other.returncode == 6
    assert KEY not in first.stdout + first.stderr + second.stdout + served.text_sent()


def test_a_fault_is_one_line_and_exit_6(folders: Path) -> None:
    with scripted_server([refuses(401, "authentication_error", f"bad key {KEY}")]) as served:
        done, _ = ask(folders, "Why?", "--consent", ANTHROPIC_BASE_URL=f"{served.url}/v1", ANTHROPIC_API_KEY=KEY)
    assert done.returncode == 6
    assert "does not accept the key (401)" in done.stderr
    assert "without its /v1" in done.stderr
    assert "Traceback" not in done.stderr
    assert KEY not in done.stderr


def test_no_key_is_said_before_anything_is_opened(folders: Path) -> None:
    done, sockets = ask(folders, "Why?", "--consent")
    assert done.returncode == 6
    assert "There is no key" in done.stderr
    assert sockets == ""


def test_the_persons_configuration_has_the_word_and_a_file_beside_a_sweep_has_not(folders: Path) -> None:
    (folders / "config" / "hpi-tui").mkdir(parents=True)
    (folders / "beside").mkdir()
    beside = folders / "beside" / ".hpi.toml"
    beside.write_text('[chat]\nconsent = "always"\nbase_url = "http://evil.example"\nmodel = "evil"\n')
    source = str(folders / "beside" / "s.csv")
    assert load_config(source).chat == {}
    assert any("may not be set" in note for note in load_config(source).notes)
    assert consent.standing("s.csv", "https://a", load_config(source).chat) == "asked"
    (folders / "config" / "hpi-tui" / "config.toml").write_text('[chat]\nconsent = "always"\n')
    assert consent.recall("s.csv", "https://a", load_config(source).chat).server == "https://a"
    (folders / "config" / "hpi-tui" / "config.toml").write_text('[chat]\nconsent = "never"\n')
    with pytest.raises(NoConsentError, match="never"):
        consent.give("s.csv", "https://a", load_config(source).chat)


def test_consent_is_kept_withdrawn_and_survives_damage(folders: Path) -> None:
    consent.give("s.csv", "https://a")
    consent.give("s.csv", "https://b")
    assert consent.standing("s.csv", "https://a") == consent.standing("s.csv", "https://b") == "given"
    assert consent.standing("t.csv", "https://a") == "asked"
    kept = next((folders / "state").rglob("consent/*.json"))
    for damage in (b"", b"[]", b"\xff\xfe", b'{"schema": "hpi.consent/1", "servers": "https://a"}', b"[" * 100_000):
        kept.write_bytes(damage)
        assert consent.standing("s.csv", "https://a") == "asked"
    consent.give("s.csv", "https://a")
    consent.withdraw("s.csv")
    assert consent.standing("s.csv", "https://a") == "asked"
    consent.give("-", "https://a")  # what came through a pipe is another thing each time
    assert consent.standing("-", "https://a") == "asked"


def test_the_key_comes_from_the_environment_or_a_file_of_ones_own(folders: Path) -> None:
    assert find_server({"ANTHROPIC_API_KEY": KEY}).key == KEY
    file = folders / "config" / "hpi-tui" / "api_key"
    file.parent.mkdir(parents=True)
    file.write_text(KEY + "\n")
    file.chmod(0o600)
    server = find_server({})
    assert (server.key, server.model, server.origin) == (KEY, DEFAULT_MODEL, "https://api.anthropic.com")
    assert KEY not in repr(server)
    for mode in (0o640, 0o604, 0o666):
        file.chmod(mode)
        with pytest.raises(ChatError, match="can be read by others") as caught:
            find_server({})
        assert KEY not in str(caught.value)
    file.unlink()
    with pytest.raises(ChatError, match="no key"):
        find_server({})
    assert find_server({"ANTHROPIC_BASE_URL": "http://127.0.0.1:8077"}).key == "none"
    with pytest.raises(ChatError, match="does not hold a key"):
        find_server({"ANTHROPIC_API_KEY": "two words\nand a line"})


@pytest.mark.parametrize(
    ("named", "used", "notes"),
    [
        ("https://example.org/", "https://example.org", 0),
        ("https://example.org/v1", "https://example.org", 1),
        ("https://example.org/v1/messages/", "https://example.org", 1),
        ("https://example.org/gateway/v1", "https://example.org/gateway", 1),
        ("http://127.0.0.1:8077", "http://127.0.0.1:8077", 0),
        ("http://example.org:80", "http://example.org:80", 1),
    ],
)
def test_addresses_are_mended_kindly(named: str, used: str, notes: int) -> None:
    assert address({"ANTHROPIC_BASE_URL": named}) == (used, address({"ANTHROPIC_BASE_URL": named})[1])
    assert len(address({"ANTHROPIC_BASE_URL": named})[1]) == notes


@pytest.mark.parametrize(
    "named", ["ftp://x", "example.org", "http://", "http://x:99999", "http://[::1", "file:///etc/passwd"]
)
def test_what_is_no_address_is_refused_without_showing_it(named: str) -> None:
    with pytest.raises(ChatError, match="is not an address"):
        find_server({"ANTHROPIC_BASE_URL": named, "ANTHROPIC_API_KEY": KEY})


def test_the_default_model_is_one_the_client_knows() -> None:
    from typing import get_args

    from anthropic.types import Model

    assert any(DEFAULT_MODEL in get_args(part) for part in get_args(Model))


def test_the_question_before_consent_names_server_model_and_size() -> None:
    said = consent.explanation("https://api.anthropic.com", DEFAULT_MODEL, 20_189)
    assert all(part in said for part in ("https://api.anthropic.com", DEFAULT_MODEL, "20,189", "/payload"))


def test_an_interrupted_answer_keeps_its_part_and_exits_130(folders: Path) -> None:
    def endless(exchange: Exchange) -> None:
        exchange.begin()
        exchange.message_start()
        exchange.text("The first line\nand a half")
        exchange.release.wait(20)

    with scripted_server([endless]) as served:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / "hpi"), "ask", str(demo_path()), "Why?", "--consent"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "ANTHROPIC_BASE_URL": served.url, "ANTHROPIC_API_KEY": KEY},
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "The first line\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == "and a half\n"
    assert "Traceback" not in err


def test_a_source_without_a_question_is_said_so(folders: Path) -> None:
    done, sockets = ask(folders)
    assert done.returncode == 2
    assert "There is no question." in done.stderr
    assert sockets == ""
