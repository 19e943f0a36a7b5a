"""The syntax of the filter language: text to a tree of plain nodes, each of which knows where in the text it stands."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from hpi_core.errors import FilterError
from hpi_core.text import safe

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

LIMIT = 10_000
_DEPTH = 60
STATES = ("nan", "missing", "inf", "finite", "set")
KEYWORDS = frozenset(("and", "or", "not", "in", "is"))

# What a page prints can be typed again.
_TYPED = {"=": "==", "≤": "<=", "≥": ">=", "≠": "!="}

_GRAMMAR = r"""
start: [any]
any: all (OR all)*
all: no (AND no)*
?no: NOT no -> negation | "(" any ")" | test | quick
quick: value+
?test: value (COMPARE value)+ -> comparison
    | value IS [NOT] WORD -> state
    | value [NOT] IN "(" value ("," value)* ")" -> membership
    | value MATCH value -> match
!value: WORD | QUOTED | BACKTICKED
OR.3: /or(?=[\s()]|$)/i
AND.3: /and(?=[\s()]|$)/i
NOT.3: /not(?=[\s()]|$)/i
IS.3: /is(?=[\s()]|$)/i
IN.3: /in(?=[\s()]|$)/i
COMPARE.2: /<=|>=|==|!=|<|>|≤|≥|≠|=(?!~)/
MATCH.2: /=~|!~|~/
QUOTED.2: /"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'/
BACKTICKED.2: /`(?:[^`]|``)*`/
WORD: /[^\s()<>≤≥≠=!~,"'`]+/
%import common.WS
%ignore WS
"""


@dataclass(frozen=True)
class Value:
    """A word, quoted text or column name; `start` and `end` are character positions."""

    text: str
    form: Literal["word", "quoted", "column"]
    start: int
    end: int

    @property
    def number(self) -> float | None:
        """The number the word is, or None. Quoted text is never a number."""
        if self.form != "word" or not re.fullmatch(
            r"[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf", self.text, re.I
        ):
            return None
        return float(self.text)


@dataclass(frozen=True)
class Comparison:
    """Values with operators between them; all neighbours must hold."""

    values: tuple[Value, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True)
class State:
    """`value is [not] state`."""

    value: Value
    state: str
    negated: bool


@dataclass(frozen=True)
class Membership:
    """`value [not] in (items)`."""

    value: Value
    items: tuple[Value, ...]
    negated: bool


@dataclass(frozen=True)
class Match:
    """`value ~ pattern`, `=~` for a regular expression, `!~` for not holding the text."""

    value: Value
    operator: str
    pattern: Value


@dataclass(frozen=True)
class Quick:
    """Free text, or one tagged word such as `issue:any`."""

    text: str
    start: int
    word: bool


@dataclass(frozen=True)
class Joined:
    """Several nodes, all or any of which must hold."""

    parts: tuple[Node, ...]
    every: bool


@dataclass(frozen=True)
class Negation:
    """The opposite of a node."""

    part: Node


Node: TypeAlias = Comparison | State | Membership | Match | Quick | Joined | Negation


def read(text: str) -> Node | None:
    """Return the tree of a filter, or None for a blank one, which every trial passes.

    Raises:
        FilterError: with the character at which the text stops making sense.
    """
    from lark.exceptions import UnexpectedInput

    if len(text) > LIMIT:
        raise FilterError(f"The filter is longer than {LIMIT} characters.", LIMIT, "Shorten it.")
    _check_depth(text)
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise _explain(text, error) from None
    child = tree.children[0] if tree.children else None
    return None if child is None else _build(child, text)  # type: ignore[arg-type]


@lru_cache(maxsize=1)
def _parser() -> Lark:
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=True)


def _check_depth(text: str) -> None:
    bare = re.sub(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`", lambda m: " " * len(m.group()), text, flags=re.S)
    depth = 0
    for match in re.finditer(r"[()]|\bnot\b", bare, re.I):
        depth += -1 if match.group() == ")" else 1
        if depth > _DEPTH:
            raise FilterError("The filter is nested too deeply.", match.start(), "Use fewer parentheses and nots.")


def _explain(text: str, error: object) -> FilterError:
    from lark.exceptions import UnexpectedToken

    position = getattr(error, "pos_in_stream", None)
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        position = len(text)
    position = len(text) if position is None else int(position)
    if position >= len(text.rstrip()):
        missing = "a closing )" if text.count("(") > text.count(")") else "something"
        return FilterError(f"The filter ends where {missing} should follow.", len(text), "For example `lr > 0.01`.")
    found = text[position]
    if found in "\"'`":
        return FilterError(f"The {found} at character {position + 1} is never closed.", position, f"Add a {found}.")
    word = re.match(r"[^\s()]+", text[position:])
    shown = safe(word.group() if word else found, 30)
    return FilterError(
        f"{shown} at character {position + 1} does not fit here.",
        position,
        'Put `backticks` around odd column names and "quotes" around odd text.',
    )


def _build(node: Tree[Token], text: str) -> Node:
    kind = str(node.data)
    trees: list[Any] = [child for child in node.children if child]
    if kind in ("any", "all"):
        parts = tuple(_build(child, text) for child in trees if not hasattr(child, "type"))
        return parts[0] if len(parts) == 1 else Joined(parts, every=kind == "all")
    if kind == "negation":
        return Negation(_build(trees[1], text))
    values = [_value(child) for child in trees if getattr(child, "data", "") == "value"]
    tokens = [child for child in trees if hasattr(child, "type")]
    names = [token.type for token in tokens]
    if kind == "quick":
        single = len(values) == 1
        shown = values[0].text if single else text[values[0].start : values[-1].end]
        return Quick(shown, values[0].start, word=single and values[0].form == "word")
    if kind == "comparison":
        return Comparison(tuple(values), tuple(_TYPED.get(str(token), str(token)) for token in tokens))
    if kind == "state":
        return _state(values[0], tokens[-1], "NOT" in names)
    if kind == "membership":
        return Membership(values[0], tuple(values[1:]), "NOT" in names)
    return Match(values[0], str(tokens[0]), values[1])


def _state(value: Value, token: Token, negated: bool) -> State:
    word = {"null": "missing", "none": "missing", "empty": "missing", "infinite": "inf"}.get(
        token.lower(), token.lower()
    )
    if word not in STATES:
        close = difflib.get_close_matches(word, STATES, n=1)
        raise FilterError(
            f"Nothing can be `is {safe(token, 30)}`.",
            token.start_pos or 0,
            f"Did you mean {close[0]}?" if close else "Use nan, missing, inf, finite or set; for values use ==.",
        )
    return State(value, word, negated)


def _value(node: Tree[Token]) -> Value:
    token: Token = node.children[0]  # type: ignore[assignment]
    start, end = token.start_pos or 0, token.end_pos or 0
    if token.type == "QUOTED":
        return Value(re.sub(r"\\([\s\S])", r"\1", token[1:-1]), "quoted", start, end)
    if token.casefold() in KEYWORDS:
        raise FilterError(f"{token} at character {start + 1} joins nothing.", start, "Put a test on both sides of it.")
    if token.type == "BACKTICKED":
        return Value(token[1:-1].replace("``", "`"), "column", start, end)
    return Value(str(token), "word", start, end)
