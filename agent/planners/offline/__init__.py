"""The offline planner: answers ordinary English questions without any language model.

It reads a question into clauses, each clause into a goal (wanted result, targets, conditions),
runs the goals over what is known so far, and either asks for the calls they still need or composes
the answer from the facts, with cites. What it cannot do it says in one sentence. It never guesses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.planners.offline import turns
from agent.planners.offline.running import run
from agent.planners.offline.work import Fragment, Work, listed
from agent.protocol import Finish, Plan, View
from agent.settings import Settings
from tools.types import Image


@dataclass
class OfflinePlanner:
    """A planner of rules; holds no state between decisions."""

    name: str = "offline"
    trusted: bool = True
    """It plans by rules from the question alone: no text that is read makes it change anything."""

    async def decide(self, view: View) -> Plan | Finish:
        """The calls the goals still need, or the answer."""
        work = Work(view)
        fragments = run(work)
        if fragments is None:
            tools = " + ".join(dict.fromkeys(call.tool for call in work.wanted))
            return Plan(calls=tuple(work.wanted[:24]), thought=f"I need {tools}")
        return _finish(view, fragments)


def _finish(view: View, fragments: list[Fragment]) -> Finish:
    images = _final(view, dict.fromkeys(h for f in fragments for h in f.images))
    made = [h for h in images if any(r.handle == h for r in view.results) and _still(view, h)]
    last = next((f for f in reversed(fragments) if f.images), None)
    texts: dict[str, None] = {}
    for fragment in fragments:
        if fragment.text.strip():
            texts[fragment.text.strip().rstrip(".")] = None
        if fragment is last and made:
            texts[_sizes(view, made)] = None
    if not texts:
        return Finish(
            text="There is nothing to do in that: ask me something about a picture.",
            status="cannot",
        )
    cannot = all(f.status == "cannot" for f in fragments if f.text.strip())
    return Finish(
        text=". ".join(texts) + ".", status="cannot" if cannot else "answered", images=tuple(images)
    )


def _still(view: View, handle: str) -> bool:
    """Whether a picture does not move."""
    return issubclass(view.kinds.get(handle, Image), Image)


def _final(view: View, images: Iterable[str]) -> list[str]:
    """Pictures less those that later edits of the same answer went on from."""
    parents = turns.parents_of(view)
    shown = list(images)
    passed = {parents[h] for h in shown if h in parents}
    return [h for h in shown if h not in passed]


def _sizes(view: View, made: list[str]) -> str:
    """The sentence that names the new pictures."""
    sizes = [f"{i.width}×{i.height} px" for i in map(view.get, made) if isinstance(i, Image)]
    if len(made) == 1:
        return f"The new picture [{made[0]}] is {sizes[0]}"
    each = listed([f"[{h}] ({size})" for h, size in zip(made, sizes, strict=True)])
    return f"The new pictures are {each}"


def PLANNER(settings: Settings) -> OfflinePlanner:
    """Makes the planner."""
    return OfflinePlanner()
