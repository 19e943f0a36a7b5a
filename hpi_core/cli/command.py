"""Command: what one file of this package declares to become a subcommand of `hpi`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from hpi_core.exit_codes import ExitCode


@dataclass(frozen=True)
class Command:
    """One subcommand.

    Attributes:
        name: the word typed after `hpi`.
        help: one line for the list of commands.
        add_arguments: declares the options on the subcommand's own parser; imports nothing heavy.
        run: does the work: data to stdout, narration to stderr; raises HpiError for what the person can mend.
        order: place in the list of commands.
    """

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], ExitCode]
    order: int = 100
