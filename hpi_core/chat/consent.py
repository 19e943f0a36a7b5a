"""Consent: nothing about a sweep goes to a server before the person has said yes to this sweep and this server.

A `Grant` is the proof of a yes; a conversation cannot begin without one. It is remembered per source and server in the
state folder. In their own configuration a person can answer once for all (`[chat]` with `consent = "always"` or
`"never"`); a file found beside a sweep cannot.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hpi_core.errors import NoConsentError, WriteError
from hpi_core.settings import state_folder

Standing = Literal["given", "asked", "never"]
_SCHEMA = "hpi.consent/1"


@dataclass(frozen=True)
class Grant:
    """The person's yes: this source may be spoken of to this server (scheme, host and port)."""

    location: str
    server: str


def standing(location: str, server: str, chat: Mapping[str, Any] | None = None) -> Standing:
    """Tell what the person has said: yes (`given`), nothing yet (`asked`), or no to everything (`never`).

    Args:
        location: the source as named.
        server: origin of the model's server, `https://api.anthropic.com`.
        chat: the `[chat]` section of the person's own configuration.
    """
    configured = (chat or {}).get("consent")
    if configured == "never":
        return "never"
    if configured == "always":
        return "given"
    return "given" if server in _remembered(location) else "asked"


def recall(location: str, server: str, chat: Mapping[str, Any] | None = None) -> Grant:
    """Return the grant where the person has said yes before.

    Raises:
        NoConsentError: they have not, or their configuration says never.
    """
    said = standing(location, server, chat)
    if said == "given":
        return Grant(location, server)
    raise _refusal(said, server)


def give(location: str, server: str, chat: Mapping[str, Any] | None = None, *, remember: bool = True) -> Grant:
    """Record the person's yes and return the grant; what cannot be remembered counts for now only.

    Raises:
        NoConsentError: their configuration says never.
    """
    if standing(location, server, chat) == "never":
        raise _refusal("never", server)
    if remember and location != "-":
        servers = sorted({*_remembered(location), server})
        try:
            _write(_file(location), servers)
        except WriteError:
            return Grant(location, server)
    return Grant(location, server)


def withdraw(location: str) -> None:
    """Forget every yes to this source.

    Raises:
        WriteError: the record is there and cannot be removed.
    """
    path = _file(location)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(f"{path} cannot be removed: {error.strerror}.") from None


def explanation(server: str, model: str, characters: int) -> str:
    """Return what a person should read before they say yes, in a few lines; `characters` is the payload's length."""
    return (
        f"Ask {model} at {server} about this sweep?\n"
        f"Sent with each question: the summary of this sweep ({characters:,} characters; /payload shows them all), and "
        "what the model looks up: single trials, comparisons, buckets.\n"
        "Not sent: the file itself, columns of free text, paths, your decisions' notes. Secrets and home folders are "
        "taken out.\n"
        "The yes is remembered for this sweep and this server."
    )


def _refusal(said: Standing, server: str) -> NoConsentError:
    if said == "never":
        return NoConsentError(
            'Your configuration says consent = "never": nothing is sent to any model.',
            "/commands such as /causes answer here without one; change [chat] in config.toml to allow it.",
        )
    return NoConsentError(
        f"Nothing has been sent: {server} may be told of this sweep only after you said yes.",
        "/payload shows exactly what would be sent, --consent says yes for this sweep; /causes answers without.",
    )


def _remembered(location: str) -> list[str]:
    try:
        path = _file(location)
        record = json.loads(path.read_bytes()[:100_000])
        servers = record["servers"] if record["schema"] == _SCHEMA else []
    except (OSError, WriteError, ValueError, TypeError, KeyError, RecursionError):
        return []
    return [server for server in servers if isinstance(server, str)] if isinstance(servers, list) else []


def _file(location: str) -> Path:
    absolute = location if "://" in location else str(Path(location).absolute())
    return state_folder() / "consent" / f"{hashlib.sha256(os.fsencode(absolute)).hexdigest()[:32]}.json"


def _write(path: Path, servers: list[str]) -> None:
    from hpi_core.atomic import write_atomically

    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise WriteError(f"{path.parent} cannot be made: {error.strerror}.") from None
    write_atomically(path, json.dumps({"schema": _SCHEMA, "servers": servers}, sort_keys=True).encode() + b"\n")
