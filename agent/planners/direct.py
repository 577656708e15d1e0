"""The planner of the direct way: the multimodal model is asked end to end, no chain.

Its words are the answer; things it places become entities like anyone else's. Knows nothing of
which model it is.
"""

from __future__ import annotations

from agent.protocol import Call, Finish, Plan, Result, View
from agent.routing import EYES, kind_of
from agent.settings import Settings
from tools.types import Boxes, Text

GROUNDED = "answer_grounded"
PLACED = frozenset({"count", "presence", "locate"})
"""Kinds of questions whose answer can be shown."""
MOST_PICTURES = 4
STEM = "direct"


class DirectPlanner:
    """Asks the multimodal model once for each picture."""

    name = "direct"
    trusted = True

    async def decide(self, view: View) -> Plan | Finish:
        """The calls at first, then what came of them as the answer."""
        own = [r for r in view.results if r.call.id.startswith(STEM)]
        if not own:
            return self._plan(view)
        return self._finish(view, own)

    def _plan(self, view: View) -> Plan | Finish:
        pictures = view.images[:MOST_PICTURES]
        if not pictures:
            return Finish(text="I cannot answer without a picture.", status="cannot")
        kind, _ = kind_of(view.question)
        place = kind in PLACED and any(t.name == GROUNDED for t in view.tools)
        calls = [
            Call(id=f"{STEM}-{tool}-{handle}", tool=tool,
                 args={"image": handle, "question": view.question})
            for handle in pictures
            for tool in (EYES, *([GROUNDED] if place else []))
        ]  # fmt: skip
        return Plan(calls=tuple(calls), thought="asks the multimodal model end to end")

    def _finish(self, view: View, own: list[Result]) -> Finish:
        said = [(r, r.artefact.value.strip()) for r in own if isinstance(r.artefact, Text)]
        lines = [self._line(view, r, text, len(said) > 1, own) for r, text in said if text]
        if lines:
            return Finish(text="\n".join(lines))
        errors = "; ".join(dict.fromkeys(r.error for r in own if r.error))
        why = f": {errors}" if errors else ", it said nothing"
        return Finish(text=f"I cannot answer: the multimodal model failed{why}", status="cannot")

    def _line(self, view: View, result: Result, text: str, many: bool, own: list[Result]) -> str:
        handle = str(result.call.args["image"])
        placed = [
            n
            for r in own
            if isinstance(r.artefact, Boxes) and r.call.args["image"] == handle
            for n in view.scene.numbers(r.handle)
        ]
        cites = " ".join([*(f"#{n}" for n in dict.fromkeys(placed)), result.handle])
        lead = f"{handle}: " if many else ""
        body = text.rstrip()
        end = body[-1] if body[-1] in ".!?" else ""
        return f"{lead}{body.removesuffix(end)} [{cites}]{end}"


def PLANNER(settings: Settings) -> DirectPlanner:
    """Needs no settings."""
    return DirectPlanner()
