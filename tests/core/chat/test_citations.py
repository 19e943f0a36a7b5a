"""What a citation says and where it leads, and answers that are checked while they grow."""

from __future__ import annotations

import random

import pytest

from hpi_core.chat.glimpse import glimpse, pair_of
from hpi_core.chat.growing import Growing
from hpi_core.chat.offline import answer
from hpi_core.chat.server import MAX_TOKENS, find_server
from hpi_core.chat.verifier import verify
from tests.core.chat.sweeps import demo_evidence


def test_every_label_of_the_demo_says_something_and_its_numbers_stand_there() -> None:
    evidence = demo_evidence()
    labels = [label for kind in "CLBIR" for label, _ in evidence.labelled(kind)]
    labels += [evidence.trial_label(row) for row in range(0, 240, 17)]
    for label in labels:
        said = glimpse(evidence, label)
        assert said
        assert "\n" not in said
        if label[0] in "CLB":
            assert verify(f"{said} [{label}]".replace(";", ","), evidence).unverified == 0, said
    assert glimpse(evidence, "C999") == glimpse(evidence, "T999") == ""


def test_causes_leads_buckets_and_recommendations_lead_to_their_pair() -> None:
    evidence = demo_evidence()
    for kind in "CLB":
        for label, entry in evidence.labelled(kind):
            assert pair_of(evidence, label) == (entry["parameter"], entry["issue"])
    because = [(label, entry) for label, entry in evidence.labelled("R") if entry["because"]]
    assert because
    for label, entry in because:
        place = int(entry["because"][0].partition(":")[2]) + 1
        assert pair_of(evidence, label) == pair_of(evidence, f"C{place}")


@pytest.mark.parametrize("seed", range(8))
def test_an_answer_that_grows_is_checked_as_it_will_be_at_its_end(seed: int) -> None:
    evidence = demo_evidence()
    whole = (
        "\n".join(answer(evidence, command).text for command in ("/causes", "/why T61", "/best")) + "\nand 99999 more"
    )
    chance, growing, at, verified = random.Random(seed), Growing(evidence), 0, None
    while at < len(whole):
        size = chance.choice([1, 2, 5, 40, 400])
        verified, at = growing.more(whole[at : at + size]), at + size
    assert verified is not None
    final = verify(whole, evidence)
    assert verified.text == whole
    assert verified.numbers == tuple(mark for mark in final.numbers if mark.end <= growing.checked)
    assert verified.citations == tuple(one for one in final.citations if one.end <= growing.checked)
    assert len(verified.numbers) == len(final.numbers) - 1  # the last line has not ended


def test_the_longest_answer_is_the_persons_setting_within_bounds() -> None:
    env = {"ANTHROPIC_API_KEY": "key"}
    assert find_server(env).max_tokens == MAX_TOKENS
    assert find_server(env, {"max_tokens": 400}).max_tokens == 400
    for wrong in (0, -5, 10**9, "many", True, 1.5):
        server = find_server(env, {"max_tokens": wrong})
        assert server.max_tokens == MAX_TOKENS
        assert "max_tokens" in server.notes[0]
