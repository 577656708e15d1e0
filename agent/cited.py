"""What the cites of an answer stand for: every ``[#1 #2]`` and ``[table1]`` resolved.

The things, texts, numbers and colours behind a cite, and the records of them that are kept. Knows
nothing of what the answer claims of them (``check.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from agent.entities import Entity
from agent.events import EntityRecord
from agent.evidence import artefact_record, entity_record
from agent.scene import Scene
from tools.types import Artefact, Codes, Labels, Number, Placed, Table, Text, TextSpans


@dataclass(frozen=True)
class Cited:
    """Everything that an answer can cite."""

    scene: Scene
    kinds: Mapping[str, type[Artefact]]
    """Every handle, with the class of its artefact."""
    get: Callable[[str], Artefact]
    """Artefact of a handle."""
    maker: Callable[[str], tuple[str, str]]
    """Tool and model that made an artefact."""

    def known(self, cite: str) -> bool:
        """Whether there is anything of this name."""
        if cite.startswith("#"):
            return self.scene.entity(int(cite[1:])) is not None
        return cite in self.kinds

    def valid(self) -> str:
        """What could have been cited, in few words."""
        numbers = len(self.scene.entities)
        things = [f"#1 to #{numbers}"] if numbers > 1 else ["#1"] * numbers
        return ", ".join([*things, *list(self.kinds)[-12:]]) or "nothing yet"

    def agrees(self, cites: Sequence[str], number: int) -> bool:
        """Whether a cited number is this one, or something is cited that counts no things."""
        artefacts = [self.get(c) for c in cites if not c.startswith("#")]
        numbers = [a.value for a in artefacts if isinstance(a, Number)]
        if numbers:
            return any(abs(value - number) <= 0.5 for value in numbers)
        return any(not isinstance(a, Placed) for a in artefacts)

    def hues(self, cite: str) -> list[str]:
        """Colours of what is cited."""
        if not cite.startswith("#"):
            artefact = self.get(cite)
            hues = isinstance(artefact, Labels) and "colo" in artefact.of.lower()
            pairs = zip(artefact.texts, artefact.scores, strict=True) if hues else ()  # type: ignore[attr-defined]
            return [", ".join(f"{t} {s:.0%}" for t, s in pairs)] if hues else []
        entity = self.scene.entity(int(cite[1:]))
        return [v for n, v in entity.attributes if n == "colour"] if entity else []

    def numerals(self, cite: str) -> list[str]:
        """Texts whose numbers a claim can be compared with; none where it has none of its own."""
        if cite.startswith("#"):
            entity = self.scene.entity(int(cite[1:]))
            return self.texts(cite) if entity and entity.kind != "thing" else []
        artefact = self.get(cite)
        if isinstance(artefact, Number):
            return [f"{abs(artefact.value):.10g}"]
        known = isinstance(artefact, Text | Table | TextSpans | Codes)
        return self.texts(cite) if known else []

    def entities(self, cites: Iterable[str]) -> list[Entity]:
        """The things that are cited, each once."""
        numbers: dict[int, None] = {}
        for cite in cites:
            if cite.startswith("#"):
                numbers[int(cite[1:])] = None
            else:
                numbers.update(dict.fromkeys(self.scene.numbers(cite)))
        return [e for n in numbers if (e := self.scene.entity(n)) is not None]

    def texts(self, cite: str) -> list[str]:
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

    def records(self, cite: str) -> list[EntityRecord]:
        """The evidence behind a cite, as it is kept with the answer."""
        if cite.startswith("#"):
            return [entity_record(e) for e in self.entities([cite])]
        entities = self.entities([cite])
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
