"""Wire: one request to the model's server and the pieces of its answer, as they come.

The client's own retries are off: they would honour any waiting time a server asks for, unseen. Every fault comes out as
an exception for `failures.explain`; what had come before it stands in the reply.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpi_core.chat.failures import StreamEnded
from hpi_core.chat.server import Server

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

READ_SECONDS = 60.0
LOCAL_READ_SECONDS = 600.0  # a model on one's own processor reads a long prompt in silence
CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class Usage:
    """Tokens: `input` were read anew (those `written` to the cache among them), `cached` came from it."""

    input: int = 0
    cached: int = 0
    written: int = 0
    output: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input + other.input,
            self.cached + other.cached,
            self.written + other.written,
            self.output + other.output,
        )


@dataclass
class Reply:
    """What has come of one answer: content blocks by place, why it stopped, tokens."""

    blocks: dict[int, dict[str, Any]] = field(default_factory=dict)
    stop_reason: str | None = None
    usage: Usage = field(default_factory=Usage)
    began: bool = False

    def content(self) -> list[dict[str, Any]]:
        """Return the blocks as they can be sent back, tool calls with their arguments read."""
        content = []
        for _place, block in sorted(self.blocks.items()):
            kept = {name: value for name, value in block.items() if name != "json"}
            if kept["type"] == "tool_use":
                kept["input"] = _arguments(block.get("json", ""), kept.get("input"))
            if kept["type"] != "text" or kept["text"].strip():
                content.append(kept)
        return content


class Wire:
    """The connection to one server; made at the first request, so that nothing is imported or opened before."""

    def __init__(self, server: Server, *, read_seconds: float | None = None) -> None:
        """Prepare for a server; `read_seconds` is its longest silence, by default longer for one on this machine."""
        self._server = server
        usual = LOCAL_READ_SECONDS if server.local else READ_SECONDS
        self._read_seconds = usual if read_seconds is None else read_seconds
        self._client: AsyncAnthropic | None = None

    async def send(self, request: Mapping[str, Any], reply: Reply, on_text: Callable[[str], None]) -> None:
        """Send one request and fill the reply while it streams.

        Raises:
            Exception: whatever the client, the transport or a malformed answer raises; see `failures.explain`.
            StreamEnded: the stream was no stream, or ended before the answer did.
        """
        if self._client is None:
            self._client = await asyncio.to_thread(self._make)
        stream = await self._client.messages.create(**request, stream=True)
        try:
            async for event in stream:
                if _take(event, reply, on_text):
                    return
        finally:
            await stream.close()
        raise StreamEnded(reply.began)

    async def close(self) -> None:
        """Close the connection; a later request opens it anew."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _make(self) -> AsyncAnthropic:
        import anthropic

        timeout = anthropic.Timeout(self._read_seconds, connect=min(CONNECT_SECONDS, self._read_seconds))
        # A redirect would carry the summary to a server nobody has said yes to.
        transport = anthropic.DefaultAsyncHttpxClient(follow_redirects=False, timeout=timeout)
        return anthropic.AsyncAnthropic(
            api_key=self._server.key,
            base_url=self._server.url,
            max_retries=0,
            timeout=timeout,
            http_client=transport,
        )


def _take(event: Any, reply: Reply, on_text: Callable[[str], None]) -> bool:
    """Put one event into the reply; True where it was the last. Unknown events and fields are passed over."""
    kind = getattr(event, "type", None)
    if kind == "message_start":
        reply.began = True
        reply.usage = _read_usage(getattr(event.message, "usage", None), Usage())
    elif kind == "content_block_start":
        block = event.content_block.to_dict()
        reply.blocks[event.index] = block
        if block.get("type") == "text" and block.get("text"):
            on_text(block["text"])
    elif kind == "content_block_delta":
        _take_delta(event.delta, reply.blocks[event.index], on_text)
    elif kind == "message_delta":
        reply.stop_reason = getattr(event.delta, "stop_reason", None) or reply.stop_reason
        reply.usage = _read_usage(getattr(event, "usage", None), reply.usage)
    return kind == "message_stop"


def _take_delta(delta: Any, block: dict[str, Any], on_text: Callable[[str], None]) -> None:
    kind = getattr(delta, "type", None)
    if kind == "text_delta":
        block["text"] = block.get("text", "") + delta.text
        on_text(delta.text)
    elif kind == "input_json_delta":
        block["json"] = block.get("json", "") + delta.partial_json
    elif kind == "thinking_delta":
        block["thinking"] = block.get("thinking", "") + delta.thinking
    elif kind == "signature_delta":
        block["signature"] = delta.signature


def _read_usage(said: Any, before: Usage) -> Usage:
    """Return the counts as said; a server may leave any of them out, and says them anew at the end."""

    def count(name: str, known: int) -> int:
        value = getattr(said, name, None)
        return value if isinstance(value, int) and value >= 0 else known

    written = count("cache_creation_input_tokens", before.written)
    fresh = count("input_tokens", before.input - before.written)
    cached = count("cache_read_input_tokens", before.cached)
    return Usage(fresh + written, cached, written, count("output_tokens", before.output))


def _arguments(text: str, otherwise: object) -> dict[str, Any]:
    """Return a tool call's arguments; what is no JSON object is an empty one, which no tool accepts."""
    try:
        read = json.loads(text) if text else otherwise
    except (ValueError, RecursionError):
        return {}
    return dict(read) if isinstance(read, Mapping) else {}
