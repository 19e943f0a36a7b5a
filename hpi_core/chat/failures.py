"""explain(): whatever goes wrong between here and a model's server, as one clear line and what to do about it.

The client library raises its own errors before a stream begins, the transport's in its middle, and plain TypeError or
AssertionError where a server does not do what it should. None of their texts is shown unredacted, and never the key.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hpi_core.chat.redaction import redact
from hpi_core.chat.server import Server
from hpi_core.errors import ChatError
from hpi_core.text import safe

SHOWN = 200  # characters of a server's own words
_BUSY = (429, 502, 503, 504, 529)


@dataclass(frozen=True)
class Failure:
    """What went wrong: the error for the person, whether asking again can help, and after how many seconds.

    `wait` is what the server asked for (None where it said nothing); `without_tools` says that the server refused the
    request's form, and may accept it without tools.
    """

    error: ChatError
    again: bool = False
    wait: float | None = None
    without_tools: bool = False


class StreamEnded(Exception):  # noqa: N818 - what happened, not a class of faults
    """The stream ended before the answer did; `began` tells whether anything had come."""

    def __init__(self, began: bool) -> None:
        super().__init__()
        self.began = began


def explain(error: Exception, server: Server) -> Failure:
    """Return what an exception of the client, the transport or a server means to the person."""
    import anthropic

    if isinstance(error, ChatError):
        return Failure(error)
    if isinstance(error, anthropic.APIStatusError):
        return _status(error, server)
    if isinstance(error, anthropic.APITimeoutError):
        return Failure(_said(f"{server.origin} did not answer in time.", _LATER))
    if isinstance(error, anthropic.APIConnectionError):
        return Failure(_said(f"{server.origin} cannot be reached.", _NETWORK))
    if isinstance(error, StreamEnded):
        return _ended(error, server)
    if isinstance(error, AssertionError | json.JSONDecodeError | UnicodeDecodeError | anthropic.APIError):
        return Failure(_not_a_stream(server))
    kind = type(error).__name__
    if "Timeout" in kind:
        return Failure(_said(f"{server.origin} stopped sending in the middle of the answer.", _PART))
    if type(error).__module__.split(".")[0] in ("httpx2", "httpx", "httpcore", "httpcore2", "ssl") or isinstance(
        error, OSError
    ):
        return Failure(_said(f"The connection to {server.origin} broke in the middle of the answer.", _PART))
    return Failure(_said(f"The answer of {server.origin} cannot be understood ({kind}).", _COMPATIBLE))


def status_words(seconds: float) -> str:
    """Write a waiting time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"


_LATER = "Ask again in a moment; /causes answers here without a model."
_NETWORK = "Check the network and ANTHROPIC_BASE_URL; /causes answers here without a model."
_PART = "What came is kept; ask again for the rest."
_COMPATIBLE = "ANTHROPIC_BASE_URL must name a server of the Messages API, without /v1 at its end."


def _status(error: Any, server: Server) -> Failure:
    """Explain an answer with a status of refusal, or an error event within a stream that had begun well."""
    code, kind = int(error.status_code), str(error.type or "")
    wait = _asked_wait(error)
    where = server.origin
    if kind == "overloaded_error" or code == 529:
        return Failure(_said(f"{where} is overloaded{_number(code)}.", _later(wait)), True, wait)
    if code == 429 or kind == "rate_limit_error":
        return Failure(_said(f"{where} has had too many requests{_number(code)}.", _later(wait)), True, wait)
    if code == 401 or kind == "authentication_error":
        return Failure(
            _said(f"{where} does not accept the key{_number(code)}.", "Set ANTHROPIC_API_KEY to a key that is valid.")
        )
    if code == 403 or kind == "permission_error":
        return Failure(_said(f"{where} does not allow this key to do that{_number(code)}.", _words(error, server)))
    if code == 404 or kind == "not_found_error":
        return Failure(
            _said(
                f"{where} knows no model {server.model}, or is no Messages API (404).", f"Set HPI_MODEL; {_COMPATIBLE}"
            )
        )
    if code == 413 or kind == "request_too_large":
        return Failure(
            _said(
                f"The request is too large for {where}{_number(code)}.", "Begin a new conversation or ask less at once."
            )
        )
    if code == 400 or kind == "invalid_request_error":
        words = _words(error, server)
        return Failure(_said(f"{where} refuses the request{_number(code)}.", words), without_tools=True)
    if code >= 500 or kind == "api_error" or code == 200:
        return Failure(_said(f"{where} failed{_number(code)}.", _LATER), code in _BUSY, wait)
    if 300 <= code < 400:
        hint = "Nothing was sent there; set ANTHROPIC_BASE_URL to the right address if you trust it."
        return Failure(_said(f"{where} wants to send you elsewhere ({code}).", hint))
    return Failure(_said(f"{where} answered with status {code}.", _words(error, server)))


def _ended(error: StreamEnded, server: Server) -> Failure:
    if error.began:
        return Failure(_said(f"The answer of {server.origin} broke off before its end.", _PART))
    return Failure(_not_a_stream(server))


def _not_a_stream(server: Server) -> ChatError:
    return _said(f"{server.origin} did not send an answer as a stream of events.", _COMPATIBLE)


def _asked_wait(error: Any) -> float | None:
    """Return the seconds a server asked to wait, None where it said nothing that can be understood."""
    headers = error.response.headers
    for name, factor in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * factor
        except ValueError:
            continue
        if 0 <= seconds < 1e7:
            return seconds
    return None


def _later(wait: float | None) -> str:
    return _LATER if wait is None else f"It asks to wait {status_words(wait)}; /causes answers here without a model."


def _number(code: int) -> str:
    return "" if code == 200 else f" ({code})"


def _words(error: Any, server: Server) -> str:
    """Return the server's own reason, if it gave one, without secrets."""
    reason = str(error.api_message or "")
    if len(server.key) >= 8:
        reason = reason.replace(server.key, "[redacted:key]")
    said = safe(redact(reason[:2000]), SHOWN)
    return f"It says: {said}" if said else ""


def _said(message: str, hint: str) -> ChatError:
    return ChatError(message, hint)
