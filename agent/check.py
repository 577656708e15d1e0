"""The check that what an answer says is borne by what it cites.

Every ``[#1 #2]`` and ``[table1]`` is resolved; texts in quotes are compared with what was read,
counts with the number of things cited; what has no witness is marked. Knows nothing of planners,
files or how the evidence came about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from agent.cites import CITE, cites_in
from agent.claims import COUNT, QUOTE, WORDS, cites_of, claims, is_cite, masked, stripped
from agent.entities import Entity
from agent.events import EntityRecord
from agent.names import canon, same_name, squeezed
from agent.protocol import Finish
from agent.scene import Scene
from tools.types import Artefact, Codes, Image, Number, Table, Text, TextSpans

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
        wrong = [*self._quotes(claim, cites), *self._counts(claim)]
        self.problems.extend(wrong)
        if wrong or (not cites and self._needs_witness(claim)):
            self.unsupported.append(CITE.sub("", claim).strip())

    def _needs_witness(self, claim: str) -> bool:
        bare = QUOTE.sub("", claim).strip()
        if bare.endswith(":") or not any(c.isalnum() for c in claim):
            return False
        if any(c.isdigit() for c in bare) or QUOTE.search(claim):
            return True
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
            if any(self._number(c) == number for c in cites) or len(things) == number:
                continue
            if all(_named(noun, said[2], e) for e in things) and (things or number):
                found.append(f'"{said[0].strip()}" cites {len(things)} ({match[0]})')
        return found

    def _number(self, cite: str) -> float | None:
        artefact = None if cite.startswith("#") else self.get(cite)
        return artefact.value if isinstance(artefact, Number) else None

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
            return [_record(e) for e in self._entities([cite])]
        entities = self._entities([cite])
        return [_record(e) for e in entities] or [self._artefact_record(cite)]

    def _artefact_record(self, handle: str) -> EntityRecord:
        artefact, fact = self.get(handle), self.scene.fact_of(handle)
        tool, model = self.maker(handle)
        text = fact.text if fact else artefact.describe()
        box, image = None, handle if isinstance(artefact, Image) else ""
        if isinstance(artefact, Table):
            box = _table_box(artefact)
        label = "nothing found" if fact and fact.absent else self.kinds[handle].__name__.lower()
        return EntityRecord(
            id=handle, label=label, box=box, score=None, text=text, image=image,
            sources=tuple(s for s in (fact.tool if fact else tool, model) if s),
        )  # fmt: skip


def _record(entity: Entity) -> EntityRecord:
    sources: dict[str, None] = {}
    for witness in entity.witnesses:
        sources.update(dict.fromkeys(s for s in (witness.tool, witness.model) if s))
    inside = dict(entity.attributes).get("text")
    read = entity.kind != "thing"
    return EntityRecord(
        id=f"#{entity.id}",
        label=entity.kind if read else entity.label,
        box=entity.box,
        score=entity.score,
        text=entity.label if read else inside,
        image=entity.image,
        sources=tuple(sources),
    )


def _table_box(table: Table) -> tuple[float, float, float, float] | None:
    if table.cells is None:
        return None
    cells = table.cells.reshape(-1, 4)
    cells = cells[~(cells != cells).any(axis=1)]
    if not len(cells):
        return None
    x1, y1 = (float(v) for v in cells[:, :2].min(axis=0))
    x2, y2 = (float(v) for v in cells[:, 2:].max(axis=0))
    return x1, y1, x2, y2


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
