"""One question as it was asked: its text, and the handles of what was given with it.

Knows nothing of how it is answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass
class Question:
    """What was asked."""

    text: str
    images: tuple[str, ...]
    """Handles, as given."""
    given: tuple[str, ...]
    """Handles of boxes and points the person drew."""
    names: Mapping[str, str]
    """File names by handle. Not trusted."""
    fresh: bool = True
    """Whether the pictures came with this question, not from an earlier one."""
    clips: tuple[str, ...] = ()
    """Handles of the films whose first frames are among `images`."""
