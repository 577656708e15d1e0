"""What there is to work with: the tools, the models, and which are ready here.

Rows for tables and records for ``--json``, from the catalogue and the profile. Knows nothing of
terminals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from tools.adapters import HUB_ID, adapter
from tools.catalog import Catalog, ModelSpec, ToolSpec
from tools.errors import MissingModel
from tools.profiles import Profile
from tools.weights import commit


@dataclass(frozen=True)
class ToolRow:
    """One tool as it is listed."""

    name: str
    summary: str
    returns: str
    takes: tuple[str, ...]
    """``name: Type`` of each parameter, with ``?`` where it may be left out."""
    effect: str
    needs: str
    ready: bool
    by: str
    """The model that would answer, or what is missing and its mend."""


@dataclass(frozen=True)
class ModelRow:
    """One model as it is listed."""

    name: str
    ability: str
    licence: str
    weights: str
    commits: tuple[str, ...]
    """Which versions of them are here."""
    weights_mb: float
    memory_mb: float
    ready: bool
    missing: str
    """What is missing and its mend; empty when ready."""
    notes: str


def tool_rows(catalog: Catalog, profile: Profile) -> list[ToolRow]:
    """Every tool, and who would answer."""
    return [_tool_row(spec, catalog, profile) for spec in catalog.tools.values()]


def model_rows(catalog: Catalog, *, permissive: bool = False) -> list[ModelRow]:
    """Every model, by ability; `permissive`: none that is copyleft or non-commercial."""
    models = sorted(catalog.models.values(), key=lambda m: (m.ability, m.name))
    models = [m for m in models if m.permissive or not permissive]
    return [
        ModelRow(
            m.name, ", ".join(m.abilities), m.licence, ", ".join(m.repos) or m.weights,
            tuple(c for r in m.repos if (c := commit(r))), m.weights_mb, m.memory_mb,
            not m.missing(), mend(m), m.notes,
        )
        for m in models
    ]  # fmt: skip


def wanted(names: Sequence[str], catalog: Catalog, profile: Profile) -> list[ModelSpec]:
    """The models whose weights are to be fetched: the named, or each ability's first free one.

    An unknown hub id is that of a learned style or word.

    Raises:
        MissingModel: there is none of a name; the nearest are given.
    """
    if not names:
        free = [
            [m for m in profile.models(catalog, ability) if m.permissive]
            for ability in abilities(catalog)
        ]
        first = [models[:1] for models in free]
        return list({m.name: m for models in first for m in models if m.repos}.values())
    by_repo = {repo: m for m in catalog.models.values() for repo in m.repos}
    learned = {name: adapter(name) for name in names if HUB_ID.fullmatch(name)}
    every = {**learned, **by_repo, **catalog.models}
    for name in names:
        if name not in every:
            near = get_close_matches(name, every, n=3)
            hint = f"Did you mean {' or '.join(near)}?" if near else "See: ocelli models"
            raise MissingModel(f"there is no model {name!r}", hint=hint)
    return [every[name] for name in names]


def abilities(catalog: Catalog) -> list[str]:
    """Every ability that a tool needs or a model brings."""
    needed = {t.needs for t in catalog.tools.values() if t.needs}
    return sorted(needed.union(*(m.abilities for m in catalog.models.values())))


def readiness(ability: str, catalog: Catalog, profile: Profile) -> tuple[bool, str]:
    """Whether something ready brings `ability`, and its name or what would bring it."""
    models = profile.models(catalog, ability)
    for model in models:
        if not model.missing():
            return True, model.name
    if models:
        return False, mend(models[0])
    return False, f"profile {profile.name!r} has no model for it"


def mend(model: ModelSpec) -> str:
    """What is missing for a model, with the command that brings it; '' when it is ready."""
    return f"{model.missing()}: {model.mend()}" if model.missing() else ""


def _tool_row(spec: ToolSpec, catalog: Catalog, profile: Profile) -> ToolRow:
    ready, by = readiness(spec.needs, catalog, profile) if spec.needs else (True, "plain code")
    takes = tuple(
        f"{p.name}: {p.type.__name__}" + ("" if p.required else "?") for p in spec.params.values()
    )
    return ToolRow(
        spec.name, spec.summary, spec.returns.__name__, takes, spec.effect, spec.needs, ready, by
    )
