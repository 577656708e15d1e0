"""Who may see which file and which open page of the web app.

A visitor is one browser, known by an unguessable name. Everything is held in memory and under one
private folder; nothing outlives the process. Knows nothing of HTTP, Gradio, agents or events.
"""

from __future__ import annotations

import secrets
import shutil
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

MAX_VISITORS = 10_000
MAX_FILES = 2_000
"""Files one visitor may hold at a time."""
MAX_PAGES = 2_000
"""Pages one visitor may open."""


@dataclass
class Visitor:
    """What one browser may see."""

    files: set[str] = field(default_factory=set)
    """Paths on the server."""
    pages: set[str] = field(default_factory=set)
    """Ids of its open pages, chosen by the browser."""


class Visitors:
    """Who may see which file. Forgotten when the process ends."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        """Nothing outside is ever deleted."""
        self.folder = self.root / "shown"
        """What can be fetched by those who own it."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._known: OrderedDict[str, Visitor] = OrderedDict()

    def greet(self) -> str:
        """The id of a new visitor; the one not seen for longest leaves when there are too many."""
        name = secrets.token_urlsafe(24)
        self._known[name] = Visitor()
        while len(self._known) > MAX_VISITORS:
            self.forget(next(iter(self._known)))
        return name

    def find(self, name: str) -> Visitor | None:
        """The visitor of this id."""
        if name in self._known:
            self._known.move_to_end(name)
        return self._known.get(name)

    def room(self) -> Path:
        """A new folder with an unguessable name."""
        path = self.folder / secrets.token_urlsafe(24)
        path.mkdir(parents=True, mode=0o700)
        return path

    def give(self, name: str, path: str) -> None:
        """Let a visitor see a file."""
        visitor = self.find(name)
        if visitor is not None and len(visitor.files) < MAX_FILES:
            visitor.files.add(path)

    def owns(self, name: str, path: str) -> bool:
        """Whether a visitor may see a file."""
        visitor = self.find(name)
        return visitor is not None and path in visitor.files

    def claims(self, name: str, page: str) -> bool:
        """Whether a page id is this visitor's; an id nobody holds becomes theirs."""
        visitor = self.find(name)
        if visitor is None or not page:
            return False
        if page in visitor.pages:
            return True
        if len(visitor.pages) >= MAX_PAGES or any(
            page in other.pages for other in self._known.values()
        ):
            return False
        visitor.pages.add(page)
        return True

    def discard(self, name: str, paths: Iterable[str], folders: Iterable[Path] = ()) -> None:
        """Delete files of a visitor that nobody else holds, and folders."""
        visitor = self._known.get(name)
        for path in set(paths):
            if visitor is not None:
                visitor.files.discard(path)
            held = any(path in other.files for other in self._known.values())
            if not held and Path(path).is_relative_to(self.folder):
                Path(path).unlink(missing_ok=True)
        for folder in folders:
            if visitor is not None:
                visitor.files = {f for f in visitor.files if not Path(f).is_relative_to(folder)}
            if folder.is_relative_to(self.root) and folder != self.root:
                shutil.rmtree(folder, ignore_errors=True)

    def forget(self, name: str) -> None:
        """Delete a visitor and what only they could see."""
        visitor = self._known.get(name)
        if visitor is not None:
            self.discard(name, list(visitor.files))
            del self._known[name]
