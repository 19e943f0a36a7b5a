"""parse(): a filter as an object, and the polars expression it becomes for one sweep: Boolean, never null."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from hpi_core.errors import FilterError
from hpi_core.filter.columns import find, need
from hpi_core.filter.predicates import compare, contains, equals, is_state
from hpi_core.filter.syntax import Comparison, Joined, Match, Membership, Negation, Node, Quick, State, Value, read
from hpi_core.frames import ROW, STATUS
from hpi_core.roles import Roles
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.sweep import Sweep

TAGS = ("issue", "severity", "decision", "trial")
_MIRROR = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True)
class Filter:
    """A filter that was understood. An empty one passes every trial."""

    text: str
    node: Node | None

    def expression(
        self,
        sweep: Sweep | pl.DataFrame,
        context: pl.DataFrame | None = None,
        issues: Collection[str] | None = None,
    ) -> pl.Expr:
        """Return the Boolean expression over the trials frame of `sweep`, true for the trials that pass, never null.

        `context` has one row per trial that something is known of: `_row`, `issues` List[String], `severities`
        List[String], `decision` String (any of them may be left out); without it, `issue:` and the like match nothing.
        `issues` are the issue words that exist; a word outside them is an error. A plain frame must have `_row` only if
        the filter uses a tag.

        Raises:
            FilterError: a column is not there or cannot be compared that way.
        """
        if isinstance(sweep, pl.DataFrame):
            compiler = _Compiler(sweep, Roles(), context, issues)
        else:
            compiler = _Compiler(sweep.trials, sweep.roles, context, issues)
        try:
            return pl.lit(True) if self.node is None else compiler.expression(self.node)
        except FilterError as error:
            error.text = self.text
            raise

    def mask(
        self, sweep: Sweep, context: pl.DataFrame | None = None, issues: Collection[str] | None = None
    ) -> pl.Series:
        """Return one Boolean per trial, true for those that pass.

        Raises:
            FilterError: as `expression`.
        """
        column = self.expression(sweep, context, issues).alias("_passes")
        return sweep.trials.with_columns(column).get_column("_passes")


def parse(text: str) -> Filter:
    """Return the filter a text means.

    Raises:
        FilterError: the text is not of the language; its position points at the character.
    """
    try:
        return Filter(text, read(text))
    except FilterError as error:
        error.text = text
        raise


@dataclass(frozen=True)
class _Compiler:
    trials: pl.DataFrame
    roles: Roles
    context: pl.DataFrame | None
    issues: Collection[str] | None

    def expression(self, node: Node) -> pl.Expr:
        match node:
            case Joined():
                parts = [self.expression(part) for part in node.parts]
                return pl.all_horizontal(parts) if node.every else pl.any_horizontal(parts)
            case Negation():
                return ~self.expression(node.part)
            case Comparison():
                pairs = zip(node.values, node.operators, node.values[1:], strict=False)
                return pl.all_horizontal([self._pair(*pair) for pair in pairs])
            case State():
                name = need(node.value, self.trials.columns)
                test = is_state(name, self.trials.schema[name], node.state)
                return ~test if node.negated else test
            case Membership():
                return self._membership(node)
            case Match():
                return self._match(node)
            case Quick():
                return self._quick(node)

    def _pair(self, left: Value, operator: str, right: Value) -> pl.Expr:
        """Compare a column with a value or a column; the column may stand on either side."""
        columns = self.trials.columns
        name = find(left, columns) if left.number is None else None
        if name is None and left.form != "quoted" and left.number is None:
            need(left, columns)
        if name is None:
            if (right.number is not None or right.form == "quoted") and left.form != "column":
                raise FilterError("This compares a value with a value.", left.start, "Name a column on one side.")
            return self._value(need(right, columns), _MIRROR[operator], left)
        return self._value(name, operator, right)

    def _value(self, name: str, operator: str, right: Value) -> pl.Expr:
        columns, schema = self.trials.columns, self.trials.schema
        text = schema[name] == pl.String
        if right.form == "column" or (right.form == "word" and right.number is None and schema[name].is_numeric()):
            other = find(right, columns)
            if other is None and right.form == "word":
                raise FilterError(
                    f"`{safe(name, 60)}` holds numbers and {safe(right.text, 30)} is none, nor a column.", right.start
                )
            return compare(name, schema[name], operator, need(right, columns), schema, right)
        if operator in ("==", "!=") and text and name in (self.roles.status, STATUS, "status"):
            return self._status(name, operator, right)
        return compare(name, schema[name], operator, None, schema, right)

    def _status(self, name: str, operator: str, right: Value) -> pl.Expr:
        """The source's own word or the normalised one."""
        same = pl.col(name).eq(right.text).fill_null(False)
        if STATUS in self.trials.columns:
            same = same | pl.col(STATUS).eq(right.text.casefold()).fill_null(False)
        return same if operator == "==" else ~same & pl.col(name).is_not_null()

    def _membership(self, node: Membership) -> pl.Expr:
        name = need(node.value, self.trials.columns)
        dtype = self.trials.schema[name]
        if dtype == pl.String and name in (self.roles.status, STATUS, "status"):
            inside = pl.any_horizontal([self._status(name, "==", item) for item in node.items])
        else:
            inside = pl.any_horizontal([equals(name, dtype, item) for item in node.items])
        if not node.negated:
            return inside
        return ~inside & ~is_state(name, dtype, "missing") & ~is_state(name, dtype, "nan")

    def _match(self, node: Match) -> pl.Expr:
        name = need(node.value, self.trials.columns)
        return contains(name, self.trials.schema[name], node.operator, node.pattern)

    def _quick(self, node: Quick) -> pl.Expr:
        tag, colon, word = node.text.partition(":")
        if node.word and colon and tag in TAGS and node.text not in self.trials.columns:
            return self._tagged(tag, word, node.start)
        names = [name for name, dtype in self.trials.schema.items() if dtype == pl.String]
        if self.roles.id is not None and self.roles.id not in names:
            names.append(self.roles.id)
        if not names:
            return pl.lit(False)
        pattern = Value(node.text, "quoted", node.start, node.start)
        return pl.any_horizontal([contains(name, self.trials.schema[name], "~", pattern) for name in names])

    def _tagged(self, tag: str, word: str, start: int) -> pl.Expr:
        if not word:
            raise FilterError(f"{tag}: needs a word behind it.", start + len(tag) + 1, f"For example {tag}:any.")
        if tag == "trial":
            name = self.roles.id or ROW
            return pl.col(name).cast(pl.String).eq(word).fill_null(False)
        if tag == "issue" and self.issues is not None and word not in (*self.issues, "any"):
            close = difflib.get_close_matches(word, list(self.issues), n=2, cutoff=0.4)
            hint = f"Did you mean {' or '.join(close)}?" if close else "`hpi detectors` lists the issues."
            raise FilterError(f"{safe(word, 40)} is not an issue.", start + len(tag) + 1, hint)
        column = {"issue": "issues", "severity": "severities", "decision": "decision"}[tag]
        if self.context is None or column not in self.context.columns:
            return pl.lit(False)
        known = pl.col(column)
        if tag == "decision":
            hit = known.is_not_null() if word == "any" else known.eq(word)
        else:
            hit = known.list.len() > 0 if word == "any" else known.list.contains(word)
        rows = self.context.filter(hit.fill_null(False)).get_column(ROW).cast(pl.UInt32)
        return pl.col(ROW).is_in(rows.implode())
