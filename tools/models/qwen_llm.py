"""Qwen3: language models that do not see, of ``transformers``, for planning in this process.

Report: Qwen3, 2025 (https://arxiv.org/abs/2505.09388). They reply without thinking aloud first.
Knows nothing of plans.
"""

from __future__ import annotations

from tools.catalog import ModelSpec
from tools.completing import Completer
from tools.neural import network_spec, open_model, open_processor


def load(repo: str) -> Completer:
    """A model of the family on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    import transformers

    tokenizer = open_processor(transformers.AutoTokenizer, repo)
    return Completer(open_model(transformers.AutoModelForCausalLM, repo), tokenizer)


def _spec(name: str, size: str, weights_mb: float) -> ModelSpec:
    repo = f"Qwen/Qwen3-{size}"
    return network_spec(
        repo,
        load,
        name=name,
        ability="complete",
        licence="Apache-2.0",
        modules=("torch", "transformers", "llguidance"),
        weights_mb=weights_mb,
        memory_mb=weights_mb * 1.05 + 1500,
        notes="plans; sees no pictures",
    )


SMALLEST = _spec("qwen3-0.6b", "0.6B", 1520)
SMALL = _spec("qwen3-1.7b", "1.7B", 4080)
MEDIUM = _spec("qwen3-4b", "4B-Instruct-2507", 8060)
LARGE = _spec("qwen3-8b", "8B", 16400)
