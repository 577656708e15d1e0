"""How a tool or a model is declared, and how all of them are found.

A tool is one typed function under ``tools/experts/`` with the ``@tool`` decorator: its signature
is the contract, its docstring is what a planner reads. A model is one module under
``tools/models/`` with a ``MODEL``. Declarations are checked when they are imported; nobody keeps
a list. Knows nothing of running them (``tools/host.py``) or of joining them (``tools/graph.py``).
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import inspect
import operator
import pkgutil
import threading
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, InstanceOf, ValidationError, create_model
from pydantic.fields import FieldInfo

from tools.context import ToolContext
from tools.errors import BadArguments, SpecError
from tools.types import Artefact
from tools.weights import is_here, pull

Effect = Literal["read", "edit", "send"]
"""``read`` only looks; ``edit`` makes a new picture and ``send`` gives something out of the machine:
both need to be asked for by the user."""

PLAIN = (str, int, float, bool)
RESTRICTED = ("GPL", "-NC", "non-commercial", "research", "custom")
"""What the name of a licence has in it that does not leave a model's use free."""
ANY = ("*",)
"""The labels of a model that finds whatever it is told to."""
_BUILDING = threading.Lock()
"""Validators are built when they are first needed, by one thread at a time."""
F = TypeVar("F", bound=Callable[..., Artefact])


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
        absent = [m for m in self.modules if not _is_there(m)]
        if absent:
            return f"package {', '.join(absent)} is not installed"
        unfetched = [r for r in self.repos if not is_here(r, self.files)]
        return f"weights {', '.join(unfetched)} are not on this machine" if unfetched else ""

    def mend(self) -> str:
        """The command that brings what is missing first, '' when it is ready."""
        if any(not _is_there(m) for m in self.modules):
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


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # its parent package is absent
        return False


def tool(
    *,
    effect: Effect = "read",
    needs: str = "",
    verbs: tuple[str, ...] = (),
    nouns: tuple[str, ...] = (),
) -> Callable[[F], F]:
    """Declare a function ``(ctx: ToolContext, …) -> Artefact`` as a tool.

    Raises:
        SpecError: at import, when the declaration lacks a docstring or a type, or returns
            something that is not an artefact.
    """

    def declare(fn: F) -> F:
        fn.spec = _read(fn, effect, needs, verbs, nouns)  # type: ignore[attr-defined]
        return fn

    return declare


def _read(
    fn: Callable[..., Artefact],
    effect: Effect,
    needs: str,
    verbs: tuple[str, ...],
    nouns: tuple[str, ...],
) -> ToolSpec:
    name = fn.__name__
    doc = inspect.getdoc(fn)
    if not doc:
        raise SpecError(f"tool {name!r} has no docstring", hint="Its first line is the tool card")
    try:
        hints = typing.get_type_hints(fn, include_extras=True)
    except NameError as error:
        raise SpecError(f"tool {name!r} has a type that cannot be resolved: {error}") from None
    returns = hints.get("return")
    if not (isinstance(returns, type) and issubclass(returns, Artefact)):
        raise SpecError(f"tool {name!r} must return one artefact type, not {returns!r}")
    signature = list(inspect.signature(fn).parameters.values())
    if not signature or hints.get(signature[0].name) is not ToolContext:
        raise SpecError(f"tool {name!r} must take ctx: ToolContext first")
    params, definitions = {}, {}
    for parameter in signature[1:]:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise SpecError(f"tool {name!r} must name each parameter, not {parameter}")
        if parameter.name not in hints:
            raise SpecError(f"parameter {parameter.name!r} of tool {name!r} has no type")
        param, definition = _read_param(name, parameter, hints[parameter.name])
        params[param.name], definitions[param.name] = param, definition
    config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, defer_build=True)
    args: type[BaseModel] = create_model(f"{name}_args", __config__=config, **definitions)
    for param in params.values():
        _check_default(name, param, args)
    summary = doc.splitlines()[0]
    return ToolSpec(
        name, fn, params, args, returns, summary, doc, effect, needs, verbs, nouns
    )  # fmt: skip


def _check_default(tool_name: str, param: Param, args: type[BaseModel]) -> None:
    """Refuse a default that a caller could not give."""
    if param.required or _plainly_fits(param, args):
        return
    try:
        args.__pydantic_validator__.validate_assignment(
            args.model_construct(), param.name, param.default
        )
    except ValidationError as error:
        said = error.errors()[0]["msg"]
        raise SpecError(
            f"the default {param.default!r} of {param.name!r} of tool {tool_name!r}: {said}"
        ) from None


def _read_param(tool_name: str, parameter: inspect.Parameter, hint: Any) -> tuple[Param, Any]:
    base: Any = hint
    extras: tuple[Any, ...] = ()
    if typing.get_origin(base) is Annotated:
        base, *rest = typing.get_args(base)
        extras = tuple(rest)
    optional = False
    if typing.get_origin(base) in (typing.Union, types.UnionType):
        options = [a for a in typing.get_args(base) if a is not type(None)]
        optional = len(options) < len(typing.get_args(base))
        if len(options) != 1:
            raise SpecError(f"parameter {parameter.name!r} of {tool_name!r}: only X or X | None")
        base = options[0]
    choices: tuple[str, ...] = ()
    if typing.get_origin(base) is Literal:
        choices = tuple(str(v) for v in typing.get_args(base))
        kind: type = str
    elif typing.get_origin(base) is list and typing.get_args(base)[0] in PLAIN:
        kind = list
    elif isinstance(base, type) and (issubclass(base, Artefact) or base in PLAIN):
        kind = base
    else:
        raise SpecError(
            f"parameter {parameter.name!r} of tool {tool_name!r} has type {base!r}",
            hint="Use an artefact, str, int, float, bool, Literal or list[str]",
        )
    required = parameter.default is inspect.Parameter.empty
    checked: Any = base
    if issubclass(kind, Artefact):
        checked = InstanceOf[kind]  # type: ignore[valid-type, misc]
    if optional:
        checked = checked | None
    for extra in extras:
        checked = Annotated[checked, extra]
    described = next((e.description or "" for e in extras if isinstance(e, FieldInfo)), "")
    default = None if required else parameter.default
    param = Param(parameter.name, kind, required, default, choices, described)
    return param, (checked, ... if required else parameter.default)


def _plainly_fits(param: Param, args: type[BaseModel]) -> bool:
    """Whether a default is seen to fit without the validator, which takes long to build."""
    field = args.model_fields[param.name]
    value = param.default
    if value is None:
        return type(None) in typing.get_args(field.annotation)
    if param.choices:
        return value in param.choices
    if type(value) is not param.type or not isinstance(value, str | int | float):
        return False
    bounds = [(m, name) for m in field.metadata for name in _names(m)]
    tests = {"ge": operator.ge, "gt": operator.gt, "le": operator.le, "lt": operator.lt}
    return all(name in tests and tests[name](value, getattr(m, name)) for m, name in bounds)


def _names(bound: Any) -> list[str]:
    """The names of the fields of a bound such as ``Ge(0)``."""
    return [f.name for f in fields(bound)] if is_dataclass(bound) else [""]


@dataclass(frozen=True)
class Catalog:
    """All tools and models, by name."""

    tools: Mapping[str, ToolSpec]
    models: Mapping[str, ModelSpec]

    def tool(self, name: str) -> ToolSpec:
        """The tool of this name.

        Raises:
            BadArguments: there is none; the nearest names are given.
        """
        if name in self.tools:
            return self.tools[name]
        near = get_close_matches(name, self.tools, n=3)
        offer = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(self.tools)}"
        raise BadArguments(f"there is no tool {name!r}", hint=offer)

    def of_ability(self, ability: str) -> list[ModelSpec]:
        """The models that declare `ability`, in order of name."""
        return [m for m in self.models.values() if ability in m.abilities]


@cache
def discover() -> Catalog:
    """Import every module of ``tools/experts`` and ``tools/models`` and read its declarations.

    Raises:
        SpecError: two tools or two models share a name, or a declaration is wrong.
    """
    tools: dict[str, ToolSpec] = {}
    for module in _modules("tools.experts"):
        for item in vars(module).values():
            spec = getattr(item, "spec", None)
            if isinstance(spec, ToolSpec) and item.__module__ == module.__name__:
                _add(tools, spec, module.__name__)
    models: dict[str, ModelSpec] = {}
    for module in _modules("tools.models"):
        for item in vars(module).values():
            if isinstance(item, ModelSpec):
                _add(models, item, module.__name__)
    return Catalog(dict(sorted(tools.items())), dict(sorted(models.items())))


def _modules(package: str) -> list[types.ModuleType]:
    root = importlib.import_module(package)
    return [
        importlib.import_module(f"{package}.{info.name}")
        for info in sorted(pkgutil.iter_modules(root.__path__), key=lambda i: i.name)
    ]


S = TypeVar("S", ToolSpec, ModelSpec)


def _add(known: dict[str, S], spec: S, where: str) -> None:
    if spec.name in known:
        raise SpecError(f"{spec.name!r} is declared twice, the second time in {where}")
    known[spec.name] = spec
