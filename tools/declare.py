"""How a tool is declared: ``@tool`` reads a typed function and checks it when it is imported.

The signature is the contract, the docstring is what a planner reads. What is wrong is said at once,
by name. Knows nothing of other tools, of models or of running anything.
"""

from __future__ import annotations

import inspect
import operator
import types
import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, InstanceOf, ValidationError, create_model
from pydantic.fields import FieldInfo

from tools.context import ToolContext
from tools.errors import SpecError
from tools.specs import Effect, Param, ToolSpec
from tools.types import Artefact

PLAIN = (str, int, float, bool)
F = TypeVar("F", bound=Callable[..., Artefact])


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
