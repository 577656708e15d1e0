"""The offline planner: answers ordinary English questions without any language model.

It reads a question into clauses, each clause into a goal (wanted result, targets, conditions),
runs the goals over what is known so far, and either asks for the calls they still need or composes
the answer from the facts, with cites. What it cannot do it says in one sentence. It never guesses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from agent.planners.offline import editing, generic, looking, pictures, reading
from agent.planners.offline.parse import Clause, Target, clauses, target
from agent.planners.offline.scope import Scope
from agent.planners.offline.words import Words, words_of
from agent.planners.offline.work import Cannot, Fragment, Pending, Ref, Work
from agent.protocol import Finish, Plan, View
from agent.settings import Settings
from tools.types import Boxes, Image, Points

Goal = Callable[[Scope], Fragment | None]

OVER_ALL: tuple[Goal, ...] = (pictures.which_picture, pictures.same)
"""Goals that look at all pictures together, tried first."""
GOALS: tuple[Goal, ...] = (
    editing.remark,
    editing.edit,
    reading.order,
    looking.metadata,
    looking.picture_size,
    looking.nth,
    looking.direction,
    reading.codes,
    reading.list_item,
    looking.color,
    looking.quality,
    reading.sums,
    reading.extreme_row,
    reading.count_written,
    looking.measured,
    looking.larger,
    looking.related,
    looking.locate,
    looking.chosen_thing,
    reading.value_for,
    reading.field,
    looking.exists,
    looking.count,
    reading.read,
    generic.by_graph,
)
"""Tried in this order for each clause; the first that understands it answers."""


@dataclass
class OfflinePlanner:
    """A planner of rules; holds no state between decisions."""

    name: str = "offline"

    async def decide(self, view: View) -> Plan | Finish:
        """The calls the goals still need, or the answer."""
        work = Work(view)
        fragments = _run(work)
        if fragments is None:
            tools = " + ".join(dict.fromkeys(call.tool for call in work.wanted))
            return Plan(calls=tuple(work.wanted[:24]), thought=f"I need {tools}")
        return _finish(fragments)


def _run(work: Work) -> list[Fragment] | None:
    """What every clause contributes; None while any of them waits for a result."""
    view = work.view
    undone = pictures.undo(view, view.question)
    if undone is not None:
        return [undone]
    words = words_of(view.catalog)
    found, waiting = [], False
    state = _State(work, words)
    for clause in _with_history(view, words, state):
        try:
            fragment = state.answer(clause)
        except Pending:
            waiting = True
            break
        except Cannot as reason:
            fragment = Fragment(str(reason), "cannot")
        found.append(fragment)
    return None if waiting else _without_means(found)


def _with_history(view: View, words: Words, state: _State) -> list[Clause]:
    """The clauses of the question; a fragment after an earlier question repeats that one."""
    now = clauses(view.question, words)
    text = view.question.lower().strip()
    match = re.match(
        r"^(?:and|what about|how about|now|then|same for|the same for|do the same (?:for|with|to)|also)\b[ ,]*(?:for |with |in |to )?(.*?)[?.! ]*$",
        text,
    )
    if not view.turns or not match or not _is_fragment(match.group(1), words):
        return now
    earlier = clauses(view.turns[-1].question, words)
    fragment = Clause(match.group(1))
    picture = now[-1].pictures if now else ()
    if picture:
        return [replace(c, pictures=picture) for c in earlier]
    if re.search(r"\bother (?:picture|photo|image|one of the pictures)\b", text):
        others = tuple(i + 1 for i in range(len(view.images)) if i + 1 not in earlier[-1].pictures)
        return [replace(c, pictures=others[:1]) for c in earlier]
    state.override = target(fragment.text, words)
    return earlier


def _is_fragment(text: str, words: Words) -> bool:
    said = text.split()
    known = {
        "is",
        "are",
        "does",
        "do",
        "what",
        "which",
        "how",
        "who",
        "where",
        "when",
        "make",
        "turn",
    }
    return bool(said) and not (set(said[:2]) & known) and said[0] not in words.verbs


class _State:
    """What carries over from one clause to the next."""

    def __init__(self, work: Work, words: Words) -> None:
        self.work, self.words = work, words
        self.focus: Ref | None = None
        self.mentioned: Target | None = None
        self.override: Target | None = None
        self.made: Ref | None = None

    def answer(self, clause: Clause) -> Fragment:
        """The fragment of one clause."""
        scope = self._scope(clause)
        fragment = self._try(OVER_ALL, scope)
        if fragment is None and len(scope.images) > 1 and not clause.pictures:
            fragment = self._each_picture(scope)
        elif fragment is None:
            fragment = self._try(GOALS, scope)
        if fragment is None:
            self._mention(clause)
            raise looking.unknown(scope)
        if fragment.focus is not None:
            self.focus = fragment.focus
        if fragment.images:
            self.made = Ref(fragment.images[-1], "", fragment.images[-1])
        self._mention(clause)
        return fragment

    def _scope(self, clause: Clause) -> Scope:
        view = self.work.view
        images = tuple(Ref(h, "", h) for h in view.images)
        if not images:
            raise Cannot("There is no picture to look at: give me one with the question")
        chosen = tuple(images[n - 1] for n in clause.pictures if 0 < n <= len(images))
        image = self.made or (chosen[0] if chosen else pictures.latest(view) or images[0])
        seen = image if re.search(r"\bnow\b", view.question.lower()) else self._unedited(image)
        return Scope(
            self.work, self.words, clause, seen, image, images, self.focus,
            self._given(Boxes), self._given(Points), self.mentioned, self.override,
        )  # fmt: skip

    def _unedited(self, image: Ref) -> Ref:
        """The picture that edits within one frame began from: things are still found there."""
        view = self.work.view
        parents = pictures.parents_of(view)
        name = image.name
        while name in parents and self._same_frame(name, parents[name]):
            name = parents[name]
        return Ref(name, "", name)

    def _same_frame(self, made: str, parent: str) -> bool:
        a, b = self.work.view.get(made), self.work.view.get(parent)
        if not (isinstance(a, Image) and isinstance(b, Image) and a.size_wh == b.size_wh):
            return False
        return bool(np.allclose(a.to_root, b.to_root))

    def _given(self, kind: type[Boxes] | type[Points]) -> Ref | None:
        view = self.work.view
        return next((Ref(h) for h in view.given if issubclass(view.kinds[h], kind)), None)

    def _try(self, goals: tuple[Goal, ...], scope: Scope) -> Fragment | None:
        for goal in goals:
            fragment = goal(scope)
            if fragment is not None:
                return fragment
        return None

    def _each_picture(self, scope: Scope) -> Fragment | None:
        """The same clause for every picture, said one after another."""
        pending, found = False, []
        for image in scope.images:
            try:
                found.append(self._try(GOALS, scope.about(image)))
            except Pending:
                pending = True
        if pending:
            raise Pending
        known = [f for f in found if f is not None]
        if not known:
            return None
        said = "; ".join(f"picture {i}: {f.text}" for i, f in enumerate(known, 1) if f.text)
        cannot = all(f.status == "cannot" for f in known)
        images = tuple(h for f in known for h in f.images)
        return Fragment(said, "cannot" if cannot else "answered", images, known[-1].focus)

    def _mention(self, clause: Clause) -> None:
        """Remembers what the clause spoke of, for "it" in the next."""
        phrase = re.search(
            r"(?:(?<=there are )|(?<=there is )|\b(?=(?:the|a|an|this|that|my|his|her|their)\s)).+$",
            clause.text,
        )
        if phrase is not None:
            said = target(phrase.group(), self.words, clause.quotes)
            if said.head and not said.pronoun:
                self.mentioned = said


def _without_means(fragments: list[Fragment]) -> list[Fragment]:
    """Puts what could not be done behind what could, in few words."""
    if not any(f.status == "answered" and f.text for f in fragments):
        return fragments
    done = [f for f in fragments if f.status == "answered"]
    left = [f for f in fragments if f.status != "answered"]
    return done + left


def _finish(fragments: list[Fragment]) -> Finish:
    texts = list(dict.fromkeys(f.text.strip().rstrip(".") for f in fragments if f.text.strip()))
    if not texts:
        return Finish(
            text="There is nothing to do in that: ask me something about a picture.",
            status="cannot",
        )
    cannot = all(f.status == "cannot" for f in fragments if f.text.strip())
    images = tuple(dict.fromkeys(h for f in fragments for h in f.images))
    return Finish(
        text=". ".join(texts) + ".",
        status="cannot" if cannot else "answered",
        images=images[-1:] if images else (),
    )


def PLANNER(settings: Settings) -> OfflinePlanner:
    """Makes the planner."""
    return OfflinePlanner()
