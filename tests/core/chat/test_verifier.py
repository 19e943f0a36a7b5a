"""True numbers are found where they stand; false ones are not; citations of nothing are told."""

from __future__ import annotations

import random
import re

import pytest

from hpi_core.chat.facts import NUMBER
from hpi_core.chat.offline import answer
from hpi_core.chat.verifier import verify
from tests.core.chat.sweeps import demo_evidence

SEED = 4


def found(text: str) -> list[bool]:
    return [mark.found for mark in verify(text, demo_evidence()).numbers]


@pytest.mark.parametrize(
    "text",
    [
        "37 of 58 failed [C1]",
        "37/58 [C1]",
        "About 64 % of them failed (95 % interval LOW % to HIGH %) [C1].",
        "A rate of 0.638 [C1]",
        "0.64 [C1]",
        "with q < 1e-12 [C1]",
        "elsewhere 0 of 174. [C1]",
        "lr > 0.42 explodes [C7]",
        "Of 240 trials, SICK are sick.",
        "SICK of 240 trials are sick",
        "SHARE % of the trials are sick",
        "37 trials failed and 45 were pruned",
        "the threshold lies in 0.1165–1.435 [C7]",
        "lr runs from 0.000103 to 2.97",
        "nonfinite_metric was found on 44 of 240",
        "Trial 17 has lr 0.0498 [T17]",
        "trials 7, 8 and 10 are among them [I1]",
        "The best healthy trial has val_loss 0.355 [T149]",
        "RATIOx as often [C7]",
    ],
)
def test_what_stands_there_is_found(text: str) -> None:
    sick = demo_evidence().summary["trials"]["sick"]
    first, seventh = demo_evidence().record("C1"), demo_evidence().record("C7")
    assert first is not None
    assert seventh is not None
    stands = {"SICK": str(sick), "SHARE": f"{100 * sick / 240:.0f}", "RATIO": f"{seventh['ratio']:.0f}"}
    stands |= {"LOW": f"{100 * first['rate_low']:.0f}", "HIGH": f"{100 * first['rate_high']:.0f}"}
    for word, number in stands.items():
        text = text.replace(word, number)
    assert found(text)
    assert all(found(text)), verify(text, demo_evidence()).marked()


@pytest.mark.parametrize(
    "text",
    [
        "38 of 58 failed [C1]",
        "37 of 174 failed [C1]",  # both numbers stand there, but not as a pair
        "37 of 58 [C2]",
        "66 % [C1]",
        "6.4 % [C1]",
        "a rate of 0.7 [C1]",
        "2 [C5]",
        "q = 1e-30 [C1]",
        "q < 1e-40 [C1]",
        "129 trials are sick",
        "241 trials",
        "lr 0.06 [T17]",
        "dropout 0.05 [T17]",
        "37 of 58 [C99]",
        "It took 3 hours",
        "0 % [C7]",
        "accuracy 99.9 % [T149]",
    ],
)
def test_what_does_not_stand_there_is_marked(text: str) -> None:
    assert not any(found(text)), verify(text, demo_evidence()).marked()


def test_marks_citations_and_conventions_are_written_into_the_answer() -> None:
    first = demo_evidence().record("C1")
    assert first is not None
    low, high = (f"{100 * first[end]:.0f} %" for end in ("rate_low", "rate_high"))
    text = f"1. 37 of 58 [C1], 99 of 100 [C77].\n2. 95 % interval {low} to {high} [C1]; resnet50 and f1 are names."
    assert verify(text, demo_evidence()).marked() == (
        "1. 37✓ of 58✓ [C1], 99 [unverified] of 100 [unverified] [C77: unknown].\n"
        f"2. 95 % interval {low}✓ to {high}✓ [C1]; resnet50 and f1 are names."
    )
    assert verify("no numbers [T1] [T999] [I1] [B1] [L1] [R1]", demo_evidence()).citations[1].known is False


def planted() -> list[str]:
    """Return the sentences that the analyst itself writes of the demo; a plan holds numbers of its own."""
    commands = ["/causes", "/issues", "/best", *(f"/why T{trial}" for trial in range(1, 240, 8))]
    texts = [answer(demo_evidence(), command).text for command in commands]
    return [line for text in texts for line in text.split("\n") if NUMBER.search(line)]


def test_every_number_the_analyst_writes_is_found() -> None:
    missing = [line for line in planted() if verify(line, demo_evidence()).unverified]
    assert missing == []


def test_of_changed_numbers_few_are_found() -> None:
    """Change one number of each sentence to a near one that it does not say; at most 5 % may pass by accident."""
    rng = random.Random(SEED)
    passed, total, accidents = 0, 0, []
    for line in planted():
        for mark in verify(line, demo_evidence()).numbers:
            if mark.path == "trial" or line[: mark.start].endswith("< "):
                continue  # a trial's name, and a bound that stays true
            changed = _changed(mark.text, rng)
            if changed is None:
                continue
            false = line[: mark.start] + changed + line[mark.end :]
            again = [m for m in verify(false, demo_evidence()).numbers if m.start == mark.start]
            total += 1
            if again and again[0].found:
                passed += 1
                accidents.append((mark.text, changed, again[0].label, again[0].path))
    print(f"\n{passed} of {total} changed numbers pass")
    assert total > 300
    assert passed <= 0.05 * total, rng.sample(accidents, min(20, len(accidents)))


def _changed(text: str, rng: random.Random) -> str | None:
    """Return the number with one leading digit replaced by another, None where it has no digit to replace."""
    digits = [match.start() for match in re.finditer(r"\d", text.partition("e")[0])][:2]
    if not digits or float(re.sub(r"[^\d.e+-]", "", text) or 0) == 0:
        return None
    place = rng.choice(digits)
    other = rng.choice([digit for digit in "123456789" if digit != text[place]])
    return text[:place] + other + text[place + 1 :]
