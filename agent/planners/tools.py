"""The planner for servers with tool calling: abilities as functions, several calls a reply.

Any OpenAI-compatible server will do. Knows nothing of HTTP or of running tools.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.llm.wire import Said
from agent.planning.replies import Asked, arguments
from agent.planning.thinking import ThinkingPlanner
from agent.protocol import View
from agent.settings import Settings


class ToolsPlanner(ThinkingPlanner):
    """Plans by function calls."""

    name = "tools"
    protocol = "tools"

    def read(self, said: Said, view: View) -> tuple[Sequence[Asked], str]:
        """The calls as they came; the text beside them is the thought.

        Raises:
            BadReply: arguments are no JSON object.
        """
        return [(c.name, arguments(c.arguments, c.name)) for c in said.calls], said.text


def PLANNER(settings: Settings) -> ToolsPlanner:
    """Asks the servers that the settings name."""
    from agent.llm.pool import connect

    return ToolsPlanner(settings.llm, connect(settings.llm))
