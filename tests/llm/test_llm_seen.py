"""Answers of real servers, kept: each comes out as the line, the mend or the repeat it is worth."""

from __future__ import annotations

import pytest
from llm_server import Reply, Server
from seen import BLIND, LOADING, REFUSALS, UNSEEN, Refusal
from thinking import CROP, ask, client, outcome, picture, request

from agent.llm.client import MOST_LOADS
from agent.llm.servers import Server as Known
from agent.llm.servers import pick
from tools.errors import ServerError, ServerRefused

OK = Reply("All is well.")
LONG = "Look at it. " * 2000


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda r: r.name)
def test_what_real_servers_answer_ends_in_one_line_with_the_mend(
    llm_server: Server, refusal: Refusal
) -> None:
    llm_server.answer = refusal.answer
    found = outcome(client(llm_server), request(tools=(CROP,)))
    assert isinstance(found, ServerError)
    assert isinstance(found, ServerRefused) is (refusal.asked == 1)
    assert refusal.cause in str(found)
    assert refusal.mend in found.hint
    assert len(llm_server.seen) == refusal.asked
    assert "\n" not in found.line()


@pytest.mark.parametrize("refusal", [r for r in REFUSALS if "unread" in r.name], ids=lambda r: r.name)  # fmt: skip
def test_a_call_that_its_own_server_cannot_read_is_asked_for_again(
    llm_server: Server, refusal: Refusal
) -> None:
    llm_server.script = [refusal.answer, Reply(calls=[("crop", {"image": "img1"})])]
    said = ask(client(llm_server), request(tools=(CROP,)))
    assert [c.name for c in said.calls] == ["crop"]
    assert refusal.cause in said.usage.retries[0]


def test_nothing_is_learned_of_a_server_by_a_request_that_is_too_long(llm_server: Server) -> None:
    long = next(r for r in REFUSALS if r.name == "vLLM reply does not fit")
    llm_server.answer = long.answer
    asking = client(llm_server)
    known = asking.server
    assert isinstance(outcome(asking), ServerRefused)
    assert asking.server is known


def test_a_hosted_server_is_not_to_be_served_otherwise(llm_server: Server) -> None:
    llm_server.answer = REFUSALS[0].answer
    asking = client(llm_server)
    asking.server = Known("hosted", key=True)
    found = outcome(asking)
    assert isinstance(found, ServerRefused)
    assert found.hint == "Ask about less at once, or name a model that reads more"


@pytest.mark.parametrize("name", BLIND)
def test_a_server_without_eyes_is_asked_without_pictures_from_then_on(
    llm_server: Server, name: str
) -> None:
    llm_server.script = [BLIND[name], OK, OK]
    asking = client(llm_server, sees="yes")
    said = ask(asking, request(pictures=(picture(),)))
    assert said.text == OK.text
    assert "takes no pictures: asked again without them" in said.usage.retries[0]
    ask(asking, request(pictures=(picture(),)))
    assert [len(seen.pictures) for seen in llm_server.seen] == [1, 0, 0]
    assert not asking.sees


@pytest.mark.parametrize("name", UNSEEN)
def test_pictures_that_cannot_be_taken_are_left_away_this_time(
    llm_server: Server, name: str
) -> None:
    llm_server.script = [UNSEEN[name], OK, OK]
    asking = client(llm_server, sees="yes")
    ask(asking, request(pictures=(picture("img1"), picture("img2"))))
    ask(asking, request(pictures=(picture("img3"),)))
    assert [len(seen.pictures) for seen in llm_server.seen] == [2, 0, 1]


def test_a_server_that_loads_its_model_is_waited_for_beyond_the_repeats(
    llm_server: Server,
) -> None:
    llm_server.script = [*[LOADING] * 9, OK]
    said = ask(client(llm_server, retries=1))
    assert said.text == OK.text
    [line] = said.usage.retries
    assert "503: Loading model; asked again" in line


def test_a_server_that_never_has_loaded_is_given_up(llm_server: Server) -> None:
    llm_server.answer = LOADING
    found = outcome(client(llm_server, retries=1))
    assert isinstance(found, ServerError)
    assert len(llm_server.seen) == MOST_LOADS + 2


def test_a_server_that_reads_less_than_it_is_sent_is_told_of(llm_server: Server) -> None:
    llm_server.script = [Reply("Hm.", tokens=(2048, 3)), Reply("Ah.", tokens=(5500, 3))]
    asking = client(llm_server)
    [line] = ask(asking, request(text=LONG)).usage.retries
    assert "read 2048 tokens of a request of about 6000" in line
    assert "OLLAMA_CONTEXT_LENGTH" in line
    assert ask(asking, request(text=LONG)).usage.retries == ()


def test_pictures_that_were_refused_are_no_words_that_went_unread(llm_server: Server) -> None:
    llm_server.script = [BLIND["llama.cpp"], Reply("Hm.", tokens=(29, 2))]
    said = ask(client(llm_server, sees="yes"), request(pictures=(picture(size=90_000),)))
    assert [line for line in said.usage.retries if "read 29 tokens" in line] == []


@pytest.mark.parametrize("port", [8080, 9931])
def test_both_ports_of_llama_cpp_are_known(port: int) -> None:
    assert pick(f"http://127.0.0.1:{port}/v1").name == "llama.cpp"
