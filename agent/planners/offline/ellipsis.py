"""Completes an elliptical follow-up: "and the one on the right?" by what was asked before.

Works on targets alone. Knows nothing of pictures, of clauses, or of where the thing is found.
"""

from __future__ import annotations

from dataclasses import replace

from agent.planners.offline.phrases import Target

OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
"""A side -> the one across from it."""


def completed(said: Target, new: Target | None) -> Target:
    """A target of the earlier clause with the conditions of the follow-up; as it is without one."""
    if new is None or (said.pronoun and said.is_plain):
        return said
    if new.head and not new.pronoun:
        return replace(new, of=new.of or said.of)
    if new.other:
        return _opposite(said)
    kept = {
        "text": said.text,
        "head": said.head,
        "modifiers": said.modifiers,
        "many": said.many,
    }
    return replace(new, pronoun=False, **kept)  # type: ignore[arg-type]


def _opposite(said: Target) -> Target:
    """What "the other one" means beside an earlier target."""
    if said.position:
        return replace(said, position=OPPOSITE.get(said.position, said.position))
    if said.part:
        words = [OPPOSITE.get(w, w) for w in said.part.split()]
        return replace(said, part=" ".join(words))
    if said.size in ("largest", "smallest"):
        return replace(said, size="smallest" if said.size == "largest" else "largest")
    return replace(
        said, index=1 if said.index == 2 else 2, order=said.order or "reading", many=False
    )
