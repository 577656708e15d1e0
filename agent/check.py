"""The check that what an answer says is borne by what it cites.

Every ``[#1 #2]`` and ``[table1]`` is resolved; texts in quotes are compared with what was read,
counts with the number of things cited; what has no witness is marked. Knows nothing of planners,
files or how the evidence came about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from agent import facts
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
from agent.evidence import artefact_record, entity_record
from agent.names import canon, same_name, squeezed
from agent.protocol import Finish
from agent.scene import Scene
from tools.types import Artefact, Codes, Image, Labels, Number, Placed, Table, Text, TextSpans

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
    return _Check(finish, scene, kinds, get, question, maker).run()


@dataclass
class _Check:
    finish: Finish
    scene: Scene
    kinds: Mapping[str, type[Artefact]]
    get: Callable[[str], Artefact]
    question: str
    maker: Callable[[str], tuple[str, str]]
    problems: list[str] = field(default_factory=list)
    unsupported: list[str] = field(default_factory=list)
    shown: bool = False
    """Whether the one sentence that presents a picture has been said."""
    admitted: bool = False
    """Whether the sentences before say what cannot be done: those that explain it follow."""

    def run(self) -> Checked:
        cites = cites_of(self.finish.text)
        unknown = [c for c in cites if not self._known(c)]
        if unknown:
            self.problems.append(f"no {', '.join(unknown)} to cite (valid: {self._valid()})")
        if self.finish.status == "answered":
            for claim in claims(self.finish.text):
                self._claim(claim)
        evidence: dict[str, EntityRecord] = {}
        for cite in cites:
            if cite not in unknown:
                evidence.update((r.id, r) for r in self._records(cite))
        text = stripped(self.finish.text, frozenset(unknown))
        return Checked(
            text, tuple(evidence.values()), tuple(self.problems), tuple(self.unsupported)
        )

    def _known(self, cite: str) -> bool:
        if cite.startswith("#"):
            return self.scene.entity(int(cite[1:])) is not None
        return cite in self.kinds

    def _valid(self) -> str:
        numbers = len(self.scene.entities)
        things = [f"#1 to #{numbers}"] if numbers > 1 else ["#1"] * numbers
        return ", ".join([*things, *list(self.kinds)[-12:]]) or "nothing yet"

    def _claim(self, claim: str) -> None:
        cites = [c for c in cites_of(claim) if self._known(c)]
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
            if cites and not _borne(quote, [t for c in cites for t in self._texts(c)]):
                found.append(f'"{quote}" is not what {" ".join(cites)} says')
        return found

    def _counts(self, claim: str) -> list[str]:
        """``3 faces [#1 #2]``: the number before a cite against the things cited."""
        found = []
        for match in CITE.finditer(masked(claim)):
            cites = [c for c in cites_in(match[1]) if is_cite(c) and self._known(c)]
            said = COUNT.search(claim[: match.start()])
            if not said or not cites:
                continue
            number = WORDS.get(said[1].lower())
            number = int(said[1]) if number is None else number
            things = self._entities(cites)
            noun = said[2].split()[-1]
            if len(things) == number or self._agrees(cites, number):
                continue
            if things and not all(_named(noun, said[2], e) for e in things):
                continue
            found.append(f'"{said[0].strip()}" cites {len(things)} ({match[0]})')
        return found

    def _agrees(self, cites: Sequence[str], number: int) -> bool:
        """Whether a cited number is this one, or something is cited that counts no things."""
        artefacts = [self.get(c) for c in cites if not c.startswith("#")]
        numbers = [a.value for a in artefacts if isinstance(a, Number)]
        if numbers:
            return any(abs(value - number) <= 0.5 for value in numbers)
        return any(not isinstance(a, Placed) for a in artefacts)

    def _sizes(self, claim: str, cites: Sequence[str]) -> list[str]:
        """``640×420 px [img2]`` against the pictures cited."""
        pictures = [a for c in cites if not c.startswith("#") for a in [self.get(c)]]
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
            cites = [c for c in cites_in(inside) if is_cite(c) and self._known(c)]
            known = [t for c in cites for t in self._hues(c)]
            colour = facts.colours(said, known)
            if colour:
                found.append(f"{' '.join(cites)} is not {colour} but {'; '.join(known)}")
            texts = [self._numerals(c) for c in cites]
            number = facts.number(said, [t for own in texts for t in own]) if all(texts) else ""
            if number and number != str(len(cites)):  # "2 codes [#1 #2]" counts them
                found.append(f"{number} is not in what {' '.join(cites)} says")
        return found

    def _hues(self, cite: str) -> list[str]:
        """Colours of what is cited."""
        if not cite.startswith("#"):
            artefact = self.get(cite)
            hues = isinstance(artefact, Labels) and "colo" in artefact.of.lower()
            pairs = zip(artefact.texts, artefact.scores, strict=True) if hues else ()  # type: ignore[attr-defined]
            return [", ".join(f"{t} {s:.0%}" for t, s in pairs)] if hues else []
        entity = self.scene.entity(int(cite[1:]))
        return [v for n, v in entity.attributes if n == "colour"] if entity else []

    def _numerals(self, cite: str) -> list[str]:
        """Texts whose numbers a claim can be compared with; none where it has none of its own."""
        if cite.startswith("#"):
            entity = self.scene.entity(int(cite[1:]))
            return self._texts(cite) if entity and entity.kind != "thing" else []
        artefact = self.get(cite)
        if isinstance(artefact, Number):
            return [f"{abs(artefact.value):.10g}"]
        known = isinstance(artefact, Text | Table | TextSpans | Codes)
        return self._texts(cite) if known else []

    def _denied(self, claim: str) -> list[str]:
        """``there is no dog`` where one was seen."""
        what = facts.absent(claim)
        seen = facts.there(claim, what, self.scene) if what else ""
        return [f'"no {what}", but {seen} is one'] if seen else []

    def _searched(self, cites: Sequence[str]) -> bool:
        """Whether something is cited that can bear an absence: a search, a number, a description."""
        return any(not c.startswith("#") for c in cites)

    def _entities(self, cites: Iterable[str]) -> list[Entity]:
        numbers: dict[int, None] = {}
        for cite in cites:
            if cite.startswith("#"):
                numbers[int(cite[1:])] = None
            else:
                numbers.update(dict.fromkeys(self.scene.numbers(cite)))
        return [e for n in numbers if (e := self.scene.entity(n)) is not None]

    def _texts(self, cite: str) -> list[str]:
        """What a cite says, in reading order."""
        if cite.startswith("#"):
            entity = self.scene.entity(int(cite[1:]))
            if entity is None:
                return []
            own = [entity.label, *(w.label for w in entity.witnesses)]
            return [*dict.fromkeys(own), *(value for _, value in entity.attributes)]
        artefact = self.get(cite)
        texts = list(_said_by(artefact))
        fact = self.scene.fact_of(cite)
        return [*texts, *([fact.text] if fact else []), " ".join(texts)]

    def _records(self, cite: str) -> list[EntityRecord]:
        if cite.startswith("#"):
            return [entity_record(e) for e in self._entities([cite])]
        entities = self._entities([cite])
        return [entity_record(e) for e in entities] or [
            artefact_record(cite, self.get(cite), self.scene.fact_of(cite), self.maker(cite))
        ]


def _said_by(artefact: Artefact) -> Iterable[str]:
    if isinstance(artefact, TextSpans | Codes):
        return artefact.texts
    if isinstance(artefact, Table):
        return [c for row in (artefact.columns, *artefact.rows) for c in row]
    if isinstance(artefact, Text):
        return [artefact.value]
    return [artefact.describe(200)]


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
