"""Prints how often a diagnosis of a hyperparameter is made where hyperparameters were shuffled among real curves.

The curves keep all their trouble; only which trial had which configuration is random. Every diagnosis is then false.
"""

from __future__ import annotations

from pathlib import Path

from tests.core.summary.test_planted_diagnoses import diagnoses, planted
from tests.shared_data import needs_shared

SHUFFLES = 60


@needs_shared
def test_diagnoses_of_shuffled_configurations(tmp_path: Path) -> None:
    false = []
    for seed in range(SHUFFLES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        false += [
            (seed, one["parameter"], one["text"])
            for one in diagnoses(planted(folder, shuffle=seed))
            if one["parameter"] is not None
        ]
    sweeps = len({seed for seed, _, _ in false})
    print(f"\n{sweeps} of {SHUFFLES} shuffled sweeps have a diagnosis: {false}")
    assert sweeps <= 0.15 * SHUFFLES
