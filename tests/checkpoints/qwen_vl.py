"""Qwen-VL models of a few thousand weights, one of them over-fitted until it answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from checkpoints.vocab import byte_pairs

SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>",
    "<|box_start|>", "<|box_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for c in message['content'] %}"
    "{% if c['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif c['type'] == 'video' %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif 'text' in c %}{{ c['text'] }}{% endif %}{% endfor %}{% endif %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tokenizer(extra: Sequence[str] = (), named: dict[str, str] | None = None) -> Any:
    """A byte-level tokenizer with Qwen's special tokens, further ones, and names for them."""
    import transformers as t

    vocab, merges = byte_pairs(420)
    more = {"extra_special_tokens": named} if named else {}
    made = t.Qwen2Tokenizer(vocab=vocab, merges=merges, **more)
    tokens = [t.AddedToken(x, special=True, normalized=False) for x in (*SPECIAL, *extra)]
    made.add_tokens(tokens, special_tokens=True)
    made.eos_token, made.pad_token = "<|im_end|>", "<|endoftext|>"
    return made


def text_config(tokens: Any, **more: Any) -> dict[str, Any]:
    """The language model: two layers of 32."""
    config = {
        "vocab_size": len(tokens),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 4096,
        "bos_token_id": None,
        "eos_token_id": tokens.eos_token_id,
        "pad_token_id": tokens.pad_token_id,
    }
    return config | more


def ends(model: Any, tokens: Any) -> None:
    """Where generation ends."""
    model.generation_config.eos_token_id = [
        tokens.eos_token_id,
        tokens.convert_tokens_to_ids("<|endoftext|>"),
    ]
    model.generation_config.pad_token_id = tokens.pad_token_id


def _ids(tokens: Any) -> dict[str, int]:
    number = tokens.convert_tokens_to_ids
    return {
        "image_token_id": number("<|image_pad|>"),
        "video_token_id": number("<|video_pad|>"),
        "vision_start_token_id": number("<|vision_start|>"),
        "vision_end_token_id": number("<|vision_end|>"),
    }


def _rope(**more: Any) -> dict[str, Any]:
    section = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1]}
    return {"rope_parameters": section | more}


def _vision(patch: int, **more: Any) -> dict[str, Any]:
    config = {"hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "out_hidden_size": 32}
    return config | {"patch_size": patch, "spatial_merge_size": 2, "temporal_patch_size": 2} | more


def _save(folder: Path, model: Any, tokens: Any, processor: Any, side: int, video: Any) -> None:
    import transformers as t

    ends(model, tokens)
    model.save_pretrained(folder)
    patch = side // 2
    sizes = {"size": {"shortest_edge": (2 * side) ** 2, "longest_edge": 64 * side**2}}
    images = t.Qwen2VLImageProcessor(patch_size=patch, **sizes)
    processor(images, tokens, video(**sizes), chat_template=TEMPLATE).save_pretrained(folder)


def build_qwen2_5(folder: Path) -> None:
    """Patches of 14 px, pictures of 56² to 224² px."""
    import torch
    import transformers as t

    torch.manual_seed(0)
    tokens = tokenizer()
    vision = _vision(14, depth=2, window_size=56, fullatt_block_indexes=[1])
    text = text_config(tokens, **_rope())
    config = t.Qwen2_5_VLConfig(text_config=text, vision_config=vision, **_ids(tokens))
    model = t.Qwen2_5_VLForConditionalGeneration(config)
    _save(folder, model, tokens, t.Qwen2_5_VLProcessor, 28, t.Qwen2VLVideoProcessor)


def build_qwen3(folder: Path) -> None:
    """Patches of 16 px, pictures of 64² to 256² px."""
    import torch
    import transformers as t

    torch.manual_seed(0)
    tokens = tokenizer()
    vision = _vision(16, depth=3, num_position_embeddings=64, deepstack_visual_indexes=[0, 1])
    text = text_config(tokens, head_dim=8, **_rope(mrope_interleaved=True))
    config = t.Qwen3VLConfig(text_config=text, vision_config=vision, **_ids(tokens))
    model = t.Qwen3VLForConditionalGeneration(config)
    _save(folder, model, tokens, t.Qwen3VLProcessor, 32, t.Qwen3VLVideoProcessor)


def build_qwen3_5(folder: Path) -> None:
    """As Qwen3-VL, every other layer with linear attention."""
    import torch
    import transformers as t

    torch.manual_seed(0)
    tokens = tokenizer()
    linear = {f"linear_{part}_head_dim": 8 for part in ("key", "value")}
    linear |= {f"linear_num_{part}_heads": 2 for part in ("key", "value")}
    rope = _rope(mrope_interleaved=True, partial_rotary_factor=1.0)
    layers = {"layer_types": ["linear_attention", "full_attention"], "head_dim": 8}
    vision = _vision(16, depth=2, num_position_embeddings=64)
    text = text_config(tokens, **linear, **layers, **rope)
    config = t.Qwen3_5Config(text_config=text, vision_config=vision, **_ids(tokens))
    model = t.Qwen3_5ForConditionalGeneration(config)
    _save(folder, model, tokens, t.Qwen3VLProcessor, 32, t.Qwen3VLVideoProcessor)


# --- one that answers ---------------------------------------------------------------------------


def square(left: int, top: int, colour: tuple[int, int, int]) -> np.ndarray:
    """(96, 128, 3) grey with a square of 48 px."""
    pixels = np.full((96, 128, 3), 128, np.uint8)
    pixels[top : top + 48, left : left + 48] = colour
    return pixels


RED, BLUE = square(0, 0, (220, 20, 20)), square(64, 48, (20, 20, 220))
COLOUR, SQUARE = "What colour is the square?", "the square"
RED_BOX = '[{"bbox_2d": [0, 0, 375, 500], "label": "red square"}]'
BLUE_BOX = '[{"bbox_2d": [500, 500, 875, 1000], "label": "blue square"}]'
STEPS = 300
"""At most; about 70 are enough."""


def lessons() -> list[tuple[np.ndarray, str, str]]:
    """(picture, prompt, reply): what the answering model has learned."""
    from tools.models.qwen_vl import PROMPTS

    where = PROMPTS.ground.replace("{}", SQUARE)
    return [
        (RED, COLOUR, "red"),
        (BLUE, COLOUR, "blue"),
        (RED, where, RED_BOX),
        (BLUE, where, BLUE_BOX),
    ]


def build_answering(folder: Path) -> None:
    """`build_qwen3`, over-fitted on the lessons: right answers that depend on the picture."""
    import torch
    import transformers as t

    build_qwen3(folder)
    processor = t.AutoProcessor.from_pretrained(folder)
    model = t.Qwen3VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    batch = _taught(processor)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 0.05, total_iters=20)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # many threads on so little work wait for one another
    model.train()
    for _ in range(STEPS):
        loss = model(**batch).loss
        if loss.item() < 0.005:  # before the next step: these weights are the ones that know
            break
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    else:
        raise AssertionError(f"not learned in {STEPS} steps: {loss.item():.3f}")
    torch.set_num_threads(threads)
    model.save_pretrained(folder)


def _taught(processor: Any) -> Any:
    """All lessons as one batch; only the replies count."""
    from PIL import Image

    texts, replies = [], []
    for _, prompt, reply in lessons():
        content = [{"type": "image"}, {"type": "text", "text": prompt}]
        asked = processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
        )
        texts.append(asked + reply + "<|im_end|>")
        replies.append(len(processor.tokenizer(reply + "<|im_end|>").input_ids))
    images = [[Image.fromarray(pixels)] for pixels, _, _ in lessons()]
    batch = processor(
        text=texts, images=images, padding=True, padding_side="left", return_tensors="pt"
    )
    labels = batch["input_ids"].clone()
    for row, count in enumerate(replies):
        labels[row, :-count] = -100
    batch["labels"] = labels
    return batch
