"""YAML as plain data: dictionaries, lists, numbers, truth values and text; no tag ever makes an object.

PyYAML turns the text into events; the values are built here, so that unknown tags are text, references cannot blow up
(the expanded size is counted before anything is copied out), and nothing depends on the depth of the text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hpi_core.errors import SourceError
from hpi_core.text import safe

LARGEST = 8 << 20
# Values of a document with every reference written out; a configuration has hundreds.
_MOST_VALUES = 200_000
_DEEPEST = 200

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
_OTHER_INTEGER = re.compile(r"[-+]?0(x[0-9a-fA-F_]+|o?[0-7_]+|b[01_]+)")
# YAML 1.1 takes `1e-5` for text; everybody who writes it means a number.
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?")
_NONFINITE = {".nan": math.nan, ".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTHS = {word: value for words, value in (("true yes on", True), ("false no off", False))
           for lower in words.split() for word in (lower, lower.capitalize(), lower.upper())}  # fmt: skip
_STANDARD = "tag:yaml.org,2002:"
_PYTHON = re.compile(r"tag:yaml\.org,2002:python/(\w+(?:/\w+)?):?(.*)", re.DOTALL)


def yaml_value(data: bytes, name: str) -> object:
    """Return the value of the first document of a YAML text; None of an empty one.

    Mappings come as dictionaries with text keys, an object of some class as the dictionary of its fields (or as a text
    that names the class where it has none).

    Raises:
        SourceError: larger than 8 MiB, no YAML, nested deeper than 200, or of more than 200,000 values once its
            references are written out.
    """
    import yaml

    if len(data) > LARGEST:
        raise SourceError(f"{safe(name)} is larger than {LARGEST >> 20} MiB, too large for a configuration.")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _build(yaml.parse(data, Loader=loader), name)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f" at line {mark.line + 1}"
        problem = getattr(error, "problem", None) or str(error).split("\n")[0]
        raise SourceError(f"{safe(name)} is damaged YAML{where}: {safe(problem, 120)}.") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{safe(name)} is damaged YAML: its characters are not UTF-8.") from error


@dataclass
class _Open:
    """A mapping or sequence whose end has not come yet; `size` counts its values with references written out."""

    value: dict[str, Any] | list[Any]
    anchor: str | None
    tag: str | None
    key: str | None = None
    size: int = 1
    merged: list[object] = field(default_factory=list)


def _build(events: Iterator[Any], name: str) -> object:
    """Build the value of the first document from its events."""
    anchors: dict[str, tuple[object, int]] = {}
    waiting: list[_Open] = []
    for event in events:
        kind = type(event).__name__
        if kind == "MappingStartEvent":
            waiting.append(_Open({}, event.anchor, event.tag))
        elif kind == "SequenceStartEvent":
            waiting.append(_Open([], event.anchor, event.tag))
        elif kind in ("ScalarEvent", "AliasEvent", "MappingEndEvent", "SequenceEndEvent"):
            value, size = _finished(event, kind, waiting, anchors)
            if not waiting:
                return value
            _put(waiting[-1], value, size)
            if waiting[-1].size > _MOST_VALUES:
                raise SourceError(
                    f"{safe(name)} holds more than {_MOST_VALUES:,} values once its references are written out."
                )
        elif kind == "DocumentEndEvent":
            return None
        if len(waiting) > _DEEPEST:
            raise SourceError(f"{safe(name)} is nested deeper than {_DEEPEST} levels.")
    return None


def _finished(
    event: Any, kind: str, waiting: list[_Open], anchors: dict[str, tuple[object, int]]
) -> tuple[object, int]:
    """Return the value that an event completes, and its size."""
    if kind == "AliasEvent":
        # A reference to what is still open refers to itself.
        return anchors.get(event.anchor, ("…", 1))
    if kind == "ScalarEvent":
        value, size, anchor = _scalar(event), 1, event.anchor
    else:
        done = waiting.pop()
        value, size, anchor = _collection(done), done.size, done.anchor
    if anchor is not None:
        anchors[anchor] = (value, size)
    return value, size


def _put(into: _Open, value: object, size: int) -> None:
    into.size += size
    if isinstance(into.value, list):
        into.value.append(value)
    elif into.key is None:
        into.key = value if isinstance(value, str) else _key(value)
    else:
        if into.key == "<<":
            into.merged.extend(value if isinstance(value, list) else [value])
        else:
            into.value[into.key] = value
        into.key = None


def _key(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)[:200]


def _collection(done: _Open) -> object:
    value = done.value
    if isinstance(value, dict):
        for other in done.merged:
            if isinstance(other, dict):
                value = {**other, **value}
    python = _PYTHON.fullmatch(done.tag or "")
    if python is None:
        return value
    if isinstance(value, dict):
        inner = value.get("__dict__", value.get("state"))
        return inner if isinstance(inner, dict) else value
    if python[1] in ("tuple", "list"):
        return value
    return f"{python[2] or python[1]}({', '.join(str(item)[:80] for item in value[:8])})"


def _scalar(event: Any) -> object:
    text: str = event.value
    tag = event.tag
    if tag is None or tag == "!":
        return _plain(text) if event.implicit[0] and tag is None else text
    python = _PYTHON.fullmatch(tag)
    if python is not None:
        return (python[2] or _python_scalar(python[1], text)) if python[1] != "str" else text
    if tag in (f"{_STANDARD}int", f"{_STANDARD}float", f"{_STANDARD}bool", f"{_STANDARD}null"):
        return _plain(text)
    return text


def _python_scalar(kind: str, text: str) -> object:
    return _plain(text) if kind in ("int", "float", "long", "bool", "none") else text


def _plain(text: str) -> object:
    """Return the value of an unquoted scalar."""
    if text in _NULLS:
        return None
    if text in _TRUTHS:
        return _TRUTHS[text]
    if text[0] not in "0123456789+-.":
        return text
    if len(text) > 400:
        return text
    if _INTEGER.fullmatch(text):
        return int(text.replace("_", ""))
    if _OTHER_INTEGER.fullmatch(text):
        digits = text.replace("_", "")
        sign, digits = (-1 if digits[0] == "-" else 1), digits.lstrip("+-")
        try:
            return sign * int(digits, 0 if digits[1:2] in ("x", "b", "o") else 8)
        except ValueError:
            return text
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    return _NONFINITE.get(text.lower(), text)
