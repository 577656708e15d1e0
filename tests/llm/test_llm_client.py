"""Whole replies over real HTTP: both interfaces, streamed and not, and what goes out."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from llm_server import CHAT, RESPONSES, Reply, Server, error, stream
from thinking import CANARY, CROP, ask, client, picture, request, settings

from agent.llm.client import Client
from agent.llm.wire import Asked
from agent.settings import LLM, Settings
from tools.errors import ConfigError, ServerRefused

ROOT = Path(__file__).parents[2]
COUNT = {
    "name": "count",
    "description": "Count.",
    "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
}
TWO = Reply(
    "First a crop, then a count: größer 你好 😀.",
    calls=[("crop", {"image": "img1", "part": None, "margin": 0.25}), ("count", {})],
)


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("pieces", [1, 3, 1000])
def test_a_streamed_reply_is_put_together(llm_server: Server, api: str, pieces: int) -> None:
    llm_server.answer = Reply(TWO.text, TWO.calls, pieces=pieces)
    told: list[str] = []
    said = ask(client(llm_server, api=api), request(tools=(CROP, COUNT)), tell=told.append)
    assert said.text == TWO.text
    assert [c.name for c in said.calls] == ["crop", "count"]
    assert json.loads(said.calls[0].arguments) == {"image": "img1", "margin": 0.25}
    assert json.loads(said.calls[1].arguments) == {}
    assert said.finish == "tool_calls"
    assert (said.usage.tokens_in, said.usage.tokens_out, said.usage.estimated) == (100, 10, 0)
    assert told[-1] == TWO.text
    assert all(TWO.text.startswith(text) for text in told)
    assert llm_server.seen[0].path == (CHAT if api == "chat" else RESPONSES)


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_server_that_does_not_stream_is_asked_for_the_whole(llm_server: Server, api: str) -> None:
    asking = client(llm_server, api=api)

    llm_server.script = [error(400, "'stream': true is not supported by this server"), TWO]
    said = ask(asking, request(tools=(CROP, COUNT)))
    assert said.text == TWO.text
    assert [c.name for c in said.calls] == ["crop", "count"]
    assert [s.body["stream"] for s in llm_server.seen] == [True, False]
    assert said.usage.retries == (f"{asking.place} does not stream: asked again without",)
    llm_server.answer = Reply("again")
    assert ask(asking).text == "again"
    assert llm_server.seen[-1].body["stream"] is False


def test_what_goes_out_over_chat_completions(llm_server: Server) -> None:
    llm_server.answer = TWO
    shown = (picture("img1"), picture("img2"))
    ask(client(llm_server, sees="yes"), request(tools=(CROP,), must_call=True, pictures=shown))
    [seen] = llm_server.seen
    body = seen.body
    assert body["model"] == "tiny"
    assert body["messages"][0] == {"role": "system", "content": "You plan."}
    assert [part["type"] for part in body["messages"][1]["content"]] == [
        "text", "text", "image_url", "text", "image_url",
    ]  # fmt: skip
    assert "img2" in body["messages"][1]["content"][3]["text"]
    assert seen.pictures == [p.data_url for p in shown]
    assert seen.raw.count(shown[0].data_url.encode()) == 2  # the two are the same picture
    assert body["tool_choice"] == "required"
    assert body["parallel_tool_calls"] is True
    assert body["max_tokens"] == 2000
    assert body["stream_options"] == {"include_usage": True}
    function = seen.tools["crop"]
    assert function["strict"] is True
    assert function["parameters"]["required"] == ["image", "margin", "part"]
    assert seen.headers["content-type"] == "application/json"


def test_what_goes_out_over_responses(llm_server: Server) -> None:
    llm_server.answer = TWO
    ask(
        client(llm_server, sees="yes", api="responses"),
        request(tools=(CROP,), pictures=(picture(),), stop=("Observation:",)),
    )
    [seen] = llm_server.seen
    assert seen.body["instructions"] == "You plan."
    assert seen.pictures == [picture().data_url]
    assert seen.body["max_output_tokens"] == 2000
    assert seen.body["tools"][0]["name"] == "crop"
    assert not {"messages", "stop", "max_tokens", "stream_options"} & set(seen.body)


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_schema_holds_the_reply(llm_server: Server, api: str) -> None:
    llm_server.answer = Reply('{"image": "img1"}')
    ask(client(llm_server, api=api), request(schema=CROP["parameters"]))
    body = llm_server.seen[0].body
    found = body["response_format"]["json_schema"] if api == "chat" else body["text"]["format"]
    assert found["strict"] is True
    assert found["name"]
    assert found["schema"]["additionalProperties"] is False
    assert "minimum" not in json.dumps(found)


def test_a_reply_ends_before_a_stop_text_whether_the_server_knows_them_or_not(
    llm_server: Server,
) -> None:
    llm_server.answer = Reply("Action: crop\nObservation: made up")
    said = ask(client(llm_server), request(stop=("\nObservation:", "Never")))
    assert said.text == "Action: crop"
    assert said.finish == "stop"
    assert llm_server.seen[0].body["stop"] == ["\nObservation:", "Never"]


def test_what_a_model_thinks_is_told_and_left_out(llm_server: Server) -> None:
    llm_server.script = [Reply("Yes.", thought="Hm, let me see."), Reply("<think>Hm.</think>\nNo.")]
    told: list[str] = []
    asking = client(llm_server)
    assert ask(asking, tell=told.append).text == "Yes."
    assert "Hm, let me see." in told
    assert told[-1] == "Yes."
    assert ask(asking).text == "No."


def test_a_reply_that_is_too_long_says_so(llm_server: Server) -> None:
    for api in ("chat", "responses"):
        llm_server.answer = Reply("And so on and", finish="length")
        assert ask(client(llm_server, api=api)).finish == "length"
    llm_server.answer = Reply("And so on and", tokens=(5, 2000))  # said to be whole
    assert ask(client(llm_server)).finish == "length"
    assert ask(client(llm_server), request(max_tokens=2001)).finish == "stop"


def test_what_it_takes_is_counted(llm_server: Server) -> None:
    llm_server.script = [Reply("Yes.", tokens=(2_000_000, 500_000)), Reply("Yes.", tokens=None)]
    asking = client(llm_server, price_in=1.5, price_out=4.0, sees="yes")
    usage = ask(asking, request(pictures=(picture(),))).usage
    assert usage.cost == pytest.approx(5.0)
    assert usage.pictures == 1
    assert usage.sent_bytes == llm_server.seen[0].size
    assert (usage.model, usage.prompt) == ("tiny", "abc")
    guessed = ask(asking, request(pictures=(picture(size=100_000),))).usage
    assert guessed.estimated == 1
    assert 800 < guessed.tokens_in < 1200
    assert guessed.tokens_out >= 1


@pytest.mark.parametrize("count", ["-5", "1" + "0" * 30, '"many"', "1.5", "null", "[1]"])
def test_hostile_counts_are_no_counts(llm_server: Server, count: str) -> None:
    usage = f'"usage": {{"prompt_tokens": {count}, "completion_tokens": 3}}'
    ended = '"choices": [{"delta": {"content": "Yes."}, "finish_reason": "stop"}]'
    llm_server.answer = stream(f"data: {{{ended}, {usage}}}\n\n")
    said = ask(client(llm_server))
    assert said.text == "Yes."
    assert said.usage.estimated == 1
    assert 1 <= said.usage.tokens_in < 1000


def test_a_number_that_nobody_can_read_is_malformed(llm_server: Server) -> None:
    llm_server.script = [stream('data: {"created": ' + "9" * 5000 + "}\n\n"), Reply("Yes.")]
    assert "not JSON" in ask(client(llm_server)).usage.retries[0]


def test_a_model_that_sees_nothing_is_sent_no_pictures(llm_server: Server) -> None:
    llm_server.answer = Reply("Yes.")
    usage = ask(client(llm_server), request(pictures=(picture(),))).usage
    assert llm_server.seen[0].pictures == []
    assert usage.pictures == 0
    assert "takes no pictures" in usage.retries[0]


def test_a_refusal_of_pictures_is_learned(llm_server: Server) -> None:
    llm_server.refuses = frozenset({"image_url"})
    llm_server.answer = Reply("Yes.")
    asking = client(llm_server, sees="yes")
    assert asking.sees
    usage = ask(asking, request(pictures=(picture(),))).usage
    assert [len(s.pictures) for s in llm_server.seen] == [1, 0]
    assert usage.pictures == 0
    assert "takes no pictures: asked again without them" in usage.retries[0]
    assert not asking.sees


def test_a_picture_that_cannot_be_read_blinds_nobody(llm_server: Server) -> None:
    llm_server.script = [error(400, "Invalid image_url: cannot decode the image"), Reply("Yes.")]
    llm_server.answer = Reply("Yes.")
    asking = client(llm_server, sees="yes")
    usage = ask(asking, request(pictures=(picture(),))).usage
    assert "cannot read a picture: asked again without them" in usage.retries[0]
    assert asking.sees
    ask(asking, request(pictures=(picture(),)))
    assert [len(s.pictures) for s in llm_server.seen] == [1, 0, 1]


def test_an_overloaded_server_is_not_taken_at_its_word(llm_server: Server) -> None:
    words = "our vision model is unavailable; streaming is not supported now; invalid tool_choice"
    llm_server.script = [error(503, words), Reply("Yes.")]
    asking = client(llm_server, sees="yes")
    before = asking.server
    ask(asking, request(pictures=(picture(),), tools=(CROP,), must_call=True))
    assert asking.sees
    assert asking.server == before


@pytest.mark.parametrize(
    ("refused", "more"),
    [
        ("stream_options", {}),
        ("parallel_tool_calls", {"tools": (CROP,)}),
        ("tool_choice", {"tools": (CROP,), "must_call": True}),
        ("strict", {"tools": (CROP,)}),
        ("json_schema", {"schema": CROP["parameters"]}),
        ("response_format", {"schema": CROP["parameters"]}),
        ("stop", {"stop": ("x",)}),
    ],
)
def test_what_a_server_does_not_know_is_left_out_and_remembered(
    llm_server: Server, refused: str, more: dict[str, object]
) -> None:
    llm_server.refuses = frozenset({refused})
    llm_server.answer = Reply("Yes.")
    asking = client(llm_server, retries=0)
    said = ask(asking, request(**more))
    assert said.text == "Yes."
    assert f'"{refused}":' not in llm_server.seen[-1].raw.decode()
    assert all(line.startswith("'tiny' at 127.0.0.1:") for line in said.usage.retries)
    refusals = len(llm_server.seen) - 1
    assert refusals == len(said.usage.retries) == (2 if refused == "response_format" else 1)
    llm_server.seen.clear()
    assert ask(asking, request(**more)).usage.retries == ()
    assert len(llm_server.seen) == 1


def test_everything_refused_at_once_is_learned_one_by_one(llm_server: Server) -> None:
    llm_server.refuses = frozenset(
        {"stream_options", "parallel_tool_calls", "tool_choice", "strict", "stop", "max_tokens"}
    )
    llm_server.answer = TWO
    said = ask(client(llm_server, retries=0), request(tools=(CROP,), must_call=True, stop=("x",)))
    assert len(said.calls) == 2
    assert "max_completion_tokens" not in said.text
    assert len(llm_server.seen) == 7


def test_a_server_that_refuses_whatever_is_sent_is_not_asked_for_ever(llm_server: Server) -> None:
    llm_server.refuses = frozenset({"model", "max_tokens", "max_completion_tokens"})
    with pytest.raises(ServerRefused, match="Unsupported parameter"):
        ask(client(llm_server), request(tools=(CROP,)))
    assert len(llm_server.seen) < 4


def test_a_model_behind_the_other_interface_is_found(llm_server: Server) -> None:
    words = "This model is only supported in v1/responses and not in v1/chat/completions."
    llm_server.script = [error(404, words), Reply("Yes.")]
    assert ask(client(llm_server)).text == "Yes."
    assert [s.path for s in llm_server.seen] == [CHAT, RESPONSES]


def test_a_chosen_interface_is_kept(llm_server: Server) -> None:
    llm_server.answer = error(404, "Not Found")
    with pytest.raises(ServerRefused):
        ask(client(llm_server, api="responses"))
    assert [s.path for s in llm_server.seen] == [RESPONSES]


def test_functions_are_written_once_for_a_turn(llm_server: Server) -> None:
    llm_server.answer = TWO
    asking, tools = client(llm_server), (CROP, COUNT)
    ask(asking, request(tools=tools))
    before = asking.bodies._tools[2]
    ask(asking, request(tools=tools, text="And now?"))
    assert asking.bodies._tools[2] is before
    assert llm_server.seen[0].body["tools"] == llm_server.seen[1].body["tools"]


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_requests_one_after_another_go_over_one_connection(llm_server: Server, api: str) -> None:
    llm_server.script = [Reply("Yes."), Reply("Yes."), error(500, "no"), Reply("Yes.")]

    async def run() -> None:
        asking = client(llm_server, api=api)
        for _ in range(3):
            await asking.ask(request(), seconds=20)
        await asking.aclose()

    asyncio.run(run())
    assert len(llm_server.seen) == 4
    assert len({seen.peer for seen in llm_server.seen}) == 1


def test_connections_are_kept_within_a_loop_and_made_anew_in_another(llm_server: Server) -> None:
    llm_server.answer = Reply("Yes.")
    asking = client(llm_server)
    failed: list[BaseException] = []

    async def several() -> int:
        said = await asyncio.gather(*(asking.ask(request(), seconds=20) for _ in range(5)))
        assert {s.text for s in said} == {"Yes."}
        await asking.aclose()
        return len(said)

    def run() -> None:
        try:
            assert asyncio.run(several()) == 5
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(llm_server.seen) == 15
    assert not asking.link._clients


@pytest.mark.parametrize(
    "url", ["localhost:8000/v1", "ftp://x/v1", "http://", "http://[x/v1", "nonsense"]
)
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ConfigError, match="is no address") as found:
        Client(LLM(base_url=url, model="m", api_key=CANARY))
    assert "OPENAI_BASE_URL" in found.value.hint


@pytest.mark.parametrize("key", ["two words-9f8e7d", "tab\tkey-9f8e7d", "schlüssel-9f8e7d"])
def test_a_key_that_is_none_is_refused_at_once_and_not_shown(key: str) -> None:
    with pytest.raises(ConfigError, match="holds characters") as found:
        Client(LLM(base_url="http://127.0.0.1:1/v1", model="m", api_key=key))
    assert key not in found.value.line()


def test_blanks_around_a_key_are_no_part_of_it(llm_server: Server) -> None:
    llm_server.key, llm_server.answer = CANARY, Reply("Yes.")
    assert ask(client(llm_server, api_key=f" {CANARY}\n")).text == "Yes."


def test_a_server_without_keys_needs_none(llm_server: Server) -> None:
    llm_server.answer = Reply("Yes.")
    assert ask(client(llm_server, api_key="")).text == "Yes."


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match="no language model is named"):
        Client(LLM(base_url="http://127.0.0.1:1/v1", model=" ", api_key=""))
    with pytest.raises(ConfigError, match=r"api\.openai\.com wants a key"):
        Client(LLM(base_url="", model="gpt-5", api_key=""))


def test_strange_letters_go_out_and_come_in_as_they_can(llm_server: Server) -> None:
    llm_server.answer = Reply(
        "a\ud83d\ude00b\x00\ud800c", calls=[("crop", '{"image": "\\ud800\\u0000"}')], pieces=1
    )
    said = ask(client(llm_server), request(text="lone \ud800 NUL \x00 \U0001f600", tools=(CROP,)))
    assert said.text == "a\U0001f600b\ufffd\ufffdc"
    assert said.calls == (Asked("crop", '{"image": "\\ud800\\u0000"}'),)
    assert "\U0001f600" in llm_server.seen[0].text
    said.text.encode()


def test_nothing_heavy_is_imported_before_the_first_request() -> None:
    code = (
        "import sys; from agent.llm.pool import connect; from agent.settings import LLM;"
        "connect(LLM(base_url='http://127.0.0.1:1/v1', model='a,b', api_key='k'));"
        "print([m for m in ('openai', 'httpx2', 'torch', 'numpy.linalg') if m in sys.modules][:2])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "openai" not in done.stdout
    assert "httpx2" not in done.stdout


def test_settings_are_shown_without_secrets(llm_server: Server) -> None:
    url = llm_server.url.replace("//", "//me:hunter2@") + "?key=querysecret"
    chosen = settings(llm_server, base_url=url)
    shown = f"{chosen!r} {chosen} {chosen.model_dump_json()} {Settings(llm=chosen)!r}"
    for secret in (CANARY, "hunter2", "querysecret"):
        assert secret not in shown
    assert chosen.model_dump(mode="json")["base_url"] == llm_server.url
    assert chosen.base_url == url


def test_how_long_a_reply_may_take_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert LLM().timeout == 60
    monkeypatch.setenv("OCELLI_REPLY_SECONDS", "300")
    assert LLM().timeout == 300
    monkeypatch.setenv("OCELLI_REPLY_SECONDS", "0")
    with pytest.raises(ValueError, match="greater than 0"):
        LLM()
