"""How fast models move between card and host memory, and how fast they answer many callers.

Each model is asked by many threads through the host and, by turns, loaded a second time, by one
loop that calls the library alone in batches of the same size. Knows nothing of how the weights were made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from time import perf_counter, process_time
from typing import Any

from evals.bench.pool_mix import NO_CARD, ORDER, ask, middle, pictures
from evals.bench.random_weights import Size
from evals.bench.table import Measured
from tools.catalog import Catalog, ModelSpec
from tools.context import CancelToken
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
MOST_OWN_MS = 1.0
OWN_CALLS = 1000
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
    give_back(collect=False)
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


def contests(size: Size) -> list[Contest]:
    """Those that are held."""
    few = 32 if size == "mid" else 64  # calls of networks that write take longest
    many = {"tiny": 32, "mid": 16, "full": 128}[size]
    return [
        Contest("dfine-large", "detector", alone_detector, many),
        Contest("sam2-large", "SAM 2, same picture", alone_segmenter, many, True),
        Contest("florence2-large-ft", "captioner", alone_captioner, few),
        Contest("qwen3-vl-2b", "multimodal model", alone_talker, few),
    ]


def throughput(catalog: Catalog, side: int, size: Size) -> list[Measured]:
    """What the host itself costs a call, and calls a second of those of the library alone."""
    held = [_held(catalog, contest, side) for contest in contests(size)]
    if size == "tiny":  # calls of 3 ms measure how Python hands over between threads
        held = [replace(row, limit=None) for row in held]
    return [own_work(), *held]


def own_work() -> Measured:
    """Processor time of the host, its actor and 16 callers for a call of a model that does nothing."""
    spec = ModelSpec(
        name="nothing", ability="nothing", licence="MIT", version="1", memory_mb=1,
        load=lambda: _nothing,
    )  # fmt: skip
    profile = Profile("bench", 10, {"nothing": ("nothing",)})
    with Host(Catalog({}, {"nothing": spec}), profile) as host, _callers() as callers:
        ask_it = partial(host.use, "nothing")
        _answered(callers, ask_it, range(CALLERS))
        start = process_time()
        _answered(callers, ask_it, range(OWN_CALLS))
        spent = process_time() - start
    return Measured("work of the host for a call", spent / OWN_CALLS * 1e3, "ms", MOST_OWN_MS)


def _nothing(*args: Any, cancel: CancelToken) -> None:
    pass


def _callers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(CALLERS)


def _answered(callers: Executor, call: Callable[[Any], object], given: Iterable[Any]) -> None:
    for _ in callers.map(call, given):
        pass


def _held(catalog: Catalog, contest: Contest, side: int) -> Measured:
    """Both take every round by turns, so that what else the machine does meets both alike.

    Both load and work on a thread of their own: on a processor it matters whose memory it is.
    """
    spec = catalog.models[contest.name]
    profile = Profile("bench", 4 * spec.memory_mb, ORDER)
    ours, theirs = list[float](), list[float]()
    with Host(catalog, profile) as host, _callers() as callers, ThreadPoolExecutor(1) as other:
        model = other.submit(spec.load).result()
        size = int(getattr(model, "batch_size", 1))
        call = partial(ask, host, spec.name)
        for seed in range(ROUNDS + 1):
            shown = _round(contest, side, seed)
            turns = [
                (ours, partial(_answered, callers, call, shown)),
                (theirs, partial(_batched, contest.alone, model, shown, size)),
            ]
            for times, work in turns if seed % 2 else reversed(turns):
                times.append(other.submit(_seconds, work).result())
    del model
    give_back()
    rate, alone = (contest.calls / median(times[1:]) for times in (ours, theirs))
    note = f"{rate:.1f} calls a second of {CALLERS} callers, alone {alone:.1f} in batches of {size}"
    where = "" if here().is_gpu else f"; {here().name}"
    name = f"throughput, {contest.what}, of the library alone"
    return Measured(name, rate / alone, "×", LEAST_RATE, False, note + where)


def _round(contest: Contest, side: int, seed: int) -> list[Image]:
    """The pictures of a round: new ones, unless it is about one that was seen before."""
    if contest.one_picture:
        return pictures(1, side) * contest.calls
    return pictures(contest.calls, side, seed)


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
