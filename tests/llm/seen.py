"""What real servers answered, word for word, and what has to come of it.

Taken down from llama.cpp's ``llama-server`` 0.5.0 (0c1e570), ``transformers serve`` 5.23.0 and
vLLM 0.32.0 on a CPU while they ran; where a row says so, from the source or the documents.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from llm_server import Fault, chunk, raw, stream

SERVE = "Serve the model with a longer context (llama.cpp -c"
REACT = "--planner react"


@dataclass(frozen=True)
class Refusal:
    """An answer that ends a request."""

    name: str
    answer: Fault
    cause: str
    mend: str
    asked: int = 1
    """Requests until the end, with two repeats allowed."""


def _llama(code: int, message: str, kind: str, **more: int) -> Fault:
    body = {"error": {"code": code, "message": message, "type": kind, **more}}
    return raw(code, json.dumps(body), "application/json; charset=utf-8")


def _said(status: int, message: str, kind: str = "BadRequestError", **more: object) -> Fault:
    return raw(status, json.dumps({"error": {"message": message, "type": kind, **more}}))


LLAMA_UNREAD = "The model produced output that does not match the expected peg-native format"
NO_IMAGES = (
    "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
)

REFUSALS = (
    Refusal(
        "llama.cpp context",
        _llama(400, "request (13839 tokens) exceeds the available context size (4096 tokens), try increasing it", "exceed_context_size_error", n_prompt_tokens=13839, n_ctx=4096),
        "it answers 400: request (13839 tokens) exceeds the available context size", SERVE,
    ),
    Refusal("llama.cpp key", _llama(401, "Invalid API Key", "authentication_error"), "401: Invalid API Key", "Set OPENAI_API_KEY"),
    Refusal("llama.cpp place", _llama(404, "File Not Found", "not_found_error"), "404: File Not Found", "mostly in /v1"),
    Refusal("llama.cpp without templates", _llama(500, "tools param requires --jinja flag", "server_error"), "tools param requires --jinja flag", REACT),
    Refusal("llama.cpp router", _llama(400, "model 'tiny' not found", "invalid_request_error"), "model 'tiny' not found", "Set OCELLI_MODEL"),  # source
    Refusal("llama.cpp unread call", _llama(500, LLAMA_UNREAD, "server_error"), LLAMA_UNREAD, REACT, asked=3),
    Refusal("transformers pinned", raw(400, '{"detail":"Server is pinned to \'a/b\'; requested \'tiny\'."}'), "Server is pinned to 'a/b'", "Set OCELLI_MODEL"),
    Refusal("transformers broken", raw(500, "Internal Server Error", "text/plain; charset=utf-8"), "it answers 500: Internal Server Error", "Try later", asked=3),
    Refusal(
        "transformers error in a stream", stream(chunk({"role": "assistant"}), {"error": "`max_new_tokens` must be greater than 0, but is 0."}),
        "`max_new_tokens` must be greater than 0", "Try later", asked=3,
    ),
    Refusal(  # source: the words are put between quotes as they are
        "transformers unmasked error", stream(chunk({"role": "assistant"}), 'data: {"error": "no "eager" attention"}\n\n'),
        'it answers 200: no "eager" attention', "Try later", asked=3,
    ),
    Refusal("vLLM model", _said(404, "The model `tiny` does not exist. Valid aliases: other.", "NotFoundError", param="model", code=404), "`tiny` does not exist", "Set OCELLI_MODEL"),
    Refusal(
        "vLLM context",
        _said(400, "This model's maximum context length is 32768 tokens. However, your prompt contains at least 32769 input tokens, which exceeds this limit even without any output tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value=32769)", param="input_tokens", code=400),
        "maximum context length is 32768 tokens", SERVE,
    ),
    Refusal(
        "vLLM reply too long",
        _said(400, "max_tokens=40000 cannot be greater than max_model_len=32768. Please request fewer output tokens. (parameter=max_tokens, value=40000)", param="max_tokens", code=400),
        "max_tokens=40000 cannot be greater", "max_reply_tokens",
    ),
    Refusal("vLLM key", raw(401, '{"error":"Unauthorized"}'), "it answers 401: Unauthorized", "Set OPENAI_API_KEY"),
    Refusal(
        "vLLM tools", _said(400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set', code=400), "--enable-auto-tool-choice", REACT,
    ),
    Refusal(  # documents, and so are all below
        "vLLM reply does not fit",
        _said(400, "'max_tokens' or 'max_completion_tokens' is too large: 2000. This model's maximum context length is 4096 tokens and your request has 2778 input tokens (2000 > 4096 - 2778).", "invalid_request_error", code=400),
        "maximum context length is 4096 tokens", SERVE,
    ),
    Refusal("SGLang reply too long", _said(400, "max_completion_tokens is too large: 2000.This model supports at most 1024 completion tokens."), "too large: 2000", "max_reply_tokens"),
    Refusal("SGLang context", _said(400, "The input (13839 tokens) is longer than the model's context length (4096 tokens)."), "longer than the model's context length", SERVE),
    Refusal("Gemini context", raw(400, '[{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}]'), "exceeds the maximum number of tokens", "longer context"),
    Refusal("xAI context", _said(400, "This model's maximum prompt length is 131072 but the request contains 537812 tokens"), "maximum prompt length", "longer context"),
    Refusal("Ollama unread call", _said(500, "error parsing tool call: raw='{\"a\":\"\"b\"}', err=invalid character 'b' after object key:value pair", "api_error"), "error parsing tool call", REACT, asked=3),
    Refusal("Groq unread call", _said(400, "Failed to call a function. Please adjust your prompt.", "invalid_request_error", code="tool_use_failed"), "Failed to call a function", REACT, asked=3),
)  # fmt: skip

BLIND = {
    "llama.cpp": _llama(500, NO_IMAGES, "server_error"),
    "vLLM": _said(400, "tiny is not a multimodal model", param=None, code=400),
    "vLLM told so": _said(400, "At most 0 image(s) may be provided in one prompt.", code=400),
    "Ollama": _said(
        500, "this model is missing data required for image input", "api_error", code=None
    ),
}
"""Refusals of all pictures; the first two were seen."""
UNSEEN = {
    "llama.cpp": _llama(400, "Failed to load image or audio file", "invalid_request_error"),
    "vLLM": _said(400, "At most 1 image(s) may be provided in one prompt.", code=400),
    "vLLM of a file": _said(400, "cannot identify image file <_io.BytesIO object>", code=400),
}
"""Refusals of these pictures, from the sources."""
LOADING = raw(503, '{"error":{"message":"Loading model","type":"unavailable_error","code":503}}')
"""Of ``llama-server``, from when it listens until it has loaded."""
