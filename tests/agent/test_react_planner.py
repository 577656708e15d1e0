"""Text for servers without tool calling: whole questions over real HTTP, and a server of weights."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import qwen_llm as tiny
from llm_server import Reply, Server, serving
from PIL import Image as PilImage
from PIL import ImageDraw

from agent import Agent, Settings
from agent.events import AnswerGiven, CallFinished, Event, PlanMade, SentBack
from agent.settings import LLM
from tools.catalog import Catalog, discover
from tools.models import qwen_llm

PROFILE = 'budget_mb = 8000\n[models]\ndetect = ["round-things"]\n'
QUESTION = "How many coins can you count?"
CHAIN = (
    "Thought: The coins must be found.\n"
    'Action: detect(image=img1, phrases=["coin"])\nAction: count(things=$1)\n'
)
ANSWER = "Thought: They were counted.\nFinal Answer: There are 2 coins [#1 #2]."


def coins() -> np.ndarray[Any, Any]:
    picture = PilImage.new("RGB", (320, 120), (240, 240, 240))
    draw = ImageDraw.Draw(picture)
    for left in (20, 120):
        draw.ellipse((left, 30, left + 60, 90), fill=(60, 40, 30))
    return np.asarray(picture)


@contextlib.contextmanager
def asking(folder: Path, url: str, **llm: Any) -> Iterator[Agent]:
    (folder / "mine.toml").write_text(PROFILE)
    whole = discover()
    catalog = Catalog(
        {n: whole.tools[n] for n in ("detect", "count", "redact")},
        {"round-things": whole.models["round-things"]},
    )
    settings = Settings(
        planner="react", profile=str(folder / "mine.toml"), home=folder / "home", out=folder,
        route="chain", report=False, llm=LLM(**{"base_url": url, "api_key": "k", "model": "tiny", **llm}),
    )  # fmt: skip
    with Agent(settings, catalog=catalog) as agent:
        yield agent


def ran(folder: Path, *replies: str) -> tuple[list[Event], Server]:
    with serving() as server, asking(folder, server.url) as agent:
        server.script = [Reply(text) for text in replies]
        return list(agent.stream(QUESTION, [coins()])), server


def calls(events: list[Event]) -> list[str]:
    return [e.tool for e in events if isinstance(e, CallFinished)]


def test_a_chain_in_one_reply_and_its_answer(tmp_path: Path) -> None:
    events, server = ran(tmp_path, CHAIN, ANSWER)
    given = events[-1]
    assert isinstance(given, AnswerGiven)
    assert (given.status, given.text) == ("answered", "There are 2 coins [#1 #2].")
    assert given.usage.llm_calls == 2
    assert calls(events) == ["detect", "count"]
    first, second = server.seen
    assert not first.tools
    assert "detect(image: img" in first.text
    assert "Observation" in first.body["stop"][0]
    assert "#1 coin" in second.text
    plan = next(e for e in events if isinstance(e, PlanMade))
    assert plan.thought == "The coins must be found."
    assert plan.planner == "react"


def test_what_a_model_makes_up_after_its_action_is_not_run(tmp_path: Path) -> None:
    made_up = "Observation: 7 coins\nAction: redact(image=img1, region=$1)\nFinal Answer: 7 coins"
    events, _ = ran(tmp_path, CHAIN + made_up, ANSWER)
    assert calls(events) == ["detect", "count"]
    assert isinstance(events[-1], AnswerGiven)
    assert events[-1].text == "There are 2 coins [#1 #2]."


def test_a_reply_that_cannot_be_read_is_sent_back_with_the_reason(tmp_path: Path) -> None:
    events, server = ran(tmp_path, "Action: detect(image=img1", CHAIN, ANSWER)
    [back] = [e for e in events if isinstance(e, SentBack)]
    assert "')' is missing" in back.problem
    assert "')' is missing" in server.seen[1].text
    assert isinstance(events[-1], AnswerGiven)
    assert events[-1].status == "answered"
    assert events[-1].usage.llm_calls == 3


# A server of weights


@pytest.fixture(scope="module")
def weights_server(hub: Callable[..., Path]) -> Iterator[tuple[str, str]]:
    """Address and model of ``transformers serve`` with random weights."""
    pytest.importorskip("uvicorn")
    pytest.importorskip("fastapi")
    program = Path(sys.executable).parent / "transformers"
    if not program.exists():
        pytest.skip("no command line of transformers")
    folder = hub(qwen_llm.SMALLEST.weights, tiny.build)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(program), "serve", "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    process = subprocess.Popen(
        [*command, str(folder)], env={**os.environ, "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        if not _awake(process, f"http://127.0.0.1:{port}/health"):
            pytest.skip("the server of transformers does not start here")
        yield f"http://127.0.0.1:{port}/v1", str(folder)
    finally:
        process.terminate()
        process.wait(20)


def _awake(process: subprocess.Popen[bytes], url: str) -> bool:
    for _ in range(240):
        if process.poll() is not None:
            return False
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as reply:
            return bool(reply.status == 200)
        time.sleep(0.5)
    return False


def test_weights_behind_a_server_that_know_no_protocol_end_in_a_stated_refusal(
    tmp_path: Path, weights_server: tuple[str, str]
) -> None:
    url, name = weights_server
    with asking(tmp_path, url, model=name, max_reply_tokens=32, sees="no") as agent:
        events = list(agent.stream(QUESTION, [coins()]))
    given = events[-1]
    assert isinstance(given, AnswerGiven)
    assert given.status in ("failed", "cannot")
    assert given.text
    assert given.usage.llm_calls == 3
    assert given.usage.tokens_out > 0
    assert len([e for e in events if isinstance(e, SentBack)]) == 3
