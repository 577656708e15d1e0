"""What language models that cannot see are told of a picture before they plan.

Tags, captions and texts are written out by experts first, after LENS (Berrios et al., 2023,
https://arxiv.org/abs/2306.16410): with them in the scene a text-only model can reason about what is
shown. Knows nothing of servers.
"""

from __future__ import annotations

from agent.protocol import Call, Plan, View

WRITERS: tuple[tuple[str, dict[str, object]], ...] = (
    ("caption", {}),
    ("tag", {}),
    ("dense_captions", {}),
    ("read_text", {}),
    ("colors", {}),
)
"""Tools that put a picture into words, with arguments, best first."""
MOST_PICTURES = 4


def opening(view: View) -> Plan | None:
    """The first plan for a model that cannot see; None where there is nothing to write out."""
    writers = {tool for tool, _ in WRITERS}
    if not view.fresh or any(r.call.tool in writers for r in view.results):
        return None
    ready = {t.name for t in view.tools}
    calls = [
        Call(id=f"{tool}-{handle}", tool=tool, args={"image": handle, **args})
        for handle in view.images[:MOST_PICTURES]
        for tool, args in WRITERS
        if tool in ready
    ]
    calls = calls[: max(0, view.left.calls // 2)]
    if not calls:
        return None
    return Plan(
        calls=tuple(calls), thought="puts the picture into words for a model that cannot see"
    )
