"""Qwen3 language models of a few thousand weights, one of them over-fitted until it plans."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from checkpoints.qwen_vl import SPECIAL, TEMPLATE, ends, text_config, tokenizer

LONGEST = 40_000
"""Tokens it reads: a tool's card is long in a vocabulary this small."""


def build(folder: Path) -> None:
    """Random weights."""
    import torch
    import transformers as t

    torch.manual_seed(0)
    _save(folder, _model(t, tokenizer()), tokenizer())


def _model(t: Any, tokens: Any, **more: Any) -> Any:
    config = {"head_dim": 8, "max_position_embeddings": LONGEST, "tie_word_embeddings": True}
    model = t.Qwen3ForCausalLM(t.Qwen3Config(**text_config(tokens, **{**config, **more})))
    ends(model, tokens)
    return model


def _save(folder: Path, model: Any, tokens: Any) -> None:
    tokens.chat_template = TEMPLATE
    model.save_pretrained(folder)
    tokens.save_pretrained(folder)


# --- one that plans -----------------------------------------------------------------------------

STEPS = 600
"""At most; about 100 are enough."""
SURE = 0.2
"""The loss below which a token is likelier than all others together."""


def build_planning(folder: Path, lessons: Sequence[tuple[str, str, str]]) -> None:
    """Over-fitted until it replies as in the lessons.

    Args:
        folder: Where it is saved.
        lessons: (system text, message, reply), as a planner asks and should be answered.
    """
    import torch
    import transformers as t

    torch.manual_seed(0)
    tokens = _speaking([text for lesson in lessons for text in lesson])
    tokens.chat_template = TEMPLATE
    model = _model(t, tokens, hidden_size=48, head_dim=12)
    rows = [_row(tokens, *lesson) for lesson in lessons]
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 0.05, total_iters=10)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # many threads on so little work wait for one another
    model.train()
    for _ in range(STEPS):
        optimizer.zero_grad()
        worst = 0.0
        for asked, reply in rows:
            losses = _losses(model, asked, reply)
            losses.mean().backward()
            worst = max(worst, losses.max().item())
        if worst < SURE:  # before the next step: it is these weights that are sure
            break
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    else:
        raise AssertionError(f"not learned in {STEPS} steps: {worst:.2f}")
    torch.set_num_threads(threads)
    _save(folder, model.eval(), tokens)


def _speaking(texts: Sequence[str]) -> Any:
    """A tokenizer to which these texts are short."""
    import transformers as t
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=1500, initial_alphabet=alphabet, show_progress=False)
    )
    model = json.loads(made.to_str())["model"]
    merges = [tuple(pair) for pair in model["merges"]]
    tokens = t.Qwen2Tokenizer(vocab=model["vocab"], merges=merges)
    special = [t.AddedToken(x, special=True, normalized=False) for x in SPECIAL]
    tokens.add_tokens(special, special_tokens=True)
    tokens.eos_token, tokens.pad_token = "<|im_end|>", "<|endoftext|>"
    return tokens


def _row(tokens: Any, system: str, message: str, reply: str) -> tuple[list[int], list[int]]:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": message}]
    asked = tokens.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    return tokens(asked).input_ids, tokens(reply + "<|im_end|>").input_ids


def _losses(model: Any, asked: list[int], reply: list[int]) -> Any:
    """Of each token of the reply."""
    import torch

    inputs = torch.tensor([[*asked, *reply]])
    logits = model(input_ids=inputs, logits_to_keep=len(reply) + 1).logits[0, :-1]
    return torch.nn.functional.cross_entropy(logits, torch.tensor(reply), reduction="none")
