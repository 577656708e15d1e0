"""The clauses of a question answered one after another, and what carries over from each to the next.

What "it" is, what was made, which picture is meant. Knows nothing of how the answer is put together.
"""

from __future__ import annotations

from dataclasses import replace

from agent.planners.offline import beyond, clips, editing, follow, imagining, patterns, turns
from agent.planners.offline.goals import GOALS, OVER_ALL, Goal
from agent.planners.offline.orders import merged
from agent.planners.offline.phrases import Target, target
from agent.planners.offline.scope import Scope
from agent.planners.offline.splitting import Clause, clauses
from agent.planners.offline.words import Words, words_of
from agent.planners.offline.work import Cannot, Fragment, Pending, Ref, Work
from agent.undo import first
from tools.types import Boxes, Points

PRONOUN = r"(?:he|she|it|they|him|her|his|its|them|their)"


def run(work: Work) -> list[Fragment] | None:
    """What every clause contributes; None while any of them waits for a result."""
    words = words_of(work.view.catalog)
    found: list[Fragment] = []
    state = State(work, words)
    try:
        asked = state.begin(found)
    except Pending:
        return None
    except Cannot as reason:
        return [Fragment(str(reason), "cannot")]
    for clause in asked:
        try:
            fragment = state.answer(clause)
        except Pending:
            return None
        except Cannot as reason:
            try:
                told = state.ask(clause)
            except Pending:
                return None
            except Cannot:
                told = None
            if told is not None:
                found.append(told)
                continue
            if (
                found
                and found[-1].status == "cannot"
                and patterns.search(rf"\b{PRONOUN}\b", clause.text)
            ):
                continue  # said already: what it speaks of cannot be told
            fragment = Fragment(str(reason), "cannot")
        found.append(fragment)
    return _without_means(found)


class State:
    """What carries over from one clause to the next."""

    def __init__(self, work: Work, words: Words) -> None:
        self.work, self.words = work, words
        self.focus: Ref | None = None
        self.mentioned: Target | None = None
        self.override: Target | None = None
        self.made: Ref | None = None
        self.history = turns.history(work.view)
        for earlier in follow.mentions(work.view, words):
            for clause in earlier.clauses:
                self._mention(clause)
            if earlier.override is not None and earlier.override.head:
                self.mentioned = earlier.override

    def begin(self, found: list[Fragment]) -> list[Clause]:
        """The clauses to answer, once the question is read against the turns before."""
        view = self.work.view
        undone = turns.undo(self.work)
        if undone is not None:
            fragment, self.history = undone
            found.append(fragment)
            wish = turns.move(view.question)
            return clauses(wish.rest, self.words) if wish is not None else []
        asked = follow.follow(view, self.words)
        self.override = asked.override
        if asked.override is not None and asked.override.head:
            self.mentioned = asked.override
        if asked.instead:
            self.history = self.history.back(1)
        return [self._which(clause) for clause in merged(list(asked.clauses), self.words)]

    def _which(self, clause: Clause) -> Clause:
        """Such as "the first one", which is a picture where several are given."""
        ordinals = self.words.table("ordinals")
        said = patterns.findall(rf"\bthe ({'|'.join(ordinals)})(?: one\b|$)", clause.text)
        every = patterns.findall(rf"\b(?:{'|'.join(ordinals)})\b", clause.text)
        if len(self.work.view.images) < 2 or clause.pictures or not (len(said) == len(every) == 1):
            return clause
        number = int(ordinals[said[0]])
        text = patterns.sub(rf"(?:\b(?:in|on|of|from) )the {said[0]}(?: one)?\b", "", clause.text)
        text = patterns.sub(rf"\bthe {said[0]}(?: one)?\b", "it", text)
        count = len(self.work.view.images)
        return replace(clause, text=text.strip(), pictures=(number if number > 0 else count + 1 + number,))  # fmt: skip

    def answer(self, clause: Clause) -> Fragment:
        """The fragment of one clause."""
        clause = self._named(clause)
        if not self.work.view.images and self.made is None:
            return self._noted(clause, imagining.alone(self.work, self.words, clause))
        scope = self._scope(clause)
        fragment = self._try(OVER_ALL, scope)
        if fragment is None and self._concerns_each(scope):
            fragment = self._each_picture(scope)
        elif fragment is None:
            fragment = self._try(GOALS, scope)
        if fragment is None:
            self._mention(clause)
            raise beyond.unknown(scope)
        return self._noted(clause, fragment)

    def _noted(self, clause: Clause, fragment: Fragment) -> Fragment:
        """Remember what a clause was about, for those that follow."""
        if fragment.focus is not None:
            self.focus = fragment.focus
        if fragment.images:
            self._note(fragment)
        self._mention(clause)
        return fragment

    def ask(self, clause: Clause) -> Fragment | None:
        """The clause put to a model that sees, where the experts end; None where none is ready."""
        return beyond.ask(self._scope(self._named(clause)))

    def _named(self, clause: Clause) -> Clause:
        """Such as "what is it" behind "circle the total": the total is asked for by its name."""
        said = self.mentioned
        if said is None or not patterns.fullmatch(r"(?:what|how much) (?:is it|are they|does it cost)", clause.text):  # fmt: skip
            return clause
        scope = self._scope(clause)
        if not (scope.field_kind(said) or scope.kind_of(said)):
            return clause
        return replace(clause, text=f"what is the {' '.join([*said.modifiers, said.head])}")

    def _scope(self, clause: Clause) -> Scope:
        view = self.work.view
        images = tuple(Ref(h, "", h) for h in view.images)
        if not images:
            if self.made is None:
                raise Cannot(imagining.NO_PICTURE)
            images = (self.made,)
        chosen = [images[n - 1].name for n in clause.pictures if 0 < n <= len(images)]
        image = self._current(chosen[0]) if chosen else self.made or self._current(self._last())
        now = patterns.search(r"\b(?:now|still|any ?more|remaining)\b", view.question.lower())
        seen = image if now else turns.origin(view, image)
        scope = Scope(
            self.work, self.words, clause, seen, image, images, self._given(Boxes),
            focus=self.focus, points=self._given(Points),
            mentioned=self.mentioned, override=self.override,
        )  # fmt: skip
        return clips.at_moment(scope)

    def _current(self, given: str) -> Ref:
        """What edits have made of a picture as given."""
        name = self.history.now.get(given, given)
        return Ref(name, "", name)

    def _last(self) -> str:
        """The picture as given that the last edit was about; else the first."""
        view = self.work.view
        parents = turns.parents_of(view)
        touched = [first(h, parents, self.history.now) for h in self.history.last]
        return next((h for h in touched if h in view.images), view.images[0])

    def _concerns_each(self, scope: Scope) -> bool:
        """Whether a clause is about every picture rather than one of them."""
        if len(scope.images) < 2 or scope.clause.pictures or self.made is not None:
            return False
        single = patterns.search(r"\b(?:it|this|that)\b", scope.text)
        return not (single and len(self.history.last) == 1)

    def _note(self, fragment: Fragment) -> None:
        """Remembers what an edit made, for the clauses that follow."""
        parents, now = turns.parents_of(self.work.view), self.history.now
        made = {first(h, parents, now): h for h in fragment.images}
        last = fragment.images[-1]
        self.made = Ref(last, "", last) if len(made) == 1 else None
        self.history = self.history.add(made)

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
                current = self._current(image.name)
                seen = turns.origin(self.work.view, current)
                found.append(self._try(GOALS, replace(scope.about(seen), edited=current)))
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
        if self.work.view.images:
            done_to = editing.subject(replace(self._scope(clause), work=Work(self.work.view)))
            if done_to is not None:
                self.mentioned = done_to
                return
        verbs = "|".join(["are", "is", "can", "do", *self.words.list("text_verbs")])
        phrase = patterns.search(
            rf"(?:(?<=there are )|(?<=there is )|(?<=how many )|\b(?=(?:the|a|an|any|this|that|my|his|her|their)\s)).+?(?=$| (?:{verbs})\b)",
            clause.text,
        )
        if phrase is not None:
            said = target(phrase.group(), self.words, clause.quotes)
            if said.head and not said.pronoun and not self.words.is_picture(said.head):
                self.mentioned = said


def _without_means(fragments: list[Fragment]) -> list[Fragment]:
    """Puts what could not be done behind what could, in few words."""
    if not any(f.status == "answered" and f.text for f in fragments):
        return fragments
    done = [f for f in fragments if f.status == "answered"]
    left = [f for f in fragments if f.status != "answered"]
    return done + left
