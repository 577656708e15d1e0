"""What is known of servers and models, and what is learned of them."""

from __future__ import annotations

import pytest

from agent.llm.servers import GENERIC, WORDS, Server, learn, pick, sees

ALL = frozenset(WORDS)


@pytest.mark.parametrize(
    ("url", "name", "responses"),
    [
        ("", "openai", True),  # the default address
        ("https://api.openai.com/v1", "openai", True),
        ("https://x.openai.azure.com/openai/v1", "azure", False),
        ("https://api.openai.com.evil.example/v1", "", False),  # a look-alike is nobody
        ("http://localhost:11434/v1", "ollama", False),
        ("http://127.0.0.1:8080/v1", "llama.cpp", False),
        ("https://example.org:11434/v1", "", False),  # ports tell of local servers alone
        ("http://127.0.0.1:8000/v1", "", False),
    ],
)
def test_servers_are_known_by_their_address(url: str, name: str, responses: bool) -> None:
    assert (pick(url).name, pick(url).responses) == (name, responses)


def test_the_interface_may_be_chosen() -> None:
    assert pick("", "chat").responses is False
    assert pick("http://127.0.0.1:8000/v1", "responses").responses is True


@pytest.mark.parametrize(
    ("said", "change"),
    [
        ("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", {"limit": "max_completion_tokens"}),
        ("Unknown parameter: 'parallel_tool_calls'.", {"parallel": False}),
        ('[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]', {"usage": False}),
        ("Invalid schema for function 'crop': In context=(), 'additionalProperties' is required", {"strict": False}),
        ("tool_choice is not supported", {"must_call": False}),
        ("'response_format.type' must be json_object or text", {"schema": "json_object"}),
        ("This model is only supported in v1/responses", {"responses": True}),
        ("Unsupported parameter: 'stop' is not supported with this model.", {"stop": False}),
        ("Streaming is not supported", {"stream": False}),
        ("the messages make no sense", {}),  # nothing of ours is named
        ("crop stop please", {}),  # a word alone is no complaint
    ],
)  # fmt: skip
def test_refusals_tell_what_to_leave_out(said: str, change: dict[str, object]) -> None:
    assert learn(GENERIC, ALL, said, frozenset()) == change


def test_what_was_not_sent_is_not_learned() -> None:
    said = "Unknown parameter: 'parallel_tool_calls'."
    assert learn(GENERIC, frozenset({"strict"}), said, frozenset()) == {}
    assert learn(GENERIC, ALL, said, frozenset({"parallel"})) == {}
    assert learn(Server(parallel=False), ALL, said, frozenset()) == {}


def test_the_form_of_a_reply_is_given_up_in_two_steps() -> None:
    said = "response_format is not supported"
    assert learn(GENERIC, ALL, said, frozenset()) == {"schema": "json_object"}
    second = Server(schema="json_object")
    assert learn(second, ALL, said, frozenset({"schema"})) == {"schema": ""}
    assert learn(Server(schema=""), ALL, said, frozenset({"schema"})) == {}


@pytest.mark.parametrize(
    ("model", "can"),
    [
        ("gpt-4o-mini", True), ("gpt-5.2", True), ("gpt-4.1-nano", True), ("o3", True), ("o3-mini", False),
        ("gpt-3.5-turbo", False), ("gpt-oss-120b", False), ("gpt-4", False),
        ("claude-sonnet-5", True), ("anthropic/claude-haiku-4.5", True), ("gemini-3-flash", True),
        ("Qwen/Qwen3-VL-8B-Instruct", True), ("qwen2.5vl:7b", True), ("Qwen/Qwen3-8B", False),
        ("qwen3:8b", False), ("llava:13b", True), ("llama3.2-vision", True), ("llama3.2", False),
        ("meta-llama/Llama-4-Scout-17B", True), ("google/gemma-3-4b-it", True), ("google/gemma-3-1b-it", False),
        ("gemma3:1b", False), ("gemma3", True), ("OpenGVLab/InternVL3-8B", True),
        ("mistral-small-3.2", True), ("mistral-7b", False), ("pixtral-12b", True), ("HuggingFaceTB/SmolVLM2-2.2B", True),
        ("deepseek-chat", False), ("text-embedding-3-large", False), ("marvelous-7b", False), ("evals", False), ("tiny", False),
    ],
)  # fmt: skip
def test_models_that_see_are_known_by_their_names(model: str, can: bool) -> None:
    assert sees(model) is can
