"""How fast models move between card and host memory, and how fast they answer many callers.

Each model is asked by many threads through the host, and, loaded a second time, by one loop that
calls the library alone in batches of the same size. Knows nothing of how the weights were made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

from evals.bench.pool_mix import NO_CARD, ORDER, ask, middle, pictures
from evals.bench.table import Measured
from tools.catalog import Catalog, ModelSpec
from tools.device import give_back, here, move
from tools.host import Host
from tools.host_swap import pack
from tools.neural import picture
from tools.profiles import Profile
from tools.types import Image

CALLERS = 16
LEAST_RATE = 0.9
"""Of the library alone."""
LEAST_SWAP = 0.5
"""Of a plain copy: the card's memory is taken and given back as well."""
ROUNDS = 3
PLAIN_BYTES = 2**31

Alone = Callable[[Any, Sequence[Image]], object]
"""The library's own calls on a loaded model for a batch of pictures."""


def swap(catalog: Catalog) -> list[Measured]:
    """Gigabytes a second of the largest model on its way out and in, beside a plain copy."""
    if not here().is_gpu:
        return [
            Measured(f"swap, {way}, of a plain copy", None, "×", LEAST_SWAP, False, NO_CARD)
            for way in ("card to host", "host to card")
        ]
    spec = max(catalog.models.values(), key=lambda model: model.memory_mb)
    model = spec.load()
    nbytes = float(model.nbytes())
    out, back = zip(*(_there_and_back(model) for _ in range(ROUNDS)), strict=True)
    del model
    give_back()
    plain_out, plain_back = _plain()
    rows = []
    for way, seconds, plain in (
        ("card to host", min(out), plain_out),
        ("host to card", min(back), plain_back),
    ):
        rate = nbytes / seconds / 1e9
        note = f"{rate:.1f} GB/s of {spec.name}, plain {plain:.1f} GB/s"
        rows.append(
            Measured(f"swap, {way}, of a plain copy", rate / plain, "×", LEAST_SWAP, False, note)
        )
    return rows


def _there_and_back(model: Any) -> tuple[float, float]:
    """Seconds to park a model as the host does it, and to bring it back."""
    start = perf_counter()
    back = pack(model)
    give_back()
    middle_of_it = perf_counter()
    if back is None:
        move(model, here().name)
    else:
        back()
    return middle_of_it - start, perf_counter() - middle_of_it


def _plain() -> tuple[float, float]:
    """Gigabytes a second of one page-locked block, out and in."""
    import torch

    card = torch.empty(PLAIN_BYTES, dtype=torch.uint8, device=here().name)
    host = torch.empty(PLAIN_BYTES, dtype=torch.uint8, pin_memory=True)

    def rate(to: Any, of: Any) -> float:
        times = []
        for _ in range(ROUNDS + 1):
            start = perf_counter()
            to.copy_(of, non_blocking=True)
            torch.cuda.synchronize()
            times.append(perf_counter() - start)
        return PLAIN_BYTES / min(times) / 1e9

    return rate(host, card), rate(card, host)


# --- throughput --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Contest:
    """One model, asked through the host and through the library."""

    name: str
    what: str
    alone: Alone
    calls: int
    """A round; a multiple of the callers."""
    one_picture: bool = False
    """Every call is about the same picture, which was seen before."""


def alone_detector(model: Any, images: Sequence[Image]) -> object:
    """D-FINE by its own classes."""
    import torch

    net, processor = model._model, model._processor
    seen = processor(images=[picture(image) for image in images], return_tensors="pt")
    with torch.inference_mode():
        outputs = net(pixel_values=seen["pixel_values"].to(net.device, net.dtype))
    sizes = [(image.height, image.width) for image in images]
    found = processor.post_process_object_detection(outputs, threshold=0.5, target_sizes=sizes)
    return [{name: value.cpu() for name, value in one.items()} for one in found]


def alone_segmenter(model: Any, images: Sequence[Image]) -> object:
    """SAM 2 by its own classes, its features of the picture at hand."""
    import torch

    net, processor = model._model, model._processor
    (image,) = images
    size = [[image.height, image.width]]
    boxes = [middle(image).xyxy.tolist()]
    inputs = processor(original_sizes=size, return_tensors="pt", input_boxes=boxes)
    with torch.inference_mode():
        out = net(
            image_embeddings=model.features(image),
            input_boxes=inputs["input_boxes"].to(net.device),
            multimask_output=False,
        )
    masks = processor.post_process_masks([out.pred_masks[0].float()], size)[0]
    return masks.cpu().numpy(), out.iou_scores.cpu()


def alone_captioner(model: Any, images: Sequence[Image]) -> object:
    """Florence-2 by its own classes."""
    import torch

    from tools.models import florence2 as ours

    net, processor = model._model, model._processor
    shown = [picture(image) for image in images]
    asked = [ours.TASKS["short"]] * len(shown)
    inputs = processor(text=asked, images=shown, return_tensors="pt").to(net.device, net.dtype)
    with torch.inference_mode():
        made = net.generate(
            **inputs, max_new_tokens=ours.MAX_TOKENS, num_beams=ours.BEAMS, do_sample=False
        )
    return processor.batch_decode(made, skip_special_tokens=False)


def alone_talker(model: Any, images: Sequence[Image]) -> object:
    """A multimodal language model by its own classes."""
    import torch

    from tools import multimodal as ours

    net, processor = model._model, model._processor
    content = [{"type": "image"}, {"type": "text", "text": "what is it"}]
    text = processor.apply_chat_template(
        [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
    )
    inputs = processor(
        text=[text] * len(images), images=[[picture(image)] for image in images], padding=True,
        padding_side="left", return_tensors="pt",
    ).to(net.device, net.dtype)  # fmt: skip
    with torch.inference_mode():
        made = net.generate(**inputs, max_new_tokens=ours.MAX_TOKENS, do_sample=False)
    return processor.tokenizer.batch_decode(made[:, inputs["input_ids"].shape[1] :].tolist())


def contests(full: bool) -> list[Contest]:
    """Those that are held."""
    times = 4 if full else 1
    return [
        Contest("dfine-large", "detector", alone_detector, 32 * times),
        Contest("sam2-large", "SAM 2, same picture", alone_segmenter, 32 * times, True),
        Contest("florence2-large-ft", "captioner", alone_captioner, 16 * times),
        Contest("qwen3-vl-2b", "multimodal model", alone_talker, 16 * times),
    ]


def throughput(catalog: Catalog, side: int, full: bool) -> list[Measured]:
    """Calls a second through the host, of those of the library alone."""
    return [_held(catalog, contest, side) for contest in contests(full)]


def _held(catalog: Catalog, contest: Contest, side: int) -> Measured:
    spec = catalog.models[contest.name]
    rounds = [
        pictures(1, side) * contest.calls
        if contest.one_picture
        else pictures(contest.calls, side, seed)
        for seed in range(ROUNDS + 1)
    ]
    ours = _through_host(catalog, spec, rounds)
    model = spec.load()
    size = int(getattr(model, "batch_size", 1))
    theirs = median(_seconds(partial(_batched, contest.alone, model, r, size)) for r in rounds[1:])
    del model
    give_back()
    rate, alone = contest.calls / ours, contest.calls / theirs
    note = f"{rate:.1f} calls a second of {CALLERS} callers, alone {alone:.1f} in batches of {size}"
    where = "" if here().is_gpu else f"; {here().name}"
    name = f"throughput, {contest.what}, of the library alone"
    return Measured(name, rate / alone, "×", LEAST_RATE, False, note + where)


def _through_host(catalog: Catalog, spec: ModelSpec, rounds: Sequence[list[Image]]) -> float:
    """Seconds of a round; the first one is not counted."""
    profile = Profile("bench", 4 * spec.memory_mb, ORDER)
    with Host(catalog, profile) as host, ThreadPoolExecutor(CALLERS) as callers:
        call = partial(ask, host, spec.name)

        def answer(shown: list[Image]) -> None:
            for _ in callers.map(call, shown):
                pass

        times = [_seconds(partial(answer, shown)) for shown in rounds]
    return median(times[1:])


def _batched(alone: Alone, model: Any, images: Sequence[Image], size: int) -> None:
    for start in range(0, len(images), size):
        alone(model, images[start : start + size])


def _seconds(work: Callable[[], object]) -> float:
    """On a card all that was begun is waited for."""
    start = perf_counter()
    work()
    if here().is_gpu:
        import torch

        torch.cuda.synchronize()
    return perf_counter() - start
