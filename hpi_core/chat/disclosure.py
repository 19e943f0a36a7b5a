"""disclosure(): everything the first request to a model would hold, laid out for a person to read before it is sent."""

from __future__ import annotations

import json

from hpi_core.chat.evidence import Evidence
from hpi_core.chat.payload import document
from hpi_core.chat.prompt import INSTRUCTIONS, LABELLED
from hpi_core.chat.session import outgoing
from hpi_core.chat.tools import tools


def disclosure(evidence: Evidence, question: str) -> list[tuple[str, str]]:
    """Return the parts of the first request, each a heading and its text.

    The analysis and the tools travel as JSON without line ends; nothing else differs from what is sent. Later requests
    add the answers, the next questions and what the model looked up.
    """
    analysis = json.dumps(document(evidence), indent=1, sort_keys=True, ensure_ascii=False)
    looked_up = [f"{tool.name}: {tool.description}" for tool in tools().values()]
    for tool in tools().values():
        looked_up += [f"  {tool.name} takes {name}: {what}" for name, what in tool.parameters.items()]
    return [
        ("your question", outgoing(question)[0]),
        ("the analysis of this sweep", f"{LABELLED}{analysis}"),
        ("what the model is told to do", INSTRUCTIONS.rstrip()),
        ("what it may look up in this sweep, read-only", "\n".join(looked_up)),
    ]
