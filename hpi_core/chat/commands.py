"""The chat's `/commands`: what each is called, what it takes and what it is for; help and completion come from here."""

from __future__ import annotations

import difflib
import shlex
from dataclasses import dataclass

from hpi_core.errors import UsageError


@dataclass(frozen=True)
class Form:
    """One command: its name without the slash, its arguments as written in help, and what it does."""

    name: str
    arguments: tuple[str, ...]
    help: str

    @property
    def usage(self) -> str:
        """How it is typed."""
        return " ".join([f"/{self.name}", *self.arguments])


FORMS = (
    Form("why", ("TRIAL",), "what is wrong with a trial, the evidence, and what it shares with others"),
    Form("best", (), "the best healthy trials, and what would rank higher if it were healthy"),
    Form("causes", (), "which ranges and values come with which issues, beyond chance"),
    Form("issues", (), "what was found, on how many trials"),
    Form("compare", ("TRIAL", "TRIAL"), "what two trials differ in"),
    Form("buckets", ("PARAMETER", "ISSUE"), "the rate of one issue over one hyperparameter"),
    Form("next", (), "what to change in the next sweep, and why"),
    Form("payload", (), "exactly what a model would be told of this sweep"),
    Form("help", (), "these commands"),
)


def is_command(text: str) -> bool:
    """Tell whether a line is a command rather than a question."""
    return text.lstrip().startswith("/")


def parse(text: str) -> tuple[str, list[str]]:
    """Return the name of a command and its arguments, brackets of citations taken off.

    Raises:
        UsageError: no such command, or not its arguments; the hint says what there is.
    """
    line = text.strip()[:1000]
    try:
        words = shlex.split(line)
    except ValueError:  # an open quote
        words = line.split()
    name = words[0].removeprefix("/").lower() if words else ""
    form = next((form for form in FORMS if form.name == name), None)
    if form is None:
        near = difflib.get_close_matches(name, [form.name for form in FORMS], 2)
        hint = " or ".join(f"/{word}" for word in near) if near else ", ".join(f"/{form.name}" for form in FORMS)
        raise UsageError(f"There is no command /{name}.", f"Did you mean {hint}?" if near else f"There are {hint}.")
    arguments = [_bare(word) for word in words[1:]]
    if form.name == "why" and len(arguments) > 1:
        named = arguments[1:] if arguments[0].lower() == "trial" else arguments
        arguments = [" ".join(named)]  # an id may hold blanks
    if len(arguments) != len(form.arguments):
        raise UsageError(f"/{name} takes {_counted(form)}.", f"Type {form.usage}.")
    return name, arguments


def _bare(word: str) -> str:
    return word[1:-1] if len(word) > 2 and word[0] == "[" and word[-1] == "]" else word


def _counted(form: Form) -> str:
    return "nothing more" if not form.arguments else " and ".join(form.arguments)
