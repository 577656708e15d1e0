"""Entities, their witnesses, and facts: what a scene is made of.

Plain records; knows nothing of artefacts, places or planners.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent.names import same_name, same_text

Box = tuple[float, float, float, float]


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
    box: Box
    """xyxy in root pixels."""
    score: float
    witnesses: tuple[Witness, ...]
    attributes: tuple[tuple[str, str], ...] = ()
    """(name, value): colour, text inside, what another witness calls it …"""

    def with_attribute(self, name: str, value: str) -> Entity:
        """The same with one more attribute, once."""
        if (name, value) in self.attributes:
            return self
        return replace(self, attributes=(*self.attributes, (name, value)))

    def agrees(self, kind: str, label: str) -> bool:
        """Whether another expert's say can be about this one."""
        if kind != self.kind:
            return False
        if kind == "thing":
            return same_name(self.label, label)
        return self.label == label if kind == "code" else same_text(self.label, label)


@dataclass(frozen=True)
class Fact:
    """Something known that is no entity: a number, a table, an absence."""

    text: str
    handle: str
    tool: str
    absent: bool = False
    """Whether it says that something is not there."""


def entity_of(record: Mapping[str, Any]) -> Entity:
    """The entity of a plain record."""
    fields = dict(record)
    fields["box"] = tuple(fields["box"])
    fields["witnesses"] = tuple(Witness(**w) for w in fields["witnesses"])
    fields["attributes"] = tuple((n, v) for n, v in fields["attributes"])
    return Entity(**fields)
