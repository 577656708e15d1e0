"""What a declared tool and a declared model are: what they take, what they need, what they can do.

Plain records with the questions one can ask of them. Know nothing of how a declaration is read
(``tools/declare.py``), found (``tools/catalog.py``) or run (``tools/host.py``).
"""

from __future__ import annotations

import builtins
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from tools import packages
from tools.errors import BadArguments
from tools.types import Artefact
from tools.weights import is_here, pull

Effect = Literal["read", "edit", "send"]
"""``read`` only looks; ``edit`` makes a new picture and ``send`` gives something out of the machine:
both need to be asked for by the user."""
RESTRICTED = ("GPL", "-NC", "non-commercial", "research", "custom")
"""What the name of a licence has in it that does not leave a model's use free."""
ANY = ("*",)
"""The labels of a model that finds whatever it is told to."""
_BUILDING = threading.Lock()
"""Validators are built when they are first needed, by one thread at a time."""


@dataclass(frozen=True)
class Param:
    """One parameter of a tool."""

    name: str
    type: builtins.type
    """An artefact class, ``str``, ``int``, ``float``, ``bool`` or ``list``."""
    required: bool
    default: Any
    choices: tuple[str, ...] = ()
    """The values of a ``Literal``."""
    description: str = ""

    @property
    def is_artefact(self) -> bool:
        """Whether a handle goes here."""
        return issubclass(self.type, Artefact)

    def takes(self, kind: builtins.type) -> bool:
        """Whether an artefact of this class fits."""
        return self.is_artefact and issubclass(kind, self.type)


@dataclass(frozen=True)
class ToolSpec:
    """A declared ability."""

    name: str
    fn: Callable[..., Artefact] = field(repr=False)
    params: Mapping[str, Param] = field(repr=False)
    args: type[BaseModel] = field(repr=False)
    """Validates plain arguments and demands real artefacts (never a dict in their place)."""
    returns: type[Artefact]
    summary: str
    """First line of the docstring: what a planner reads."""
    doc: str = field(repr=False)
    effect: Effect = "read"
    needs: str = ""
    """The ability a model must bring; empty when plain code does it."""
    verbs: tuple[str, ...] = ()
    """Words by which a person asks for this action, for planners without an LLM."""
    nouns: tuple[str, ...] = ()
    """Words for the things or the result it yields."""

    def check(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments validated and completed with defaults.

        Raises:
            BadArguments: a name, type or bound is wrong; the message lists every fault.
        """
        if not self.args.__pydantic_complete__:
            with _BUILDING:
                self.args.model_rebuild()
        try:
            model = self.args(**args)
        except ValidationError as error:
            faults = "; ".join(
                f"{'.'.join(str(p) for p in e['loc']) or 'arguments'}: {e['msg']}"
                for e in error.errors()[:5]
            )
            known = ", ".join(self.params)
            raise BadArguments(f"{self.name}: {faults}", hint=f"It takes: {known}") from None
        return {name: getattr(model, name) for name in self.params}


@dataclass(frozen=True)
class ModelSpec:
    """A model or library that can do an ability."""

    name: str
    ability: str
    """What it does; see also `also`."""
    licence: str
    """SPDX name of code and weights, the stricter of the two."""
    load: Callable[[], Any] = field(repr=False)
    """Makes the model: a callable that answers with artefacts. Heavy imports live in here."""
    version: str
    """Part of the cache key: changes whenever answers could."""
    modules: tuple[str, ...] = ()
    """Import names that must be present."""
    extra: str = ""
    """The ``pip install 'ocelli[extra]'`` that brings them; empty: in the core."""
    weights: str = "none"
    """Where the weights come from: ``none``, ``in package NAME`` or a hub id, ``org/name``."""
    parts: tuple[str, ...] = ()
    """Further hub ids it is made of."""
    files: tuple[str, ...] = ()
    """``HUB_ID/PATTERN`` of what it loads, where a repository holds more than this model."""
    weights_mb: float = 0.0
    memory_mb: float = 50.0
    """What it occupies once loaded."""
    labels: tuple[str, ...] = ()
    """The only names it can find, or `ANY`; empty: it is not told what to find."""
    also: tuple[str, ...] = ()
    """Further abilities of the same weights. A model that has any has one method per ability, of
    its name; a model with one ability is called itself."""
    notes: str = ""
    """What it can and cannot answer, measured."""

    @property
    def abilities(self) -> tuple[str, ...]:
        """All it can do."""
        return (self.ability, *self.also)

    @property
    def repos(self) -> tuple[str, ...]:
        """Hub ids of all its weights."""
        own = () if self.weights == "none" or " " in self.weights else (self.weights,)
        return (*own, *self.parts)

    @property
    def permissive(self) -> bool:
        """Whether its use is free: not non-commercial, not copyleft, not under a maker's own terms."""
        return not any(word in self.licence for word in RESTRICTED)

    def missing(self) -> str:
        """Why it cannot be used here, '' when it is ready. Imports nothing."""
        absent = [m for m in self.modules if not packages.installed(m)]
        if absent:
            return f"package {', '.join(absent)} is not installed"
        unfetched = [r for r in self.repos if not is_here(r, self.files)]
        return f"weights {', '.join(unfetched)} are not on this machine" if unfetched else ""

    def mend(self) -> str:
        """The command that brings what is missing first, '' when it is ready."""
        if any(not packages.installed(m) for m in self.modules):
            return f"pip install 'ocelli[{self.extra}]'" if self.extra else "pip install ocelli"
        return pull(self.name) if self.missing() else ""

    def cannot(self, labels: tuple[str, ...]) -> str:
        """Why it cannot look for these names, '' when it can."""
        strange = [name for name in labels if self.labels and not self.knows(name)]
        return f"knows only {', '.join(self.labels)}, not {', '.join(strange)}" if strange else ""

    def knows(self, label: str) -> bool:
        """Whether it can find what goes by this name."""
        return self.labels == ANY or label in self.labels

    def bound(self, model: Any, ability: str) -> Callable[..., Any]:
        """What to call on the loaded `model` for one of its abilities."""
        call: Callable[..., Any] = getattr(model, ability) if self.also else model
        return call
