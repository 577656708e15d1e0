"""What the tests of the multimodal models have in common: the library's own replies, batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image as PilImage

from tools.context import CancelToken
from tools.geometry import crop
from tools.types import Image

GO = CancelToken()
ASKED = "How many are there?"
TOKENS = 10
"""Of a reply: random weights never end one."""


def library_reply(folder: Path, images: tuple[Image, ...]) -> str:
    """What the library itself replies to `ASKED` about the pictures."""
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    processor = AutoProcessor.from_pretrained(folder)
    own = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    content = [{"type": "image", "image": PilImage.fromarray(i.pixels)} for i in images]
    inputs = processor.apply_chat_template(
        [{"role": "user", "content": [*content, {"type": "text", "text": ASKED}]}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    made = own.generate(**inputs, max_new_tokens=TOKENS, do_sample=False)
    (reply,) = processor.batch_decode(
        made[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True
    )
    return str(reply)


def answers_together_as_alone(model: Any, image: Image) -> bool:
    """Whether a batch of two different calls is answered as each of them alone."""
    calls = [("vqa", (image, ASKED)), ("vqa", (crop(image, [0, 0, 60, 60]), "what? " * 9))]
    together = model.batch(calls, cancel=GO)
    alone = [model.vqa(*args, cancel=GO) for _, args in calls]
    return [answer.value for answer in together] == [answer.value for answer in alone]
