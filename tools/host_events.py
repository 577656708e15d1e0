"""What the host reports: small frozen records of loads, evictions, waits, failures and calls.

They are told to a callback as they happen, from several threads. Knows nothing of who listens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Loaded:
    """A model became resident."""

    name: str
    seconds: float
    mb: float
    """What it is charged on the ledger."""
    parked: bool = False
    """It came back from host memory, not from disk."""
    at: datetime = field(default_factory=_now)


@dataclass(frozen=True)
class Evicted:
    """A model left memory."""

    name: str
    reason: str
    parked: bool = False
    """It waits in host memory."""
    at: datetime = field(default_factory=_now)


@dataclass(frozen=True)
class Waiting:
    """A caller must wait until leased models are given back."""

    name: str
    """The model that is wanted."""
    mb: float
    at: datetime = field(default_factory=_now)


@dataclass(frozen=True)
class Failed:
    """A model did not load or a call on it failed; the next model, if any, is tried."""

    name: str
    error: str
    """One line."""
    at: datetime = field(default_factory=_now)


@dataclass(frozen=True)
class Retried:
    """A model ran out of memory; idle ones were evicted and the call is made once more."""

    name: str
    error: str
    evicted: tuple[str, ...] = ()
    at: datetime = field(default_factory=_now)


@dataclass(frozen=True)
class Called:
    """A model answered."""

    name: str
    version: str
    """With the name, what a cache needs to know the answer by."""
    seconds: float
    """On the model itself, without waiting or loading."""
    remembered: bool = False
    """It had answered the same question before; nothing was run."""
    at: datetime = field(default_factory=_now)


HostEvent = Loaded | Evicted | Waiting | Failed | Retried | Called
