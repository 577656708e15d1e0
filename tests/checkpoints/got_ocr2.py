"""GOT-OCR 2 of two layers a part, with random weights."""

from __future__ import annotations

from pathlib import Path

from checkpoints.vocab import byte_pairs

MARKS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<img>", "</img>", "<imgpad>")


def build_got_ocr2(folder: Path) -> None:
    """Pictures of 128 px that become four tokens."""
    import torch
    import transformers as t

    torch.set_num_threads(1)
    torch.manual_seed(0)
    letters, merges = byte_pairs()
    tokens = t.Qwen2Tokenizer(vocab=letters, merges=merges)
    tokens.add_tokens(
        [t.AddedToken(m, special=True, normalized=False) for m in MARKS], special_tokens=True
    )
    tokens.eos_token, tokens.pad_token = "<|im_end|>", "<|endoftext|>"
    config = t.GotOcr2Config(
        vision_config={
            "hidden_size": 32,
            "output_channels": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 128,
            "patch_size": 16,
            "window_size": 4,
            "global_attn_indexes": [1],
            "mlp_dim": 32,
        },
        text_config={
            "model_type": "qwen2",
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
            "initializer_range": 0.5,
        },
        image_token_index=tokens.convert_tokens_to_ids("<imgpad>"),
        image_seq_length=4,
    )
    model = t.GotOcr2ForConditionalGeneration(config)
    model.generation_config.eos_token_id = tokens.eos_token_id
    model.generation_config.pad_token_id = tokens.pad_token_id
    model.save_pretrained(folder)
    images = t.GotOcr2ImageProcessor(size={"height": 128, "width": 128})
    t.GotOcr2Processor(images, tokens).save_pretrained(folder)
