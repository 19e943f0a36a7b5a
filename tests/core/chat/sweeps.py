"""Sweeps to talk about."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import hpi_core
from hpi_core.chat.consent import Grant
from hpi_core.chat.evidence import Evidence
from hpi_core.chat.server import Server
from hpi_core.demo import path as demo_path
from hpi_core.tables.table import ReadOptions

KEY = "sk-ant-test-0123456789abcdef0123456789"


@cache
def demo_evidence() -> Evidence:
    return evidence_of(Path(demo_path()))


def evidence_of(path: Path) -> Evidence:
    inspection = hpi_core.inspect(hpi_core.read(str(path), options=ReadOptions(curves=())))
    return Evidence(inspection, hpi_core.summarize(inspection))


def granted(evidence: Evidence, url: str, key: str = KEY) -> tuple[Evidence, Server, Grant]:
    """Return what a session takes, with the yes given."""
    server = Server(url, "claude-test", key)
    return evidence, server, Grant(evidence.inspection.sweep.source.location, server.origin)
