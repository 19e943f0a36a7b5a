"""The Chat pane, alone on a screen: asking, hearing, citations, the prompt, consent."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from textual import events

from hpi_core.chat.printable import QUESTION
from hpi_core.settings import state_folder
from hpi_tui.chat.jumps import JumpToIssue, JumpToPair, JumpToTrial
from hpi_tui.theme import Look
from tests.core.chat.scripted_server import Exchange, Step, calls, refuses, says, scripted_server
from tests.core.chat.sweeps import KEY
from tests.tui.chat_app import ChatApp, ask, shown, until

SIZE = (80, 30)
ANSWER = "init = orthogonal: **37 of 58** failed [C1]; half of all others would too, 88 % of them [T9999]."


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "HPI_MODEL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def asked_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's configuration says yes to all sweeps, and there is a key."""
    (tmp_path / "config" / "hpi-tui").mkdir(parents=True)
    (tmp_path / "config" / "hpi-tui" / "config.toml").write_text('[chat]\nconsent = "always"\n')
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


def holds(before: str, release: threading.Event, after: str = "") -> Step:
    """Begin an answer, wait until released, and end it."""

    def step(exchange: Exchange) -> None:
        exchange.begin()
        exchange.message_start()
        exchange.text(before)
        release.wait(30)
        exchange.text(after)
        exchange.stop()

    return step


async def test_without_a_key_it_says_so_and_commands_are_answered() -> None:
    async with ChatApp().run_test(size=SIZE) as pilot:
        text = await until(pilot, "Chat off:")
        assert "There is no key" in text
        assert "/why TRIAL" in text.replace("\u00a0", " ")
        await pilot.press("slash", "w", "h", "y", "space", "T", "6", "1", "enter")
        text = await until(pilot, "is sick: 1 finding [T61]")
        assert "exploded_metric" in text
        assert "✓" not in text
        await ask(pilot, "/causes")
        await until(pilot, "init = orthogonal → failed_run")
        await ask(pilot, "/nonsense")
        await until(pilot, "There is no command /nonsense")
        await ask(pilot, "What now")
        await until(pilot, "✗ There is no key")


async def test_three_suggestions_made_from_this_sweep_can_be_taken() -> None:
    app = ChatApp()
    async with app.run_test(size=SIZE) as pilot:
        text = await until(pilot, "init = orthogonal")
        assert text.count("› ") == 4  # three of them, and the prompt
        await pilot.press("down")
        assert app.chat.draft.text == app.chat.suggestions[0]
        await pilot.press("down", "down", "down")
        assert app.chat.draft.text == app.chat.suggestions[2]
        await pilot.press("up", "up", "up")
        assert app.chat.draft.text == ""


async def test_consent_shows_every_text_that_is_sent_and_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    app = ChatApp()
    with scripted_server([says(ANSWER)]) as served:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", served.url)
        async with app.run_test(size=(80, 300)) as pilot:
            await until(pilot, "Before anything is sent you see all of it")
            await ask(pilot, "Why so many")
            text = await until(pilot, "▌ No, send nothing")
            assert f"at {served.url} about this sweep?" in text
            assert "Why so many" in text
            await pilot.press("y", "e", "s", "enter")  # typed on without looking: this is no yes
            await until(pilot, "Nothing was sent.")
            assert served.requests == []
            await pilot.press("up", "enter")
            await until(pilot, "▌ No, send nothing")
            read = await read_all(pilot)
            await pilot.press("tab")
            await until(pilot, "▌ Yes, send it to")
            await pilot.press("enter")
            await until(pilot, "37 of 58✓")
            assert len(served.requests) == 1
            body = served.requests[0]
            assert body["messages"][0]["content"][0]["text"] == "Why so many"
            sent = [block["text"] for block in body["system"]] + [tool["description"] for tool in body["tools"]]
            for word in {word.strip('",:{}[]') for text in sent for word in text.split()}:
                if word.isalpha():
                    assert word in read, word
            await ask(pilot, "And now")
            await until(pilot, lambda text: text.count("37 of 58✓") == 2)
        async with ChatApp().run_test(size=SIZE) as pilot:  # another launch
            await ask(pilot, "Once more")
            await until(pilot, "37 of 58✓")
    assert list((state_folder() / "consent").iterdir())


async def read_all(pilot: object) -> str:
    """Read the consent screen from its top to its end."""
    from textual.pilot import Pilot

    assert isinstance(pilot, Pilot)
    pages = [shown(pilot.app)]
    while True:
        await pilot.press("pagedown")
        await pilot.pause()
        if (page := shown(pilot.app)) == pages[-1]:
            return "\n".join(pages)
        pages.append(page)


@pytest.mark.usefixtures("asked_before")
async def test_an_answer_is_checked_cited_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    app = ChatApp()
    script = [says(ANSWER, cache_read_input_tokens=2980), says("Trial [T61] has [I3]; leave it out [R1].")]
    with scripted_server(script) as served:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", served.url)
        async with app.run_test(size=SIZE) as pilot:
            await ask(pilot, "Why")
            text = await until(pilot, "tokens 2,990 in (2,980 cached), 7 out")
            assert "37 of 58✓ failed [C1]" in text
            assert "88 % [unverified]" in text
            assert "[T9999: unknown]" in text
            assert "✓ 2 numbers found  1 not found" in text
            await pilot.press("tab")
            await until(pilot, "[C1] init = orthogonal → failed_run  37 of 58")
            await pilot.press("enter")
            await ask(pilot, "And")
            await until(pilot, "tokens 3,000 in  14 out")  # both turns
            for _ in range(3):
                await pilot.press("tab", "enter")
    pair, trial, issue, advice = app.jumps
    assert isinstance(pair, JumpToPair)
    assert (pair.parameter, pair.issue) == ("init", "failed_run")
    assert isinstance(trial, JumpToTrial)
    assert trial.trial == "61"
    assert app.inspection.sweep.trial_ids()[trial.row] == "61"
    assert isinstance(issue, JumpToIssue)
    assert issue.issue == "exploded_metric"
    assert isinstance(advice, JumpToPair)
    assert served.requests[1]["messages"][1]["role"] == "assistant"  # the first turn is remembered


@pytest.mark.usefixtures("asked_before")
async def test_escape_cancels_and_keeps_the_part(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    app = ChatApp()
    with scripted_server([holds("The first half\nand", release), says("Well.")]) as served:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", served.url)
        async with app.run_test(size=SIZE) as pilot:
            await ask(pilot, "Why")
            await until(pilot, "The first half")
            await ask(pilot, "next one")
            await until(pilot, "still being answered")
            assert app.chat.draft.text == "next one"
            await pilot.press("escape")
            text = await until(pilot, "cancelled; what had come is kept")
            assert "The first half" in text
            assert app.left == 0
            release.set()
            await pilot.press("enter")
            await until(pilot, "Well.")
            await pilot.press("escape")
            assert app.left == 1


@pytest.mark.usefixtures("asked_before")
async def test_each_fault_is_one_line_and_the_next_question_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(exchange: Exchange) -> None:
        exchange.begin()
        exchange.message_start()
        exchange.text("Half of it")

    faults: list[tuple[Step, str]] = [
        (refuses(401, "authentication_error", f"bad {KEY}"), "does not accept the key (401)"),
        (refuses(429, "rate_limit_error", "", retry_after="600"), "It asks to wait 10 min"),
        (refuses(529, "overloaded_error", "", retry_after="600"), "is overloaded (529)"),
        (cut, "broke off before its end"),
        (calls("trial", {"trial": "61"}), ""),
        (says("It is trial 61 [T61]."), "looked up trial 61"),
    ]
    with scripted_server([step for step, _ in faults]) as served:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", served.url)
        async with ChatApp().run_test(size=(80, 60)) as pilot:
            for _, said in faults:
                if said:
                    await ask(pilot, "Why")
                    text = await until(pilot, lambda text, said=said: said in " ".join(text.split()))  # type: ignore[misc]
                    assert KEY not in text
            assert "Half of it" in shown(pilot.app)
            assert len(served.requests) == len(faults)  # nothing was asked again behind the person's back


async def test_a_paste_of_a_hundred_kilobytes_is_one_sentence_and_sends_nothing() -> None:
    app = ChatApp()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "Chat off:")
        app.chat.post_message(events.Paste("why\r\n\x1b[31mred\x07 " * 6400))
        text = await until(pilot, "Pasted ")
        assert f"Pasted 96,000 characters: a question holds {QUESTION:,}, so the first {QUESTION:,} were" in text
        assert len(app.chat.draft.text) == QUESTION
        assert "\x1b" not in app.chat.draft.text
        assert app.chat.transcript.turns == []
        await pilot.press("ctrl+u", "ctrl+u", "backspace")
        app.chat.post_message(events.Paste("two\nlines"))
        await until(pilot, lambda text: "two" in text and "lines" in text)


@pytest.mark.usefixtures("asked_before")
async def test_control_bytes_and_markup_in_an_answer_are_only_text(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = "a\x1b[2Jb\x1b]52;c;aGk=\x07c\x9bd [@click=app.quit]x[/] \u202egnol [red]y"
    with scripted_server([says(hostile)]) as served:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", served.url)
        async with ChatApp().run_test(size=SIZE) as pilot:
            await ask(pilot, "Why")
            text = await until(pilot, "[@click=app.quit]x[/]")
            assert "a\\x1b[2Jb\\x1b]52" in text
            assert not any(sign in text for sign in "\x1b\x07\x9b\u202e")


async def test_keys_that_are_no_typing_go_on_and_some_of_an_empty_prompt() -> None:
    app = ChatApp()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "Chat off:")
        await pilot.press("question_mark", "ctrl+p", "tab")
        assert app.handed == ["question_mark", "ctrl+p", "tab"]
        await pilot.press("a", "question_mark")
        assert app.chat.draft.text == "a?"
        await pilot.press("ctrl+u", "slash", "w", "tab")
        assert app.chat.draft.text == "/why "


@pytest.mark.parametrize("size", [(20, 5), (30, 10), (49, 37), (57, 27), (80, 19), (200, 60)])
@pytest.mark.parametrize("look", [Look(), Look("16"), Look("none", ascii=True)])
async def test_it_fits_every_size(size: tuple[int, int], look: Look) -> None:
    async with ChatApp(look=look).run_test(size=size) as pilot:
        await ask(pilot, "/help")
        await until(pilot, "/help")
        if size[0] >= 49:
            await until(pilot, "Answered here")
        if look.ascii:
            assert shown(pilot.app).isascii()
        assert {len(line) for line in shown(pilot.app).split("\n")} == {size[0]}
