"""Fixtures shared by the tests of the agent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent import Agent, Settings


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """An agent that plans offline; tests that ask another one make their own."""
    folder = tmp_path_factory.mktemp("offline")
    settings = Settings(planner="offline", home=folder / "home", out=folder / "runs")
    with Agent(settings) as made:
        yield made
