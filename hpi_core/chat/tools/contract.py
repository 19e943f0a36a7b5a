"""Tool: a typed read-only question to the evidence, asked by the model or by a `/command`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hpi_core.chat.evidence import Evidence


@dataclass(frozen=True)
class Tool:
    """One question that can be asked.

    Attributes:
        name: the word the model calls it by.
        description: when to ask it and what comes back, for the model.
        parameters: parameter name -> what it is; all of them are strings and required.
        run: answers with JSON-like data that carries `n` (entries there are), `truncated` and, where they have one,
            labels under `cite`; raises UsageError where an argument names nothing.
    """

    name: str
    description: str
    parameters: Mapping[str, str]
    run: Callable[..., dict[str, Any]]

    def schema(self) -> dict[str, Any]:
        """Return the tool as the Messages API describes tools."""
        return {
            "name": self.name,
            "description": self.description,
            "input_schema": {
                "type": "object",
                "properties": {name: {"type": "string", "description": what} for name, what in self.parameters.items()},
                "required": list(self.parameters),
                "additionalProperties": False,
            },
        }

    def ask(self, evidence: Evidence, arguments: object) -> dict[str, Any]:
        """Answer a call whose arguments come from a model, and so may be anything.

        Raises:
            UsageError: an argument is missing, unknown, or names nothing.
        """
        from hpi_core.errors import UsageError

        given = arguments if isinstance(arguments, Mapping) else {}
        if set(given) != set(self.parameters):
            raise UsageError(f"{self.name} takes exactly: {', '.join(self.parameters)}.")
        return self.run(evidence, **{name: str(given[name])[:200] for name in self.parameters})
