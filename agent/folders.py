"""The folders of an agent: where its store and conversations lie, and where those of its runs.

And the pictures that are still in that store. Knows nothing of what a run writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent.settings import Settings
from tools.errors import InputError, ToolError
from tools.types import Image


def cache_folder(settings: Settings) -> Path:
    """Where the store and the conversations lie."""
    return settings.home or Path.home() / ".cache" / "ocelli"


def runs_folder(settings: Settings) -> Path:
    """Where the folders of the runs lie."""
    return settings.out or Path("ocelli-runs")


def kept_pictures(settings: Settings, sha256s: Sequence[str]) -> list[Image]:
    """Pictures of earlier runs, by hash.

    Raises:
        InputError: one is no longer in the store.
    """
    from tools.store import Store

    store = Store(cache_folder(settings) / "store")
    try:
        found = [store.get(sha256) for sha256 in sha256s]
    except ToolError as error:
        raise InputError(
            f"a picture of that run is no longer kept: {error}",
            hint="Name the pictures to use",
        ) from None
    finally:
        store.close()
    return [artefact for artefact in found if isinstance(artefact, Image)]
