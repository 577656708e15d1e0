"""What is written down about a call while it runs: which models answered, what the host reports.

Knows nothing of tools, plans or how calls are run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

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
        if not isinstance(event, host_events.Called) or event.remembered:
            self.emit(host_word(event, self.step))


def host_word(event: host_events.HostEvent, step: int = 0) -> HostEvent:
    """What the host reports, as an event of the run."""
    remembered = isinstance(event, host_events.Called) and event.remembered
    what = "remembered" if remembered else type(event).__name__.lower()
    return HostEvent(step=step, what=what, model=event.name, note=_words(event), at=event.at)


def models_for(models: Models, noted: Noted) -> Models:
    """The models, telling `noted` who answers; those that cannot tell are used as they are."""
    heard_by = getattr(models, "heard_by", None)
    return heard_by(noted.hear) if heard_by else models


def _words(event: host_events.HostEvent) -> str:
    """What follows ``loaded``, ``evicted`` and the like in a sentence."""
    match event:
        case host_events.Loaded():
            return f"in {_seconds(event.seconds)}, {_size(event.mb)}"
        case host_events.Evicted():
            return event.reason
        case host_events.Waiting():
            return f"for {_size(event.mb)}"
        case host_events.Failed():
            return event.error
        case host_events.Retried():
            gone = f", without {', '.join(event.evicted)}" if event.evicted else ""
            return f"after: {event.error}{gone}"
        case host_events.Called(remembered=True):
            return "it answered this before; nothing was run"
        case host_events.Called():
            return f"in {_seconds(event.seconds)}"


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 100 else f"{value:.0f} s"


def _size(mb: float) -> str:
    return f"{mb:.0f} MB" if mb < 1000 else f"{mb / 1000:.1f} GB"
