"""What is written down about a call while it runs: which models answered, what the host reports.

Knows nothing of tools, plans or how calls are run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from agent.events import Event, HostEvent
from tools import host_events
from tools.context import Models


@dataclass
class Noted:
    """What is written down about a call while it runs."""

    emit: Callable[[Event], None]
    """May be called from any thread."""
    step: int
    models: list[str] = field(default_factory=list)

    def hear(self, event: host_events.HostEvent) -> None:
        """A word of the host about this call."""
        if isinstance(event, host_events.Called):
            self.models.append(event.name)
        else:
            self.emit(host_word(event, self.step))


def host_word(event: host_events.HostEvent, step: int = 0) -> HostEvent:
    """What the host reports, as an event of the run."""
    known = asdict(event)
    notes = (_said(k, v) for k, v in known.items() if k not in ("name", "at") and v)
    what = type(event).__name__.lower()
    return HostEvent(step=step, what=what, model=event.name, note=", ".join(notes), at=event.at)


def models_for(models: Models, noted: Noted) -> Models:
    """The models, telling `noted` who answers; those that cannot tell are used as they are."""
    heard_by = getattr(models, "heard_by", None)
    return heard_by(noted.hear) if heard_by else models


def _said(name: str, value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g} {_UNITS.get(name, name)}"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


_UNITS = {"seconds": "s", "mb": "MB"}
