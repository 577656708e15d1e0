"""What an answer cites, as the records that are shown beside it.

Knows nothing of answers or of whether they hold.
"""

from __future__ import annotations

from agent.entities import Entity, Fact
from agent.events import EntityRecord
from tools.types import Artefact, Image, Table


def entity_record(entity: Entity) -> EntityRecord:
    """An entity with all who saw it."""
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


def artefact_record(
    handle: str, artefact: Artefact, fact: Fact | None, maker: tuple[str, str]
) -> EntityRecord:
    """An artefact that is no entity: a number, a table, a picture, an absence.

    Args:
        handle: Its handle.
        artefact: The artefact.
        fact: What the scene knows by it.
        maker: Tool and model that made it.
    """
    tool, model = maker
    label = "nothing found" if fact and fact.absent else type(artefact).__name__.lower()
    return EntityRecord(
        id=handle,
        label=label,
        box=_table_box(artefact) if isinstance(artefact, Table) else None,
        score=None,
        text=fact.text if fact else artefact.describe(),
        image=handle if isinstance(artefact, Image) else "",
        sources=tuple(s for s in (fact.tool if fact else tool, model) if s),
    )
