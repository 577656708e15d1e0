"""The numbered scene: what the experts saw, fused into entities with witnesses, and facts.

A pure fold over results: ``Scene().add(...)`` gives the next scene. Things at the same place with
an agreeing label become one entity; text inside a thing hangs on it; nothing found is a fact too.
Knows nothing of planners, stores or how calls are run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from agent.entities import Entity, Fact, Witness, entity_of
from agent.fusion import Fusion
from agent.wording import absence, attribute_name
from tools.types import Image, Labels, Placed, Points

if TYPE_CHECKING:
    from agent.protocol import Result

__all__ = ["Entity", "Fact", "Scene", "Witness"]


@dataclass(frozen=True)
class Scene:
    """Entities numbered from 1 and facts, in the order they became known."""

    entities: tuple[Entity, ...] = ()
    facts: tuple[Fact, ...] = ()
    rows: Mapping[str, tuple[int, ...]] = field(default_factory=dict, repr=False)
    """Entity number of each row, by handle of the artefact."""
    places: Mapping[str, tuple[int, ...]] = field(default_factory=dict, repr=False)
    """Entity numbers by handle of the root picture."""

    def entity(self, number: int) -> Entity | None:
        """The entity ``#number``."""
        return self.entities[number - 1] if 0 < number <= len(self.entities) else None

    def numbers(self, handle: str, rows: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """Entity numbers of the rows of an artefact (all rows by default), in row order."""
        known = self.rows.get(handle, ())
        wanted = tuple(range(len(known))) if rows is None else rows
        return tuple(known[r] for r in wanted if 0 <= r < len(known))

    def fact_of(self, handle: str) -> Fact | None:
        """What the artefact `handle` says beyond entities."""
        return next((f for f in self.facts if f.handle == handle), None)

    def add(
        self,
        result: Result,
        *,
        pictures: Mapping[str, str],
        args: Mapping[str, Any] | None = None,
    ) -> Scene:
        """The scene after one more result.

        Args:
            result: A call that made an artefact; others change nothing.
            pictures: Handle of the root picture by its SHA-256.
            args: The call's arguments with defaults filled in, for the wording of an absence.
        """
        artefact = result.artefact
        if artefact is None or isinstance(artefact, (Image, Points)) or result.handle in self.rows:
            return self
        if isinstance(artefact, Placed):
            image = pictures.get(artefact.frame.root, "")
            if len(artefact):
                return Fusion(self, image).place(result, artefact)
            fact = absence(result, artefact, image, args or result.call.args)
            known = {**self.rows, result.handle: ()}
            return replace(self, facts=(*self.facts, fact), rows=known)
        if self.fact_of(result.handle) is not None:
            return self
        fact = Fact(artefact.describe(), result.handle, result.call.tool)
        scene = replace(self, facts=(*self.facts, fact))
        return scene._named(result, artefact) if isinstance(artefact, Labels) else scene

    def _named(self, result: Result, labels: Labels) -> Scene:
        """Labels of a region hang on the entity that the region is."""
        number = self._region(result.call.args)
        entity = self.entity(number)
        if entity is None or not labels.texts:
            return self
        pairs = zip(labels.texts[:3], labels.scores, strict=False)
        value = ", ".join(f"{text} {score:.0%}" for text, score in pairs)
        named = entity.with_attribute(attribute_name(result.call.tool, labels.of), value)
        entities = list(self.entities)
        entities[number - 1] = named
        return replace(self, entities=tuple(entities))

    def _region(self, args: Mapping[str, Any]) -> int:
        """The one entity an argument names, 0 where there is none."""
        for value in args.values():
            if isinstance(value, str) and value.startswith("#") and value[1:].isdecimal():
                return int(value[1:])
            if isinstance(value, str) and len(self.rows.get(value, ())) == 1:
                return self.rows[value][0]
        return 0

    def changed(self, since: Scene) -> dict[str, dict[str, Any]]:
        """Records of the entities that are new or different, by number."""
        old = since.entities
        return {
            str(e.id): asdict(e)
            for i, e in enumerate(self.entities)
            if i >= len(old) or old[i] is not e
        }

    @classmethod
    def from_records(
        cls,
        entities: Mapping[str, Mapping[str, Any]],
        facts: list[Mapping[str, Any]],
        rows: Mapping[str, list[int]],
    ) -> Self:
        """The scene of plain records, as `changed` and ``asdict`` make them."""
        known = tuple(entity_of(entities[k]) for k in sorted(entities, key=int))
        places: dict[str, tuple[int, ...]] = {}
        for entity in known:
            places[entity.image] = (*places.get(entity.image, ()), entity.id)
        said = tuple(Fact(**f) for f in facts)
        return cls(known, said, {h: tuple(n) for h, n in rows.items()}, places)
