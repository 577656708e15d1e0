"""Where tools get their models from: which model does an ability, and what happens when it fails.

`Host.use` tries the models of an ability in the order of the profile; `Host.lease` keeps one model
by name. A model is called as ``model(*args, cancel=token, **kwargs)``, with ``labels=`` where its
spec has labels. Loading, memory, threads and time are the business of ``tools/residence.py``.
Knows nothing of tools, artefacts or planners.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tools.catalog import Catalog, ModelSpec
from tools.context import CancelToken, Models
from tools.errors import BadArguments, Cancelled, MissingModel, SetupError, ToolFailed
from tools.host_events import Failed
from tools.host_stats import HostStats
from tools.job import Shared
from tools.profiles import Profile
from tools.residence import Residence
from tools.tenancy import Limits, Listener, Request, Tenancy


class Host:
    """All models of a process under one budget. Thread-safe; implements `Models`."""

    def __init__(
        self,
        catalog: Catalog,
        profile: Profile,
        *,
        on_event: Listener | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Nothing is loaded yet.

        Args:
            catalog: where the models are declared.
            profile: their order, and the budget.
            on_event: hears every event, from several threads; what it raises is logged only.
            limits: times after which the host stops hoping.
        """
        self._catalog = catalog
        self._profile = profile
        self._residence = Residence(
            profile.budget_mb, limits or Limits(), on_event, profile.parked_mb, profile.loader
        )
        self._held = threading.local()

    def use(
        self,
        ability: str,
        *args: Any,
        labels: tuple[str, ...] = (),
        cancel: CancelToken | None = None,
        seconds: float | None = None,
        told: Listener | None = None,
        skip: tuple[str, ...] = (),
        **kwargs: Any,
    ) -> Any:
        """Call the first ready model of `ability` that knows `labels`; the next when it fails.

        Args:
            ability: what a model must declare.
            *args: handed to the model.
            labels: the names it must be able to find.
            cancel: stops waiting and working.
            seconds: how long a model may work on the call once it has begun.
            told: hears, besides the host's own listener, the events of this call.
            skip: names of models that are not asked: they have answered already.
            **kwargs: handed to the model.

        Raises:
            MissingModel: none is ready or none knows the labels.
            ToolError: the last one that was tried failed; the hint names the others.
        """
        token = cancel or CancelToken()
        reasons: list[str] = []
        tried: list[tuple[str, ToolFailed]] = []
        for spec in self._profile.models(self._catalog, ability):
            has = "has answered already" if spec.name in skip else ""
            if reason := has or spec.missing() or spec.cannot(labels):
                reasons.append(f"{spec.name}: {reason}")
                continue
            run = _run(spec, ability, args, labels, kwargs)
            shared = _shared(spec, ability, args, labels, kwargs)
            request = Request(spec, run, token, seconds, told, self._holding > 0, shared)
            try:
                return self._residence.call(request)
            except Cancelled:
                raise
            except ToolFailed as error:
                tried.append((spec.name, error))
                self._residence.tell(Failed(spec.name, error.line()), told)
            except SetupError as error:
                reasons.append(f"{spec.name}: {error.line()}")
                self._residence.tell(Failed(spec.name, error.line()), told)
        if tried:
            raise _last(tried)
        raise self._missing(ability, labels, reasons)

    def first(
        self, ability: str, labels: tuple[str, ...] = (), skip: tuple[str, ...] = ()
    ) -> ModelSpec | None:
        """The model that `use` would try first, None when none is ready."""
        models = [m for m in self._profile.models(self._catalog, ability) if m.name not in skip]
        return next((m for m in models if not (m.missing() or m.cannot(labels))), None)

    def heard_by(self, told: Listener) -> Models:
        """This host for one run: `told` also hears the events of the calls made through it."""
        return _Heard(self, told)

    @contextmanager
    def lease(self, name: str, cancel: CancelToken | None = None) -> Iterator[Lease]:
        """One model by name, loaded and kept while the context lasts; call it like the model.

        A thread that holds a lease is refused (`OutOfMemory`), not made to wait, when another
        model does not fit beside it: two such threads could wait for each other for ever.

        Raises:
            MissingModel: it is unknown or not ready.
            ToolFailed: it did not load; `OutOfMemory`: it does not fit.
        """
        spec = self._catalog.models.get(name)
        if spec is None:
            known = ", ".join(self._catalog.models) or "none"
            raise MissingModel(f"there is no model {name!r}", hint=f"Known: {known}")
        if reason := spec.missing():
            raise MissingModel(f"model {name!r} is not ready: {reason}", hint=_mend([spec]))
        token = cancel or CancelToken()
        nothing = Request(spec, lambda model, stop: None, token, holding=self._holding > 0)
        tenancy = self._residence.settle_in(nothing)
        self._held.depth = self._holding + 1
        try:
            yield Lease(self._residence, spec, token, tenancy)
        finally:
            self._held.depth = self._holding - 1
            self._residence.move_out(tenancy)

    def stats(self) -> HostStats:
        """Who is resident, how much, how often, how fast."""
        return self._residence.stats()

    def close(self, seconds: float = 5.0) -> None:
        """Stop every call and end every model, waiting up to `seconds`; later calls are refused."""
        self._residence.close(seconds)

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def _holding(self) -> int:
        """How many leases this thread holds."""
        return int(getattr(self._held, "depth", 0))

    def _missing(self, ability: str, labels: tuple[str, ...], reasons: list[str]) -> MissingModel:
        models = self._profile.models(self._catalog, ability)
        what = f"{ability!r} for {', '.join(labels)}" if labels else f"{ability!r}"
        why = "; ".join(reasons) or f"profile {self._profile.name!r} has no model for it"
        mend = _mend([m for m in models if not m.cannot(labels)])
        return MissingModel(f"no model here can do {what} ({why})", hint=mend)


class Lease:
    """A kept model: call it like the model itself."""

    def __init__(
        self, residence: Residence, spec: ModelSpec, cancel: CancelToken, tenancy: Tenancy
    ) -> None:
        self.spec = spec
        self._residence = residence
        self._cancel = cancel
        self._tenancy = tenancy

    def __call__(
        self,
        *args: Any,
        labels: tuple[str, ...] = (),
        ability: str = "",
        seconds: float | None = None,
        **kwargs: Any,
    ) -> Any:
        """Run the model on its actor, for its first ability unless another is named.

        Raises:
            BadArguments: it cannot find the labels.
            ToolError: it failed.
        """
        if reason := self.spec.cannot(labels):
            raise BadArguments(f"{self.spec.name} {reason}")
        run = _run(self.spec, ability or self.spec.ability, args, labels, kwargs)
        request = Request(self.spec, run, self._cancel, seconds, holding=True)
        return self._residence.call(request, self._tenancy)


@dataclass(frozen=True)
class _Heard:
    host: Host
    told: Listener

    def first(
        self, ability: str, labels: tuple[str, ...] = (), skip: tuple[str, ...] = ()
    ) -> ModelSpec | None:
        return self.host.first(ability, labels, skip)

    def use(
        self, ability: str, *args: Any, labels: tuple[str, ...], cancel: CancelToken, **kwargs: Any
    ) -> Any:
        return self.host.use(ability, *args, labels=labels, cancel=cancel, told=self.told, **kwargs)


def _run(
    spec: ModelSpec,
    ability: str,
    args: tuple[Any, ...],
    labels: tuple[str, ...],
    kwargs: dict[str, Any],
) -> Callable[[Any, CancelToken], Any]:
    named = {"labels": labels, **kwargs} if spec.labels else kwargs
    return lambda model, token: spec.bound(model, ability)(*args, cancel=token, **named)


def _shared(
    spec: ModelSpec,
    ability: str,
    args: tuple[Any, ...],
    labels: tuple[str, ...],
    kwargs: dict[str, Any],
) -> Shared | None:
    """What the call has in common with others; None where an argument cannot be compared."""
    named = {"labels": labels, **kwargs} if spec.labels else kwargs
    key = (ability, tuple(sorted(named.items())))
    try:
        hash(key)
    except TypeError:
        return None
    return Shared(ability, key, args, named)


def _last(tried: list[tuple[str, ToolFailed]]) -> ToolFailed:
    """The last failure; its hint names those before it."""
    *before, (_, error) = tried
    if before:
        others = "; ".join(f"{name} ({failed})" for name, failed in before)
        error.hint = f"{error.hint}. Also tried: {others}".lstrip(". ")
    return error


def _mend(models: list[ModelSpec]) -> str:
    """The command that would bring the first of `models` that is missing."""
    mends = [m.mend() for m in models if m.mend()]
    return f"Try: {mends[0]}" if mends else "See: ocelli models"
