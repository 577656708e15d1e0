"""Several models: the next one when one fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from thinking import request

from agent.llm.pool import Models, connect
from agent.llm.wire import Request, Said
from agent.protocol import Usage
from agent.settings import LLM
from tools.errors import ConfigError, ServerError, ServerRefused


class Fake:
    """A model that answers, or fails."""

    def __init__(self, name: str, *ends: Said | ServerError, sees: bool = False) -> None:
        self.name, self.ends, self.sees, self.asked = name, list(ends), sees, 0

    async def ask(
        self, request: Request, *, seconds: float, tell: Callable[[str], None] = lambda text: None
    ) -> Said:
        self.asked += 1
        end = self.ends.pop(0) if self.ends else Said(self.name, usage=Usage(model=self.name))
        if isinstance(end, ServerError):
            raise end
        return end


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def one(models: Models) -> Said:
    return asyncio.run(models.ask(request(), seconds=10))


def test_the_next_model_is_asked_and_the_failed_one_rests() -> None:
    clock = Clock()
    a, b = Fake("a", ServerError("a is down"), sees=True), Fake("b")
    models = Models([a, b], rest=60, clock=clock)
    assert models.sees
    said = one(models)
    assert said.text == "b"
    assert said.usage.retries == ("a is down; asked the next model",)
    assert not models.sees
    assert one(models).usage.retries == ()
    assert (a.asked, b.asked) == (1, 2)
    clock.now += 61
    assert one(models).text == "a"


def test_a_model_may_be_told_to_rest() -> None:
    models = Models([Fake("a"), Fake("b")], clock=Clock())
    assert models.rest()
    assert one(models).text == "b"
    assert not models.rest()


def test_one_model_does_not_take_the_time_of_all() -> None:
    given: list[float] = []

    class Slow(Fake):
        async def ask(self, request: Request, *, seconds: float, tell: Any = None) -> Said:
            given.append(seconds)
            return await super().ask(request, seconds=seconds)

    models = Models([Slow("a", ServerError("a")), Slow("b", ServerError("b"))], clock=Clock())
    with pytest.raises(ServerError):
        one(models)
    assert given == [5.0, 10.0]


def test_where_all_rest_the_next_to_wake_is_asked_first() -> None:
    clock = Clock()
    a = Fake("a", ServerRefused("a knows no key", hint="Set A"))
    b = Fake("b", ServerError("b is down", hint="Later"))
    models = Models([a, b], rest=60, clock=clock)
    with pytest.raises(ServerError, match="a knows no key; b is down") as found:
        one(models)
    assert found.value.hint == "Set A. Later"
    assert not isinstance(found.value, ServerRefused)
    assert one(models).text == "b"


def test_refused_by_all_is_refused() -> None:
    models = Models([Fake("a", ServerRefused("no")), Fake("b", ServerRefused("no"))])
    with pytest.raises(ServerRefused):
        one(models)


def test_models_are_named_with_commas() -> None:
    llm = LLM(base_url="http://127.0.0.1:1/v1", model="a, b,,a", api_key="k")
    models = connect(llm)
    assert isinstance(models, Models)
    assert [m.model for m in models.models] == ["a", "b"]  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match="no language model is named"):
        connect(llm.model_copy(update={"model": " , "}))
