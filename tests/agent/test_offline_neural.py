"""Plain questions reach neural models, tiny ones that were trained until they answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from checkpoints import qwen_vl as tiny

from agent import Agent, Settings
from tools.models import qwen_vl

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

PROFILE = """
budget_mb = 30000
[models]
detect = ["faces-mtcnn", "haar-faces", "people", "round-things", "arrows"]
read_text = ["rapidocr"]
segment = ["grabcut"]
inpaint = ["cv-inpaint"]
"""


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory, hub) -> Iterator[Agent]:
    hub(qwen_vl.QWEN3_2B.weights, tiny.build_answering)
    folder: Path = tmp_path_factory.mktemp("neural")
    (folder / "mine.toml").write_text(PROFILE)
    settings = Settings(
        planner="offline", profile=str(folder / "mine.toml"), home=folder / "home", out=folder
    )
    with Agent(settings) as made:
        yield made


def test_what_no_expert_knows_is_asked_of_a_model_that_sees(agent: Agent) -> None:
    asked = [lesson for lesson in tiny.lessons() if lesson[1] == tiny.COLOUR]
    assert {reply for _, _, reply in asked} == {"red", "blue"}
    for picture, question, reply in asked:
        answer = agent.ask(question, [picture])
        assert answer.status == "answered", answer.text
        assert answer.text.lower().startswith(reply)
        trace = Path(answer.trace).read_text("utf-8")
        assert "qwen3-vl-2b" in trace


def test_without_weights_the_same_question_names_the_command(
    agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    settings = Settings(planner="offline", home=tmp_path / "home", out=tmp_path)
    with Agent(settings) as bare:
        answer = bare.ask("What is the man doing?", [np.full((90, 120, 3), 90, np.uint8)])
    assert answer.status == "cannot"
    assert "`vqa`" in answer.text
    assert "`ocelli models pull" in answer.text
