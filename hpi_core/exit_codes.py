"""The exit codes of `hpi` and `hpi-tui`: the one place where they are decided."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit status means; stable across versions.

    The last two are the shell's own words for a program ended by Ctrl-C and by a reader that went away.
    """

    OK = 0
    GATE_FAILED = 1
    USAGE = 2
    UNREADABLE = 3
    REPAIRED = 4
    CANNOT_WRITE = 5
    NO_CONSENT_OR_NETWORK = 6
    CRASH = 70
    INTERRUPTED = 130
    BROKEN_PIPE = 141
