"""The numbered scene: what the experts saw, fused into entities with witnesses, and facts.

A pure fold over results: ``Scene().add(...)`` gives the next scene. Things at the same place with
an agreeing label become one entity; text inside a thing hangs on it; nothing found is a fact too.
Knows nothing of planners, stores or how calls are run.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Witness:
    """One expert's say about an entity."""

    handle: str
    """Artefact that holds it."""
    row: int
    """Its row there."""
    tool: str
    model: str
    """Empty where plain code answered."""
    label: str
    score: float


@dataclass(frozen=True)
class Entity:
    """One thing in one picture."""

    id: int
    """Cited as ``#id``."""
    kind: str
    """``thing``, ``text`` or ``code``."""
    label: str
    """What it is; for text and codes: what it says."""
    image: str
    """Handle of its root picture."""
    box: tuple[float, float, float, float]
    """xyxy in root pixels."""
    score: float
    witnesses: tuple[Witness, ...]
    attributes: tuple[tuple[str, str], ...] = ()
    """(name, value): colour, text inside, what another witness calls it …"""


@dataclass(frozen=True)
class Fact:
    """Something known that is no entity: a number, a table, an absence."""

    text: str
    handle: str
    tool: str
    absent: bool = False
    """Whether it says that something is not there."""


@dataclass(frozen=True)
class Scene:
    """Entities numbered from 1 and facts, in the order they became known."""

    entities: tuple[Entity, ...] = ()
    facts: tuple[Fact, ...] = ()

    def entity(self, number: int) -> Entity | None:
        """The entity ``#number``."""
        return next((e for e in self.entities if e.id == number), None)

    def numbers(self, handle: str, rows: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """Entity numbers of the rows of an artefact (all rows by default), in row order."""
        found = {
            w.row: e.id for e in self.entities for w in e.witnesses if w.handle == handle
        }  # fmt: skip
        wanted = sorted(found) if rows is None else rows
        return tuple(found[r] for r in wanted if r in found)
