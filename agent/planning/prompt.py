"""A View as a request to a language model, for each way of replying.

The system text is the same for all requests of a turn and the tools nearly so, so that servers can
keep what they have read; what changes comes last. Knows nothing of servers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from agent.llm.wire import Request
from agent.planning.cards import Cards
from agent.planning.sight import Eyes
from agent.planning.state import STATE, state
from agent.prompts import digest, load_prompt, load_toml
from agent.protocol import View

Protocol = Literal["tools", "react", "json"]
SYSTEM = "thinking/system.md"
EXAMPLES = "thinking/examples.toml"
PROTOCOLS: dict[Protocol, str] = {
    "tools": "thinking/tools.md",
    "react": "thinking/react.md",
    "json": "thinking/json.md",
}
"""What is said of each way of replying."""


@lru_cache(maxsize=64)
def examples(tools: frozenset[str]) -> str:
    """The examples that these tools suffice for, one a line."""
    lines = [
        f'- "{e["question"]}": {", ".join(e["calls"])} in one reply; then answer(text="{e["answer"]}")'
        for e in load_toml(EXAMPLES)["examples"]
        if tools.issuperset(e["tools"])
    ]
    return "\n".join(["Examples", *lines]) if lines else ""


@dataclass
class Prompter:
    """Makes the requests of one planner; cards and encoded pictures are kept between them."""

    protocol: Protocol
    max_tokens: int = 2000
    eyes: Eyes = field(default_factory=Eyes)
    _cards: Cards | None = None

    def cards(self, view: View) -> Cards:
        """The cards of the view's catalog."""
        if self._cards is None or self._cards.catalog is not view.catalog:
            self._cards = Cards(view.catalog)
        return self._cards

    def request(self, view: View, *, sees: bool) -> Request:
        """What to send.

        Args:
            view: What the planner gets to see.
            sees: Whether the model takes pictures.
        """
        sight = self.eyes.sight(view) if sees else None
        cards = self.cards(view)
        tools = () if view.last else view.soon
        native = self.protocol == "tools"
        text = state(
            view,
            dict(sight.words) if sight else {},
            "" if native else cards.lines(tools),
        )
        protocol = PROTOCOLS[self.protocol]
        how = load_prompt(protocol)
        named = frozenset(t.name for t in tools)
        holes = {"examples": examples(named)} if "examples" in how.get_identifiers() else {}
        return Request(
            system=load_prompt(SYSTEM).render(protocol=how.render(**holes).rstrip()),
            text=text,
            pictures=sight.pictures if sight else (),
            tools=cards.functions(tools) if native else (),
            max_tokens=self.max_tokens,
            prompt=digest(SYSTEM, protocol, STATE, EXAMPLES),
        )
