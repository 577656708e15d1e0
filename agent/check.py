"""The check that what an answer says is borne by what it cites.

Texts in quotes are compared with what was read, counts with the number of things cited; what has no
witness is marked. Knows nothing of how cites are resolved (``cited.py``), of planners or files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from agent import facts
from agent.cited import Cited
from agent.cites import CITE, cites_in
from agent.claims import (
    COUNT,
    QUOTE,
    SIZE,
    WORDS,
    admits,
    cites_of,
    claims,
    is_cite,
    masked,
    stripped,
    uncited,
)
from agent.entities import Entity
from agent.events import EntityRecord
from agent.names import canon, same_name, squeezed
from agent.protocol import Finish
from agent.scene import Scene
from tools.types import Artefact, Image

QUOTED_ALIKE = 80
"""Percent of letters a quotation must share with what was read."""


@dataclass(frozen=True)
class Checked:
    """An answer after the check."""

    text: str
    """Without the cites that name nothing."""
    evidence: tuple[EntityRecord, ...]
    problems: tuple[str, ...]
    """One line each, for the planner."""
    unsupported: tuple[str, ...]
    """Claims, as said, that no witness bears."""


KIND_WORDS = {
    "text": ("text", "line", "word"),
    "code": ("code", "barcode", "qr code"),
    "thing": ("thing", "object", "item"),
}


def check(
    finish: Finish,
    scene: Scene,
    kinds: Mapping[str, type[Artefact]],
    *,
    get: Callable[[str], Artefact],
    question: str = "",
    maker: Callable[[str], tuple[str, str]] = lambda handle: ("", ""),
) -> Checked:
    """Resolve the cites of an answer and compare its claims with them.

    Args:
        finish: What the planner said.
        scene: What is known.
        kinds: Every handle, with the class of its artefact.
        get: Artefact of a handle.
        question: Quotations of it need no witness.
        maker: Tool and model that made an artefact.
    """
    return _Check(finish, Cited(scene, kinds, get, maker), question).run()


@dataclass
class _Check:
    finish: Finish
    cited: Cited
    question: str
    problems: list[str] = field(default_factory=list)
    unsupported: list[str] = field(default_factory=list)
    shown: bool = False
    """Whether the one sentence that presents a picture has been said."""
    admitted: bool = False
    """Whether the sentences before say what cannot be done: those that explain it follow."""

    def run(self) -> Checked:
        cites = cites_of(self.finish.text)
        unknown = [c for c in cites if not self.cited.known(c)]
        if unknown:
            self.problems.append(f"no {', '.join(unknown)} to cite (valid: {self.cited.valid()})")
        if self.finish.status == "answered":
            for claim in claims(self.finish.text):
                self._claim(claim)
        evidence: dict[str, EntityRecord] = {}
        for cite in cites:
            if cite not in unknown:
                evidence.update((r.id, r) for r in self.cited.records(cite))
        text = stripped(self.finish.text, frozenset(unknown))
        return Checked(
            text, tuple(evidence.values()), tuple(self.problems), tuple(self.unsupported)
        )

    def _claim(self, claim: str) -> None:
        cites = [c for c in cites_of(claim) if self.cited.known(c)]
        wrong = [*self._quotes(claim, cites), *self._counts(claim), *self._sizes(claim, cites)]
        wrong += [*self._facts(claim), *self._denied(claim)]
        self.problems.extend(wrong)
        self.admitted &= not cites
        bare = not cites or (bool(facts.absent(claim)) and not self._searched(cites))
        if wrong or (bare and self._needs_witness(claim)):
            self.unsupported.append(uncited(claim))

    def _needs_witness(self, claim: str) -> bool:
        bare = QUOTE.sub("", claim).strip()
        if bare.endswith(":") or not any(c.isalnum() for c in claim):
            return False
        if admits(claim):
            self.admitted = True
            return False
        if any(c.isdigit() for c in bare) or QUOTE.search(claim):
            return True
        if facts.absent(claim):
            return True
        if self.admitted:
            return False
        shown, self.shown = self.shown, True
        return shown or not self.finish.images

    def _quotes(self, claim: str, cites: Sequence[str]) -> list[str]:
        found = []
        for match in QUOTE.finditer(claim):
            quote = next(g for g in match.groups() if g)
            if squeezed(quote) in squeezed(self.question):
                continue
            if cites and not _borne(quote, [t for c in cites for t in self.cited.texts(c)]):
                found.append(f'"{quote}" is not what {" ".join(cites)} says')
        return found

    def _counts(self, claim: str) -> list[str]:
        """``3 faces [#1 #2]``: the number before a cite against the things cited."""
        found = []
        for match in CITE.finditer(masked(claim)):
            cites = [c for c in cites_in(match[1]) if is_cite(c) and self.cited.known(c)]
            said = COUNT.search(claim[: match.start()])
            if not said or not cites:
                continue
            number = WORDS.get(said[1].lower())
            number = int(said[1]) if number is None else number
            things = self.cited.entities(cites)
            noun = said[2].split()[-1]
            if len(things) == number or self.cited.agrees(cites, number):
                continue
            if things and not all(_named(noun, said[2], e) for e in things):
                continue
            found.append(f'"{said[0].strip()}" cites {len(things)} ({match[0]})')
        return found

    def _sizes(self, claim: str, cites: Sequence[str]) -> list[str]:
        """``640×420 px [img2]`` against the pictures cited."""
        pictures = [a for c in cites if not c.startswith("#") for a in [self.cited.get(c)]]
        sizes = {(a.width, a.height) for a in pictures if isinstance(a, Image)}
        said = {(int(w), int(h)) for w, h in SIZE.findall(masked(claim))}
        if not said or not sizes or said & sizes or len(pictures) < len(cites):
            return []
        actual = ", ".join(f"{w}×{h}" for w, h in sorted(sizes))
        return [f"{' '.join(cites)} is {actual} px"]

    def _facts(self, claim: str) -> list[str]:
        """``is red [#3]`` and ``is 12.50 [#7]`` against what is cited right behind."""
        found = []
        for said, inside in facts.segments(claim):
            cites = [c for c in cites_in(inside) if is_cite(c) and self.cited.known(c)]
            known = [t for c in cites for t in self.cited.hues(c)]
            colour = facts.colours(said, known)
            if colour:
                found.append(f"{' '.join(cites)} is not {colour} but {'; '.join(known)}")
            texts = [self.cited.numerals(c) for c in cites]
            number = facts.number(said, [t for own in texts for t in own]) if all(texts) else ""
            if number and number != str(len(cites)):  # "2 codes [#1 #2]" counts them
                found.append(f"{number} is not in what {' '.join(cites)} says")
        return found

    def _denied(self, claim: str) -> list[str]:
        """``there is no dog`` where one was seen."""
        what = facts.absent(claim)
        seen = facts.there(claim, what, self.cited.scene) if what else ""
        return [f'"no {what}", but {seen} is one'] if seen else []

    def _searched(self, cites: Sequence[str]) -> bool:
        """Whether something is cited that can bear an absence: a search, a number, a description."""
        return any(not c.startswith("#") for c in cites)


def _borne(quote: str, texts: Sequence[str]) -> bool:
    """Whether some cited text, or all of them in a row, says what is quoted."""
    wanted = squeezed(quote)
    whole = squeezed(" ".join(texts))
    if not wanted or wanted in whole:
        return True
    return any(
        fuzz.ratio(wanted, squeezed(text)) >= QUOTED_ALIKE for text in (*texts, whole) if text
    ) or (len(wanted) >= 4 and fuzz.partial_ratio(wanted, whole) >= QUOTED_ALIKE + 10)


def _named(noun: str, phrase: str, entity: Entity) -> bool:
    """Whether a counted noun can mean an entity, so that numbers of other things are let be."""
    if canon(noun) in KIND_WORDS[entity.kind] or canon(phrase) in KIND_WORDS[entity.kind]:
        return True
    return entity.kind == "thing" and (
        same_name(noun, entity.label) or same_name(phrase, entity.label)
    )


def known_so_far(scene: Scene, handles: Sequence[str], most: int = 6) -> str:
    """What a turn found out before it was ended, in one or two sentences."""
    said = []
    for handle in handles:
        fact = scene.fact_of(handle)
        numbers = scene.numbers(handle)[:most]
        if fact is not None:
            said.append(f"{fact.text} [{handle}]")
        elif numbers:
            labels = [e.label for n in numbers if (e := scene.entity(n))]
            cites = " ".join(f"#{n}" for n in numbers)
            said.append(f"{', '.join(labels)} [{cites}]")
    return f"Known so far: {'; '.join(said[-most:])}." if said else ""
