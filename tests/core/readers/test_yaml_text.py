"""YAML as plain data: what PyYAML reads, and nothing of what harms."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml

from hpi_core.errors import SourceError
from hpi_core.tables.yaml_text import yaml_value
from tests.shared_data import DATA, needs_shared

PLAIN = b"""
lr: 1e-5
decay: 1.5E+2
depth: 8
big: 0x10
name: "1e-5"
date: 2024-01-01
ratio: 1:30
on: yes
none: ~
empty:
nan: .nan
layers: [1, 2, {a: b}]
base: &base {x: 1, y: 2}
child:
  <<: *base
  y: 3
text: |
  two
  lines
"""


def test_scalars_are_what_people_mean() -> None:
    value = yaml_value(PLAIN, "c.yaml")
    assert isinstance(value, dict)
    assert math.isnan(value.pop("nan"))
    assert value == {
        "lr": 1e-5, "decay": 150.0, "depth": 8, "big": 16, "name": "1e-5", "date": "2024-01-01", "ratio": "1:30",
        "true": True, "none": None, "empty": None, "layers": [1, 2, {"a": "b"}], "base": {"x": 1, "y": 2},
        "child": {"x": 1, "y": 3}, "text": "two\nlines\n",
    }  # fmt: skip


def test_tags_are_text_or_the_fields_behind_them(tmp_path: Path) -> None:
    text = f"""
a: !!python/object/apply:os.system ["touch {tmp_path}/tricked"]
b: !!python/name:torch.nn.ReLU
c: !!python/tuple [1, 2]
d: !!python/object:my.Config {{__dict__: {{lr: 0.1}}}}
e: !Mine {{x: 1}}
f: !!python/object/new:my.Config {{state: {{lr: 0.2}}}}
g: !!float 1
""".encode()
    assert yaml_value(text, "c.yaml") == {
        "a": f"os.system(touch {tmp_path}/tricked)", "b": "torch.nn.ReLU", "c": [1, 2], "d": {"lr": 0.1},
        "e": {"x": 1}, "f": {"lr": 0.2}, "g": 1,
    }  # fmt: skip
    assert not (tmp_path / "tricked").exists()


LAUGHS = b"a: &a [1,1,1,1,1,1,1,1,1]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(9)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LAUGHS, "more than 200,000 values"),
        (b"- " * 5000 + b"a", "nested deeper"),
        (b"[" * 5000 + b"]" * 5000, "nested deeper"),
        (b"x" * (9 << 20), "larger than 8 MiB"),
        (b"a: [1, 2", "damaged YAML"),
        (b"\x80\x04\x95", "damaged YAML"),
        (b"a: b\x00", "damaged YAML"),
        ("é: 1".encode("latin-1"), "damaged YAML"),
    ],
)
def test_what_harms_is_refused_in_a_sentence(text: bytes, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        yaml_value(text, "c.yaml")


def test_a_value_that_holds_itself_is_cut_there() -> None:
    assert yaml_value(b"a: &a [1, *a]", "c.yaml") == {"a": [1, "…"]}


@needs_shared
def test_real_settings_are_as_pyyaml_reads_them() -> None:
    compared = 0
    for path in sorted(DATA.rglob("*.yaml")):
        data = path.read_bytes()
        try:
            official = yaml.safe_load(data)
        except yaml.YAMLError:
            assert yaml_value(data, path.name)  # tags of Python classes, which PyYAML refuses
            continue
        assert yaml_value(data, path.name) == _with_text_keys(official), path
        compared += 1
    assert compared > 100


def _with_text_keys(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _with_text_keys(inner) for key, inner in value.items()}
    return [_with_text_keys(inner) for inner in value] if isinstance(value, list) else value
