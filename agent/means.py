"""What an agent works with: its models, what they have answered before, and the store of artefacts.

Made once, when it is first needed. Knows nothing of questions or conversations.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, cast

from agent.folders import cache_folder
from agent.held import Keeper, NoKeeper
from agent.settings import Settings
from tools.catalog import Catalog
from tools.context import Models
from tools.host_events import HostEvent
from tools.profiles import Profile


class Means:
    """The models and the store of one agent."""

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        profile: Profile,
        host: Models | None,
        hear: Callable[[HostEvent], None],
    ) -> None:
        """Make nothing yet.

        Args:
            settings: of the agent.
            catalog: all tools and models.
            profile: which of the models come first.
            host: of the models, and not closed with the rest; None to make one.
            hear: told what a host that is made does.
        """
        self.host = host
        """Runs the models."""
        self.models: Models | None = None
        """The host, behind what its models have answered before."""
        self.store: Keeper | None = None
        """Keeps the artefacts."""
        self._settings, self._catalog, self._profile = settings, catalog, profile
        self._hear = hear
        self._own_host = host is None
        self._guard = threading.Lock()

    def set_up(self) -> None:
        """Make what is not there yet."""
        with self._guard:
            if self.host is None:
                from tools.host import Host

                self.host = Host(self._catalog, self._profile, on_event=self._hear)
            if self.store is None:
                self.store = self._keeper()
            if self.models is None:
                self.models = self._recalling() or self.host

    def close(self) -> None:
        """Give the models and the store back. May be called twice."""
        for part in ((self.host if self._own_host else None), self.models, self.store):
            close = getattr(part, "close", None)
            if close is not None and (self._own_host or part is not self.host):
                close()
        self.store = self.models = None

    def forget(self, gone: set[str], about: set[str], kept: set[str]) -> None:
        """Forget artefacts, and what models answered about them.

        Args:
            gone: SHA-256 of the artefacts that no conversation uses any more.
            about: SHA-256 of what models may have answered about.
            kept: SHA-256 of the artefacts that others use.
        """
        from tools.recall import Answers

        path = cache_folder(self._settings) / "answers.sqlite"
        if self.store is None or not gone | about:
            return
        known = getattr(self.models, "answers", None)
        answers = known or (Answers(path) if path.exists() else None)
        gone = gone | (answers.forget(about) if answers else set())
        if answers is not None and answers is not known:
            answers.close()
        self.store.delete(gone - kept)

    def _recalling(self) -> Models | None:
        """The host behind what its models have answered before; None where nothing is kept."""
        if not (self._settings.cache and self._settings.remember and self._own_host):
            return None
        from tools.recall import Answers, Recalling

        answers = Answers(cache_folder(self._settings) / "answers.sqlite")
        return Recalling(cast(Any, self.host), answers, cast(Any, self.store))

    def _keeper(self) -> Keeper:
        if not self._settings.remember:
            return NoKeeper()
        from tools.store import Store

        return Store(cache_folder(self._settings) / "store")
