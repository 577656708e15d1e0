"""The planner for servers without tool calling: MM-ReAct's thought, action, observation in text.

The same plan comes out as from function calls, several actions a reply. Knows nothing of HTTP or
of running tools.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.llm.wire import Request, Said
from agent.planning.react_text import parse
from agent.planning.replies import Asked
from agent.planning.thinking import ThinkingPlanner
from agent.protocol import View
from agent.settings import Settings

STOP = ("\nObservation:", "\nObservations:")
"""Where a model begins to make results up."""


class ReactPlanner(ThinkingPlanner):
    """Plans by lines of text."""

    name = "react"
    protocol = "react"

    def shaped(self, request: Request, view: View) -> Request:
        """The reply ends where made-up results would begin."""
        return replace(request, stop=STOP)

    def read(self, said: Said, view: View) -> tuple[Sequence[Asked], str]:
        """The actions of the text; function calls, should a server make any, are ignored.

        Raises:
            BadReply: there is none, or one cannot be read.
        """
        return parse(said.text, {t.name: tuple(t.params) for t in view.catalog.tools.values()})


def PLANNER(settings: Settings) -> ReactPlanner:
    """Asks the servers that the settings name."""
    from agent.llm.pool import connect

    return ReactPlanner(settings.llm, connect(settings.llm))
