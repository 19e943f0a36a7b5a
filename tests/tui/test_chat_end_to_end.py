"""The chat in the installed app, in a real pty, against a scripted server; every step waits for what must appear."""

from __future__ import annotations

import shutil
import sys
import threading
from pathlib import Path

import pytest

from hpi_core.chat.printable import QUESTION
from hpi_core.demo import path as demo_path
from tests.core.chat.scripted_server import Exchange, Step, refuses, says, scripted_server
from tests.core.chat.sweeps import KEY, demo_evidence
from tests.tui.conftest import APP, Open
from tests.tui.terminal import Terminal

# Runs the app with every address that is asked for or connected to, and the model's client, written to a file.
WATCHED = """
import sys
opened = open(sys.argv[1], "w")
def watch(event, arguments):
    client = event == "import" and arguments[0] == "anthropic"
    if client or event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.bind"):
        opened.write(f"{event} {arguments!r}\\n")
        opened.flush()
sys.addaudithook(watch)
from hpi_tui.cli import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "HPI_MODEL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def chatting(tmp_path: Path) -> None:
    """The person's configuration says yes to all sweeps."""
    (tmp_path / "config" / "hpi-tui").mkdir(parents=True)
    (tmp_path / "config" / "hpi-tui" / "config.toml").write_text('[chat]\nconsent = "always"\n')


@pytest.fixture
def sweep(tmp_path: Path) -> str:
    """The demo's table without its curves, as `demo_evidence` knows it."""
    return str(shutil.copy(demo_path(), tmp_path / "demo.csv"))


def words(app: Terminal) -> str:
    """What stands in the Chat pane, its lines joined."""
    lines = app.text.split("\n")
    at = [1, *(line.rfind("5 Chat") for line in lines if "5 Chat" in line)][-1] - 1  # of its title, below the tabs
    return " ".join(" ".join(line[at:] for line in lines).split())


def open_chat(app: Terminal) -> None:
    app.until(lambda text: " sick  " in text.split("\n")[0])
    app.send("5")
    app.until("ask, or / for commands")


def cause() -> tuple[str, str]:
    """The label and the words of the demo's strongest cause."""
    record = demo_evidence().record("C1")
    assert record is not None
    return f"{record['sick']} of {record['n']}", str(record["text"])


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40), (200, 60)])
def test_commands_answer_offline_at_every_layout(open_app: Open, sweep: str, columns: int, rows: int) -> None:
    with open_app(sweep, columns=columns, rows=rows) as app:
        app.until(lambda text: " sick  " in text.split("\n")[0])
        app.send("5/best\r")  # a burst: the first key gives the rest to the prompt
        app.until("The best healthy trials by")
        app.send("/why T61\r")
        app.until("Trial 61 (pruned) is sick")
        app.send("/compare T61 T17\r")
        app.until("[T61] against [T17]")
        for command in ("/causes", "/issues", "/help"):
            app.send(f"{command}\r")
            app.until(f"you  {command}")
        app.send("Why?\r")
        app.until("✗ There is no key")
        app.send("\x1b")
        app.until(lambda text: "ask, or / for commands" not in text)
        app.send("C")  # where no model can be asked, a command about the trial under the cursor
        app.until("/why T1")
        app.send("\r")
        app.until("Trial 1 (completed)")
        app.send("\x03")
        assert app.wait() == 0


def test_nothing_is_opened_before_the_yes_which_is_asked_once(tmp_path: Path, sweep: str) -> None:
    counts, _ = cause()
    log = tmp_path / "sockets"
    with scripted_server([says(f"It is {counts} [C1].", " And 99991 others.")]) as served:
        env = {
            "XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "ANTHROPIC_BASE_URL": served.url, "ANTHROPIC_API_KEY": KEY, "HPI_MODEL": "claude-test",
        }  # fmt: skip
        command = [sys.executable, "-c", WATCHED, str(log), sweep]
        with Terminal(command, 120, 40, env) as app:
            open_chat(app)
            app.until("claude-test at")
            app.send("/causes\r")
            app.until("you  /causes")
            app.send("Why so many?\r")
            app.until("▌ No, send nothing")
            app.until("Why so many?")
            app.send("\r")
            app.until(lambda _: "Nothing was sent." in words(app))
            assert log.read_text() == ""
            app.send("Why so many?\r")
            app.until("▌ No, send nothing")
            app.send("\t")
            app.until("▌ Yes, send it to")
            assert log.read_text() == ""
            app.send("\r")
            app.until(f"{counts}✓")
            app.until(lambda _: "99991 [unverified]" in words(app))
            app.send("\x1b")
            app.until(lambda text: "ask, or / for commands" not in text)
            app.send("q")
            assert app.wait() == 0
        port = served.url.rpartition(":")[2]
        opened = log.read_text().splitlines()
        hosts = [line for line in opened if line.startswith("socket.")]
        assert hosts
        assert all(f"'127.0.0.1', {port}" in line for line in hosts)
        assert "import" in opened[0]  # and only now
        with Terminal([APP, sweep], 120, 40, env) as app:  # another launch: the yes is remembered
            open_chat(app)
            app.send("Why so many?\r")
            app.until(f"{counts}✓")
        assert len(served.requests) == 2
        assert KEY not in app.text


@pytest.mark.usefixtures("chatting")
def test_turns_a_cancelled_one_and_every_fault_in_one_line(open_app: Open, sweep: str) -> None:
    counts, _ = cause()
    release = threading.Event()

    def streams(exchange: Exchange) -> None:
        exchange.begin()
        exchange.message_start()
        exchange.text("The first line of a long answer\nand")
        release.wait(30)
        raise OSError  # the connection ends in mid-answer

    faults: list[tuple[Step, str]] = [
        (refuses(401, "authentication_error", f"bad {KEY}"), "does not accept the key (401)"),
        (refuses(429, "rate_limit_error", "", retry_after="600"), "It asks to wait 10 min"),
        (refuses(529, "overloaded_error", "", retry_after="600"), "is overloaded (529)"),
    ]
    script = [says("One: ", f"{counts} [C1]."), says("Two."), streams, streams, *(step for step, _ in faults)]
    with scripted_server([*script, says("Last.")]) as served:
        env = {"ANTHROPIC_BASE_URL": served.url, "ANTHROPIC_API_KEY": KEY}
        with open_app(sweep, columns=120, rows=40, **env) as app:
            open_chat(app)
            app.send("first?\r")
            app.until(f"One: {counts}✓")
            app.send("second?\r")
            app.until("Two.")
            app.send("third?\r")
            app.until("The first line of a long answer")
            app.send("\x1b")
            app.until("cancelled; what had come is kept")
            app.send("fourth?\r")
            app.until("Answering.")
            release.set()
            app.until(lambda _: "What came is kept; ask again for the rest." in words(app))
            assert "The first line of a long answer" in words(app)
            for _, said in faults:
                app.send("Why?\r")
                app.until(lambda _, said=said: said in words(app))  # type: ignore[misc]
            app.send("fifth?\r")
            app.until("Last.")
            app.send("\x1b")
            app.until(lambda text: "ask, or / for commands" not in text)
            app.send("q")
            assert app.wait() == 0
            assert b"Traceback" not in app.raw
            assert KEY.encode() not in app.raw
    assert [message["role"] for message in served.requests[1]["messages"]] == ["user", "assistant", "user"]


@pytest.mark.usefixtures("chatting")
def test_citations_jump_and_hostile_text_and_pastes_do_no_harm(open_app: Open, sweep: str) -> None:
    _, text = cause()
    issue = demo_evidence().record("I1")
    assert issue is not None
    hostile = "a\x1b[2Jb\x1b]52;c;aGk=\x07c\x9bd [@click=app.quit]x[/] \u202e end"
    with scripted_server([says(hostile), says("See [T61], [C1] and [I1].")]) as served:
        env = {"ANTHROPIC_BASE_URL": served.url, "ANTHROPIC_API_KEY": KEY}
        with open_app(sweep, columns=120, rows=40, **env) as app:
            open_chat(app)
            app.send("Why?\r")
            app.until(lambda _: "[@click=app.quit]x[/]" in words(app))
            assert b"\x1b]52;c;aGk" not in app.raw
            assert "\u202e".encode() not in app.raw
            threading.Thread(target=app.send, args=(b"\x1b[200~" + b"paste \r" * 14_629 + b"\x1b[201~",)).start()
            app.until(lambda _: "Pasted 102,403 characters: a question holds" in words(app), 30)
            assert f"{QUESTION:,} were taken." in words(app)
            assert len(served.requests) == 1
            app.send("\x15\x7f" * 1200)
            app.until("ask, or / for commands", 30)
            app.send("Where?\r")
            app.until("See [T61], [C1] and [I1].")
            app.until(lambda _: "tokens 20 in" in words(app))
            app.send("\t")
            app.until("[T61] trial 61")
            app.send("\r")
            app.until(lambda screen: "› trial 61" in screen.split("\n")[0])
            app.until(lambda screen: "5 Chat" not in screen)
            app.send("5")
            app.until("[T61] trial 61")
            app.send("\t")
            app.until(f"[C1] {text}")
            app.send("\r")
            app.until(lambda screen: "3 Buckets" in screen and "5 Chat" not in screen)
            app.send("5\t")
            app.until(f"[I1] {issue['issue']}")
            app.send("\r")
            app.until(f"{issue['count']} of 240 trials")
            app.send("\x03")
            assert app.wait() == 0
