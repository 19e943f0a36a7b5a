"""A loopback server that speaks the Messages API and does, request by request, what a script says."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Handler = BaseHTTPRequestHandler
Step = Callable[["Exchange"], None]


@dataclass
class Exchange:
    """One request as it came, and the ways to answer it."""

    handler: Handler
    body: dict[str, Any]
    release: threading.Event

    def status(self, code: int, kind: str = "", message: str = "", headers: Mapping[str, str] | None = None) -> None:
        data = json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()
        self._head(code, "application/json", {**(headers or {}), "Content-Length": str(len(data))})
        self.handler.wfile.write(data)

    def json(self, value: object) -> None:
        data = json.dumps(value).encode()
        self._head(200, "application/json", {"Content-Length": str(len(data))})
        self.handler.wfile.write(data)

    def begin(self, *, chunked: bool = False) -> None:
        self._head(200, "text/event-stream", {"Transfer-Encoding": "chunked"} if chunked else {})

    def raw(self, data: bytes) -> None:
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def event(self, kind: str, **fields: Any) -> None:
        self.raw(f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode())

    def message_start(self, **usage: int) -> None:
        self.event(
            "message_start",
            message={
                "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
                "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 1, **usage},
            },
        )  # fmt: skip

    def text(self, *pieces: str, index: int = 0) -> None:
        self.event("content_block_start", index=index, content_block={"type": "text", "text": ""})
        for piece in pieces:
            self.event("content_block_delta", index=index, delta={"type": "text_delta", "text": piece})

    def stop(self, reason: str = "end_turn", output: int = 7) -> None:
        self.event("content_block_stop", index=0)
        self.event("message_delta", delta={"stop_reason": reason}, usage={"output_tokens": output})
        self.event("message_stop")

    def _head(self, code: int, kind: str, headers: Mapping[str, str]) -> None:
        self.handler.send_response(code)
        self.handler.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.handler.send_header(name, value)
        self.handler.end_headers()


@dataclass
class ScriptedServer:
    """What the server was asked, and what it will do; past the end of the script the last step is repeated."""

    url: str
    script: list[Step]
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)

    def text_sent(self) -> str:
        return json.dumps(self.requests)


@contextlib.contextmanager
def scripted_server(script: Sequence[Step]) -> Iterator[ScriptedServer]:
    """Serve on a free loopback port until the block ends."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            served.requests.append(body)
            served.headers.append({name.lower(): value for name, value in self.headers.items()})
            step = served.script[min(len(served.requests), len(served.script)) - 1]
            with contextlib.suppress(OSError):
                step(Exchange(self, body, served.release))
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    served = ScriptedServer(f"http://127.0.0.1:{server.server_port}", list(script))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.release.set()
        server.shutdown()
        server.server_close()
        thread.join()


def says(*pieces: str, reason: str = "end_turn", **usage: int) -> Step:
    """Answer with a text and end well."""

    def step(exchange: Exchange) -> None:
        exchange.begin()
        exchange.message_start(**usage)
        exchange.text(*pieces)
        exchange.stop(reason)

    return step


def calls(tool: str, arguments: Mapping[str, Any], *, before: str = "") -> Step:
    """Ask a tool."""

    def step(exchange: Exchange) -> None:
        exchange.begin()
        exchange.message_start()
        if before:
            exchange.text(before)
        block = {"type": "tool_use", "id": "toolu_1", "name": tool, "input": {}}
        exchange.event("content_block_start", index=1, content_block=block)
        text = json.dumps(arguments)
        for piece in (text[:3], text[3:]):
            delta = {"type": "input_json_delta", "partial_json": piece}
            exchange.event("content_block_delta", index=1, delta=delta)
        exchange.stop("tool_use")

    return step


def refuses(code: int, kind: str = "", message: str = "", **headers: str) -> Step:
    """Answer with a status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange: exchange.status(code, kind, message, named)


def closed_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
