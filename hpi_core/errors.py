"""Errors a person is meant to read: one sentence of what and where, one hint of what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from hpi_core.exit_codes import ExitCode


class HpiError(Exception):
    """What went wrong, in words for the person at the terminal.

    Attributes:
        message: one sentence: what happened and where (file, line, column, character).
        hint: what to do next, or an empty string.
    """

    exit_code = ExitCode.CRASH

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(HpiError):
    """The request itself cannot be carried out: an unknown column, a wrong option."""

    exit_code = ExitCode.USAGE


class FilterError(UsageError):
    """A filter expression that cannot be understood.

    Attributes:
        position: the 0-based character it failed at.
        text: the whole filter, where the one who raised it knew.
    """

    text: str | None = None

    def __init__(self, message: str, position: int, hint: str = "") -> None:
        super().__init__(message, hint)
        self.position = position


class SourceError(HpiError):
    """The source cannot be read as a sweep."""

    exit_code = ExitCode.UNREADABLE


@dataclass(frozen=True)
class Choice:
    """One of several things a source holds: a store below a folder, an experiment (study) of a store.

    Attributes:
        value: what names it: the path of a store, the id of an experiment.
        name: what a person calls it; of a store relative to the folder.
        kind: the reader of a store, the id of an experiment.
        trials: how many trials it holds, None where nobody has counted.
        last: its last sign of life in seconds since 1970, where the source tells one.
    """

    value: str
    name: str
    kind: str
    trials: int | None = None
    last: float | None = None


class SeveralError(SourceError):
    """There are several things to read, of which one must be named.

    Attributes:
        choices: what there is.
        word: what one of them is called.
    """

    def __init__(self, message: str, hint: str, choices: tuple[Choice, ...], word: str) -> None:
        super().__init__(message, hint)
        self.choices = choices
        self.word = word


class SeveralStoresError(SeveralError):
    """A folder holds several stores, none at the folder itself."""


class SeveralExperimentsError(SeveralError):
    """A store holds several experiments with trials, and the one who reads wants to be asked."""


class RepairedError(HpiError):
    """`--strict` was asked for and the reader had to repair something."""

    exit_code = ExitCode.REPAIRED


class WriteError(HpiError):
    """A file that was asked for cannot be written; nothing that existed was harmed."""

    exit_code = ExitCode.CANNOT_WRITE


class ChatError(HpiError):
    """The model's server gave no answer, or only a part of one."""

    exit_code = ExitCode.NO_CONSENT_OR_NETWORK


class NoConsentError(ChatError):
    """Something would have left this machine without the person's yes."""


class Cancelled(HpiError):  # noqa: N818 - a request that was obeyed is not an error in the field's own words
    """The reading was stopped because the person asked for it."""

    exit_code = ExitCode.USAGE
