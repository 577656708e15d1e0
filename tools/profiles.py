"""Which models serve an ability, and in which order.

A profile is a TOML file: a budget of memory and, per ability, the models to try in turn; ``"*"``
stands for all that are not named: those that need no weights first, then the free and light ones.
Shipped ones lie in ``tools/profile_data``, a person's own is given by path. ``auto`` takes the most
demanding shipped profile whose ``[needs]`` this machine meets. Knows nothing of loading or running
models.
"""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tools import packages
from tools.catalog import Catalog, ModelSpec, ToolSpec, discover
from tools.errors import ConfigError
from tools.host_warm import prepared

FOLDER = Path(__file__).parent / "profile_data"
AUTO = "auto"
REST = "*"
PROBE_SECONDS = 5.0


@dataclass(frozen=True)
class Profile:
    """An order of models per ability, and the memory they share."""

    name: str
    budget_mb: float
    """What the resident models may occupy together."""
    order: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Ability to model names, best first. Abilities not listed: as for ``"*"``."""
    parked_mb: float = 0.0
    """Host memory for models that had to leave the card."""
    compiled: tuple[str, ...] = ()
    """Models whose networks are compiled when they are opened; ``"*"`` is all."""
    warmed: tuple[str, ...] = ()
    """Models that answer a tiny call once they are loaded; ``"*"`` is all."""

    def loader(self, spec: ModelSpec) -> Callable[[], Any]:
        """How a model is loaded under this profile."""
        compiled = spec.name in self.compiled or REST in self.compiled
        warmed = spec.name in self.warmed or REST in self.warmed
        return prepared(spec, compiled=compiled, warmed=warmed)

    def models(self, catalog: Catalog, ability: str) -> list[ModelSpec]:
        """The models of `ability` in the order of this profile, ready or not."""
        every = catalog.of_ability(ability)
        names = self.order.get(ability, (REST,))
        at = {m.name: m for m in every}
        ranked: list[ModelSpec] = []
        for name in names:
            if name == REST:
                ranked += sorted((m for m in every if m.name not in names), key=_rest)
            elif name in at:
                ranked.append(at[name])
        return ranked

    def why_not(self, catalog: Catalog, tool: ToolSpec) -> str:
        """Why `tool` cannot run here, '' when it can."""
        if not tool.needs:
            return ""
        models = self.models(catalog, tool.needs)
        reasons = [(m.name, m.missing()) for m in models]
        if any(not reason for _, reason in reasons):
            return ""
        said = "; ".join(f"{name}: {reason}" for name, reason in reasons)
        return said or f"profile {self.name!r} has no model for {tool.needs!r}"

    def readiness(self, catalog: Catalog) -> Callable[[ToolSpec], str]:
        """`why_not` for the tool graph, each tool looked at once."""
        said = {name: self.why_not(catalog, spec) for name, spec in catalog.tools.items()}
        return lambda spec: said.get(spec.name, "")


@dataclass(frozen=True)
class Machine:
    """What a profile may need of the computer."""

    gpu_mb: float
    """Memory of the largest GPU, 0 where there is none."""
    modules: Callable[[str], bool]
    """Whether a package can be imported. Imports nothing."""


class _Needs(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    gpu_mb: float = Field(default=0, ge=0)
    modules: tuple[str, ...] = ()


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    budget_mb: float = Field(gt=0, allow_inf_nan=False)
    parked_mb: float = Field(default=0, ge=0, allow_inf_nan=False)
    needs: _Needs = _Needs()
    compile: tuple[str, ...] = ()
    warm_up: tuple[str, ...] = ()
    models: dict[str, tuple[str, ...]] = {}


def load_profile(
    name_or_path: str | Path = AUTO,
    *,
    catalog: Catalog | None = None,
    machine: Machine | None = None,
) -> Profile:
    """A shipped profile by name, a person's own by path, or ``auto``.

    Raises:
        ConfigError: there is none of that name, or the file names a key, ability or model that
            does not exist; the nearest names are given.
    """
    catalog = catalog or discover()
    text = str(name_or_path)
    if text == AUTO:
        return load_profile(_choose(machine or look()), catalog=catalog)
    if text in shipped():
        path, name = FOLDER / f"{text}.toml", text
    elif text.endswith(".toml") or "/" in text or isinstance(name_or_path, Path):
        path, name = Path(text).expanduser(), Path(text).stem
    else:
        hint = _near(text, [*shipped(), AUTO]) + ", or the path of a .toml file"
        raise ConfigError(f"there is no profile {text!r}", hint=hint)
    file = _read(path)
    _check(file, catalog, path)
    order = MappingProxyType(dict(file.models))
    return Profile(name, file.budget_mb, order, file.parked_mb, file.compile, file.warm_up)


def _rest(model: ModelSpec) -> tuple[bool, bool, float, str]:
    """Where a model stands among those that a profile does not name."""
    heavy = bool(model.repos)
    return heavy, heavy and not model.permissive, model.memory_mb if heavy else 0.0, model.name


def shipped() -> list[str]:
    """Names of the profiles that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def look() -> Machine:
    """This machine. Imports no framework."""
    return Machine(_gpu_mb(), packages.installed)


def _choose(machine: Machine) -> str:
    """The shipped profile that needs most of what the machine has."""

    def met(needs: _Needs) -> bool:
        return needs.gpu_mb <= machine.gpu_mb and all(map(machine.modules, needs.modules))

    needs = {name: _read(FOLDER / f"{name}.toml").needs for name in shipped()}
    fit = [name for name in needs if met(needs[name])]
    return max(fit, key=lambda name: (needs[name].gpu_mb, len(needs[name].modules), name))


def _gpu_mb() -> float:
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0.0
    query = [program, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(
            query, capture_output=True, text=True, timeout=PROBE_SECONDS, check=True
        )
        return max((float(line) for line in answer.stdout.split()), default=0.0)
    except (OSError, subprocess.SubprocessError, ValueError):
        return 0.0  # a driver that does not answer is no GPU


def _read(path: Path) -> _File:
    try:
        return _File(**tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"profile {str(path)!r} cannot be read: {reason}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"profile {str(path)!r} is not TOML: {error}") from None
    except ValidationError as error:
        raise ConfigError(f"profile {str(path)!r}: {_faults(error)}") from None


def _faults(error: ValidationError) -> str:
    said = []
    for fault in error.errors()[:5]:
        place = ".".join(str(part) for part in fault["loc"]) or "file"
        if fault["type"] == "extra_forbidden":
            owner: type[BaseModel] = _Needs if len(fault["loc"]) > 1 else _File
            said.append(f"unknown key {place!r}, {_near(place.split('.')[-1], owner.model_fields)}")
        else:
            said.append(f"{place}: {fault['msg']}")
    return "; ".join(said)


def _check(file: _File, catalog: Catalog, path: Path) -> None:
    models: dict[str, list[str]] = {}
    for model in catalog.models.values():
        for ability in model.abilities:
            models.setdefault(ability, []).append(model.name)
    _check_opened(file, catalog, path)
    abilities = {*models, *(tool.needs for tool in catalog.tools.values() if tool.needs)}
    for ability, names in file.models.items():
        where = f"profile {str(path)!r}"
        if ability not in abilities:
            raise ConfigError(
                f"{where}: unknown ability {ability!r}", hint=_near(ability, abilities)
            )
        known = models.get(ability, [])
        for at, name in enumerate(names):
            if name != REST and name not in known:
                raise ConfigError(
                    f"{where}: {_strange(name, ability, catalog)}", hint=_near(name, known)
                )
            if name in names[:at]:
                raise ConfigError(f"{where}: {name!r} stands twice under {ability!r}")


def _check_opened(file: _File, catalog: Catalog, path: Path) -> None:
    for key, names in (("compile", file.compile), ("warm_up", file.warm_up)):
        for name in names:
            if name != REST and name not in catalog.models:
                what = f"profile {str(path)!r}: unknown model {name!r} under {key!r}"
                raise ConfigError(what, hint=_near(name, catalog.models))


def _strange(name: str, ability: str, catalog: Catalog) -> str:
    if name in catalog.models:
        does = ", ".join(map(repr, catalog.models[name].abilities))
        return f"model {name!r} does {does}, not {ability!r}"
    return f"unknown model {name!r} for {ability!r}"


def _near(name: str, known: Mapping[str, Any] | Sequence[str] | set[str]) -> str:
    near = get_close_matches(name, list(known), n=3)
    if near:
        return f"did you mean {' or '.join(repr(n) for n in near)}?"
    return f"known: {', '.join(sorted(known)) or 'none'}"
