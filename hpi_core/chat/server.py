"""Server: which model is asked, where, and with what key; read from the environment and the person's own files.

Any server that speaks the Messages API will do; `ANTHROPIC_BASE_URL` names it, `HPI_MODEL` the model. The key comes
from `ANTHROPIC_API_KEY`, or from a file `api_key` in the configuration folder that nobody else may read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from hpi_core.errors import ChatError, WriteError
from hpi_core.text import safe

DEFAULT_URL = "https://api.anthropic.com"
DEFAULT_MODEL = "claude-sonnet-5-5"
KEY_FILE = "api_key"
MAX_TOKENS = 4096
_TOKENS = (16, 64_000)  # what `max_tokens` may be
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_WITHOUT_KEY = "none"  # what a server on this machine is told where there is no key


@dataclass(frozen=True)
class Server:
    """Where to ask.

    Attributes:
        url: address without `/v1` at its end.
        model: name of the model.
        key: the secret; never shown by `repr`.
        notes: what the person should know about their settings.
        max_tokens: longest answer.
    """

    url: str
    model: str
    key: str = field(repr=False)
    notes: tuple[str, ...] = ()
    max_tokens: int = MAX_TOKENS

    @property
    def origin(self) -> str:
        """Scheme, host and port: what consent is given to and what messages name."""
        return origin(self.url)

    @property
    def local(self) -> bool:
        """Whether it is a server on this very machine."""
        parts = _split(self.url)
        return parts is not None and parts.hostname in _LOOPBACK


def find_server(environment: Mapping[str, str] | None = None, chat: Mapping[str, Any] | None = None) -> Server:
    """Return the server to ask.

    Args:
        environment: the environment variables, by default those of this process.
        chat: the `[chat]` section of the person's own configuration (`model`, `base_url`, `max_tokens`).

    Raises:
        ChatError: the address cannot be one, no key is there, or others can read the key's file.
    """
    env = os.environ if environment is None else environment
    url, notes = address(env, chat)
    model = env.get("HPI_MODEL", "").strip() or str((chat or {}).get("model") or DEFAULT_MODEL)
    longest, refused = _longest_answer((chat or {}).get("max_tokens"))
    return Server(url, safe(model, 120), _key(env, url), (*notes, *refused), longest)


def _longest_answer(wanted: object) -> tuple[int, tuple[str, ...]]:
    if wanted is None:
        return MAX_TOKENS, ()
    low, high = _TOKENS
    if isinstance(wanted, int) and not isinstance(wanted, bool) and low <= wanted <= high:
        return wanted, ()
    return MAX_TOKENS, (f"[chat] max_tokens must be a whole number from {low} to {high:,}; {MAX_TOKENS:,} is used.",)


def address(
    environment: Mapping[str, str] | None = None, chat: Mapping[str, Any] | None = None
) -> tuple[str, tuple[str, ...]]:
    """Return the server's address, mended where it ends in `/v1`, and notes about it; needs no key.

    Raises:
        ChatError: it is not an http or https address.
    """
    env = os.environ if environment is None else environment
    named = env.get("ANTHROPIC_BASE_URL", "").strip() or str((chat or {}).get("base_url") or DEFAULT_URL)
    notes: list[str] = []
    url = named.rstrip("/")
    for tail in ("/v1/messages", "/v1"):
        if url.endswith(tail):
            url = url.removesuffix(tail)
            notes.append(f"The address is used without its {tail}, which is added by itself.")
    parts = _split(url)
    if parts is None:
        raise ChatError(
            f"{origin(named)} is not an address of a model's server.",
            "Set ANTHROPIC_BASE_URL to http://HOST:PORT or https://HOST, without /v1.",
        )
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        notes.append(f"{origin(url)} is not encrypted: the key and the summary can be read on the way.")
    return url, tuple(notes)


def origin(url: str) -> str:
    """Return scheme, host and port of an address, without user, password and path."""
    parts = _split(url)
    if parts is None:
        return "what ANTHROPIC_BASE_URL says"
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else str(parts.hostname)
    return safe(f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else ""), 200)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    return parts if usable else None


def _key(env: Mapping[str, str], url: str) -> str:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        if key := env.get(name, "").strip():
            return _usable(key, name)
    if (kept := _key_from_file()) is not None:
        return kept
    parts = _split(url)
    if parts is not None and parts.hostname in _LOOPBACK:
        return _WITHOUT_KEY
    raise ChatError(
        "There is no key for the model's server.",
        f"Set ANTHROPIC_API_KEY, or put the key into {_named_file()} (chmod 600). /causes answers without one.",
    )


def _key_from_file() -> str | None:
    """Return what stands in the key's file, None where there is no file.

    Raises:
        ChatError: others can read it, it belongs to somebody else, or it cannot be read.
    """
    from hpi_core.settings import config_folder

    try:
        path = config_folder() / KEY_FILE
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (FileNotFoundError, NotADirectoryError, WriteError):
        return None
    except OSError as error:
        raise ChatError(f"The key's file {_named_file()} cannot be read: {error.strerror}.") from None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ChatError(f"{_named_file()} is not a plain file.", "Put the key alone into a plain file.")
        if status.st_mode & 0o077:
            raise ChatError(
                f"{_named_file()} can be read by others, so the key in it is not used.",
                f"chmod 600 {_named_file()}; if others use this machine, make a new key.",
            )
        if hasattr(os, "getuid") and status.st_uid not in (os.getuid(), 0):
            raise ChatError(f"{_named_file()} belongs to somebody else, so the key in it is not used.")
        text = file.read(10_000).decode("utf-8", "replace").strip()
    return _usable(text, _named_file()) if text else None


def _usable(key: str, where: str) -> str:
    """Return a key that can stand in a header.

    Raises:
        ChatError: it holds blanks or signs that no key has; it is not shown.
    """
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ChatError(f"{where} does not hold a key: there are signs in it that no key has.", "Set it anew.")
    return key


def _named_file() -> str:
    from hpi_core.settings import config_folder

    try:
        path = config_folder() / KEY_FILE
    except WriteError:
        return f"the configuration folder's {KEY_FILE}"
    try:
        return safe(f"~/{path.relative_to(Path.home())}")
    except (ValueError, RuntimeError):
        return safe(path)
