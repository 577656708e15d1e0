"""A conversation: which handle is which artefact, the scene so far, and the earlier turns.

It is what a follow-up question needs, as plain records that fit a checkpoint: names and hashes,
never pixels. Knows nothing of planners, LangGraph or how tools are run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from agent.held import KINDS, Held, Keeper, identity, root_of
from agent.protocol import Call, Turn
from agent.scene import Fact, Scene
from tools.errors import BadArguments, InputError
from tools.types import Artefact, Boxes, Clip, Image, Placed

GIVEN = ("Image", "Clip")
"""Classes of what a person gives."""
SESSION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@-]{0,119}")


class Session:
    """A conversation while it is being worked on. Used by one turn at a time."""

    def __init__(self, name: str, keeper: Keeper, live: dict[str, Artefact] | None = None) -> None:
        self.name = name
        self.keeper = keeper
        self.live: dict[str, Artefact] = {} if live is None else live
        """Artefacts in memory, by identity."""
        self.held: dict[str, Held] = {}
        self.kinds: dict[str, type[Artefact]] = {}
        self.pictures: dict[str, str] = {}
        """Handle of the root picture by its SHA-256."""
        self.memory: dict[str, str] = {}
        """Handle by key of the call that made it."""
        self.scene = Scene()
        self.turns: list[Turn] = []
        self.cold: set[str] = set()
        """Handles whose artefact must be read back from disk first."""
        self._numbers: dict[str, int] = {}
        self._saved: dict[str, set[str]] = {}
        self._saved_scene = Scene()

    def reserve(self, stem: str) -> str:
        """The next handle of a kind, so that names follow the plan and not who finishes first."""
        number = self._numbers.get(stem, 0) + 1
        self._numbers[stem] = number
        return f"{stem}{number}"

    def give_back(self, handle: str) -> None:
        """A reserved handle that was not needed; its number is used again if it was the last."""
        stem = handle.rstrip("0123456789")
        if handle not in self.held and self._numbers.get(stem) == int(handle[len(stem) :]):
            self._numbers[stem] -= 1

    def add(
        self,
        artefact: Artefact,
        sha256: str,
        *,
        handle: str = "",
        made: bool = False,
        model: str = "",
        name: str = "",
    ) -> str:
        """The handle, reserved or new, of an artefact that is already kept."""
        handle = handle or self.reserve(artefact.KIND)
        root = root_of(artefact)
        held = Held(
            sha256, type(artefact).__name__, identity(artefact, sha256), root, name, made, model
        )  # fmt: skip
        self.enter(handle, held)
        self.live[held.identity] = artefact
        self.cold.discard(handle)
        return handle

    def add_clip(self, clip: Clip, name: str) -> str:
        """The handle of a film that the person gave; one that was given before keeps its own."""
        sha256 = self.keeper.put(clip)
        known = self.given_again(sha256, ())
        return known or self.add(clip, sha256, name=name)

    def clips_of(self, pictures: Iterable[str]) -> tuple[str, ...]:
        """Handles of the films whose first frames are among these pictures."""
        roots = {self.held[h].root for h in pictures if not self.held[h].made}
        films = [(h, held) for h, held in self.held.items() if held.kind == "Clip" and held.root]
        return tuple(h for h, held in films if held.root in roots and not held.made)

    def enter(self, handle: str, held: Held) -> None:
        """Make a handle known, of an artefact or of a stored record."""
        stem = handle.rstrip("0123456789")
        self._numbers[stem] = max(self._numbers.get(stem, 0), int(handle[len(stem) :]))
        self.held[handle] = held
        self.kinds[handle] = KINDS.get(held.kind, Artefact)
        if held.identity not in self.live:
            self.cold.add(handle)
        if held.root and issubclass(self.kinds[handle], Image):
            self.pictures.setdefault(held.root, handle)

    def get(self, handle: str) -> Artefact:
        """The artefact of a handle.

        Raises:
            BadArguments: there is none of that name; the valid ones are given.
        """
        held = self.held.get(handle)
        if held is None:
            raise BadArguments(f"there is no {handle!r}", hint=self.valid(handle))
        if held.identity not in self.live:
            artefact = self.keeper.get(held.sha256)
            if isinstance(artefact, Image) and held.name and not artefact.name:
                artefact = replace(artefact, name=held.name)
            self.live[held.identity] = artefact
        self.cold.discard(handle)
        return self.live[held.identity]

    def given_again(self, sha256: str, taken: Iterable[str]) -> str:
        """The handle of a picture or film the person gave before, '' where it is new."""
        for handle, held in self.held.items():
            if held.sha256 == sha256 and held.kind in GIVEN and not held.made:
                if handle not in taken:
                    return handle
        return ""

    def valid(self, near: str = "") -> str:
        """The handles that can be named, in words."""
        handles = list(self.held)
        close = get_close_matches(near, handles, n=3, cutoff=0.7) if near else []
        shown = ", ".join(handles[-24:]) or "none"
        more = f" (last 24 of {len(handles)})" if len(handles) > 24 else ""
        things = f"; #1 to #{len(self.scene.entities)}" if self.scene.entities else ""
        meant = f"Did you mean {' or '.join(close)}? " if close else ""
        return f"{meant}Valid: {shown}{more}{things}"

    def entity_rows(self, numbers: Iterable[int], fits: type[Artefact]) -> Artefact:
        """Entities as one artefact of a class that `fits` takes.

        A witness that has the class asked for is preferred (the quad of a text, a mask), then
        upright boxes.

        Raises:
            BadArguments: a number is unknown, or they lie in different pictures.
        """
        wanted = list(numbers)
        if len(wanted) == 1:
            own = self._row(wanted[0], fits)
            if own is not None:
                return own
        parts = [self._box(n) for n in wanted]
        if len({p.frame.root for p in parts}) > 1:
            names = ", ".join(f"#{n}" for n in wanted)
            raise BadArguments(f"{names} lie in different pictures", hint="Name those of one")
        return Boxes(
            parts[0].frame,
            np.concatenate([p.xyxy for p in parts]),
            tuple(label for p in parts for label in p.labels),
            np.concatenate([p.scores for p in parts]),
        )

    def _row(self, number: int, fits: type[Artefact]) -> Artefact | None:
        entity = self.scene.entity(number)
        for witness in entity.witnesses if entity else ():
            if witness.handle in self.held and issubclass(self.kinds[witness.handle], fits):
                artefact = self.get(witness.handle)
                if isinstance(artefact, Placed):
                    return artefact.take([witness.row])
        return None

    def _box(self, number: int) -> Boxes:
        entity = self.scene.entity(number)
        if entity is None:
            raise BadArguments(f"there is no #{number}", hint=self.valid())
        picture = self.get(entity.image)
        assert isinstance(picture, Image)
        box = np.asarray([entity.box], np.float32)
        return Boxes(picture.frame, box, (entity.label,), np.asarray([entity.score], np.float32))

    def unsaved(self) -> dict[str, dict[str, Any]]:
        """Plain records of what is new or different since the last time this was asked.

        By kind of record and then by key, so that later ones are merged over earlier ones.
        """
        scene = self.scene
        now: dict[str, Mapping[str, Any]] = {
            "held": self.held,
            "memory": self.memory,
            "facts": dict(zip(map(str, range(len(scene.facts))), scene.facts, strict=True)),
            "rows": scene.rows,
            "turns": dict(zip(map(str, range(len(self.turns))), self.turns, strict=True)),
        }
        news: dict[str, dict[str, Any]] = {"entities": scene.changed(self._saved_scene)}
        for kind, records in now.items():
            fresh = records.keys() - self._saved.get(kind, set())
            news[kind] = {key: _plain(records[key]) for key in records if key in fresh}
            self._saved.setdefault(kind, set()).update(fresh)
        self._saved_scene = scene
        return {kind: records for kind, records in news.items() if records}

    @classmethod
    def from_records(
        cls,
        name: str,
        records: Mapping[str, Any],
        keeper: Keeper,
        live: dict[str, Artefact] | None = None,
    ) -> Session:
        """The conversation that `records` were taken of."""
        session = cls(name, keeper, live)
        for handle, held in records.get("held", {}).items():
            session.enter(handle, Held(**held))
        session.memory = dict(records.get("memory", {}))
        session.scene = Scene.from_records(
            records.get("entities", {}), _in_order(records, "facts"), records.get("rows", {})
        )
        session.turns = [_turn(t) for t in _in_order(records, "turns")]
        session.unsaved()
        return session


def _in_order(records: Mapping[str, Any], kind: str) -> list[Any]:
    found = records.get(kind, {})
    return [found[key] for key in sorted(found, key=int)]


def _plain(value: Any) -> Any:
    if isinstance(value, Turn):
        record = {item.name: getattr(value, item.name) for item in fields(value)}
        record["calls"] = [c.model_dump(mode="json") for c in value.calls]
        return record
    if isinstance(value, Held | Fact):
        return dict(vars(value))
    return list(value) if isinstance(value, tuple) else value


def _turn(record: Mapping[str, Any]) -> Turn:
    lists = {k: tuple(v) for k, v in record.items() if isinstance(v, list | tuple)}
    calls = tuple(Call.model_validate(c) for c in record["calls"])
    return Turn(**{**record, **lists, "calls": calls})


def session_name(name: str, new: Callable[[], str]) -> str:
    """A usable name of a conversation, a new one for ''.

    Raises:
        InputError: it has characters that a name may not have.
    """
    if not name:
        return new()
    if not SESSION_NAME.fullmatch(name):
        raise InputError(
            f"{name[:40]!r} is no name of a conversation",
            hint="Use 1 to 120 letters, digits and _.:@- and begin with a letter or digit",
        )
    return name
