"""The versions of the pictures of a conversation: which was made from which, and which stands.

A pure fold over the turns: an edit is a node below the picture it was made from, going back is an
answer that shows an earlier version again. All planners, the app and the command line read the
same from here. Knows nothing of how edits are made or asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from agent.protocol import Call, Result, Turn, Version

Standing = Mapping[str, str]
"""Picture as given -> the picture that stands for it now."""
SAYS_BACK = re.compile(
    r"\b(?:undo\w*|revert|redo|re-do|reapply|restore|reset|original|(?:go|put|roll|take|back)\b.*\bback|back to|previous)\b",
    re.IGNORECASE,
)
"""Tells showing an earlier version, to go on with it, from showing one for another reason."""


@dataclass(frozen=True)
class History:
    """The pictures that stand, those that stood before, and those that were undone."""

    now: Standing
    past: tuple[Standing, ...] = ()
    future: tuple[Standing, ...] = ()
    last: tuple[str, ...] = ()
    """The pictures that the last turn left in the hands of the person."""

    def back(self, steps: int) -> History:
        """So many edits undone; as many as there are."""
        steps = min(steps, len(self.past))
        line, at = (*self.past, self.now, *self.future), len(self.past) - steps
        return History(line[at], line[:at], line[at + 1 :], tuple(line[at].values()))

    def forth(self, steps: int) -> History:
        """So many undone edits done again."""
        steps = min(steps, len(self.future))
        line, at = (*self.past, self.now, *self.future), len(self.past) + steps
        return History(line[at], line[:at], line[at + 1 :], tuple(line[at].values()))

    def add(self, made: Standing) -> History:
        """After an edit."""
        return History({**self.now, **made}, (*self.past, self.now), (), tuple(made.values()))

    def to(self, wanted: Standing, chain: Sequence[Standing] = ()) -> History:
        """At the nearest version that shows `wanted`: before, after, or on another branch.

        Args:
            wanted: what is to stand.
            chain: what stood on the way to it, for a version of another branch.
        """
        for steps in range(len(self.past) + 1):
            if _shows(self.back(steps).now, wanted):
                return self.back(steps)
        for steps in range(1, len(self.future) + 1):
            if _shows(self.forth(steps).now, wanted):
                return self.forth(steps)
        past = tuple({**self.now, **before} for before in chain)
        return History({**self.now, **wanted}, past, (), tuple(wanted.values()))


def _shows(standing: Standing, wanted: Standing) -> bool:
    return all(standing.get(root) == handle for root, handle in wanted.items())


def edits(turns: Sequence[Turn]) -> Iterator[tuple[int, str, Call]]:
    """(number of the turn, handle made, call) of every call that made a picture from a picture."""
    for number, turn in enumerate(turns, 1):
        for call, handle in zip(turn.calls, turn.handles, strict=True):
            if is_edit(call, handle):
                yield number, handle, call


def is_edit(call: Call, handle: str) -> bool:
    """Whether a call made a picture from a picture."""
    source = str(call.args.get("image", ""))
    return handle.startswith("img") and source.startswith("img") and source != handle


def parents_of(turns: Sequence[Turn], results: Sequence[Result] = ()) -> dict[str, str]:
    """Picture made -> picture it was made from, over the whole conversation."""
    now = [(r.handle, r.call) for r in results if r.ok and is_edit(r.call, r.handle)]
    every = [*((handle, call) for _, handle, call in edits(turns)), *now]
    found: dict[str, str] = {}
    for made, call in every:
        found.setdefault(made, str(call.args["image"]))
    return found


def ancestors(handle: str, parents: Mapping[str, str]) -> list[str]:
    """What a picture was made from, the nearest first."""
    found: list[str] = []
    while handle in parents and parents[handle] not in found:
        handle = parents[handle]
        found.append(handle)
    return found


def first(handle: str, parents: Mapping[str, str], given: Standing) -> str:
    """The picture as given that an edited one goes back to."""
    if handle in given:
        return handle
    line = ancestors(handle, parents)
    return next((h for h in line if h in given), line[-1] if line else handle)


def history(turns: Sequence[Turn], images: Sequence[str] = (), *, fresh: bool = False) -> History:
    """The pictures that stand before a question is answered.

    Args:
        turns: the earlier turns.
        images: what the question is about; by default what the last turn was about.
        fresh: whether they were given with it, so that they stand as they are.
    """
    parents, found = parents_of(turns), History({})
    shown = {h for turn in turns for h in (*turn.made, *turn.images)}
    for turn in turns:
        if tuple(found.now) != turn.images:
            found = History({h: h for h in turn.images})
        found = _after(found, turn, parents, shown)
    if images and (fresh or tuple(found.now) != tuple(images)):
        return History({h: h for h in images})
    return found


def _after(before: History, turn: Turn, parents: Mapping[str, str], shown: set[str]) -> History:
    edited = {first(h, parents, before.now): h for h in turn.made if h in turn.handles}
    if edited:
        base = {
            root: next((h for h in ancestors(handle, parents) if h in shown), root)
            for root, handle in edited.items()
        }
        known = any(_shows(line, base) for line in (*before.past, before.now))
        return (before.to(base) if known else before).add(edited)
    moved = {first(h, parents, before.now): h for h in turn.made}
    moved = {root: handle for root, handle in moved.items() if root in before.now}
    if not moved or (turn.calls and not SAYS_BACK.search(turn.question)):
        return replace(before, last=())
    return before.to(moved, _chain(moved, parents, shown))


def _chain(moved: Standing, parents: Mapping[str, str], shown: set[str]) -> list[Standing]:
    """What was shown on the way to one picture, oldest first."""
    if len(moved) != 1:
        return []
    [(root, handle)] = moved.items()
    return [{root: h} for h in reversed(ancestors(handle, parents)) if h in shown]


def tree(
    turns: Sequence[Turn], given: Sequence[str], images: Sequence[str] = (), *, fresh: bool = False
) -> tuple[Version, ...]:
    """All versions, parents before children: what was given first, then in the order made.

    Args:
        turns: the turns of the conversation.
        given: handles of the pictures that a person gave.
        images: what the question is about, as for `history`.
        fresh: as for `history`.
    """
    now = set(history(turns, images, fresh=fresh).now.values())
    shown = {h for turn in turns for h in turn.made}
    found = {h: Version(h, stands=h in now) for h in given}
    for number, handle, call in edits(turns):
        parent = str(call.args["image"])
        if handle not in found and parent in found:
            found[handle] = Version(
                handle, parent, call, number, shown=handle in shown, stands=handle in now
            )  # fmt: skip
    return tuple(found.values())
