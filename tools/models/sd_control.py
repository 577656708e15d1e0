"""Stable Diffusion as a maker of pictures: from words, and from words with a map that steers.

SD 1.5 with a ControlNet for each kind of map, SDXL with one ControlNet for all kinds. Rombach et
al., 2021 (https://arxiv.org/abs/2112.10752); Podell et al., SDXL, 2023
(https://arxiv.org/abs/2307.01952); Zhang et al., Adding Conditional Control to Text-to-Image
Diffusion Models, 2023 (https://arxiv.org/abs/2302.05543); Ye et al., IP-Adapter, 2023
(https://arxiv.org/abs/2308.06721). A model's labels are the kinds of map that it understands;
``text`` is none, ``subject`` a picture whose subject is to be shown. Knows nothing of how maps are
made.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from PIL import Image as PilImage

from tools.adapters import borrowed
from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.diffusion import (
    OnStep,
    explained,
    generator,
    open_part,
    open_pipeline,
    own_side,
    paint,
    weight_bytes,
)
from tools.neural import open_model
from tools.repaint import resized, whole_size, working_size
from tools.types import Image
from tools.weights import folder

STEPS = 30
GUIDANCE = 7.5
PLAIN = ("text",)
"""The label of a model that takes no map."""
MODES = {"pose": 0, "depth": 1, "scribble": 2, "edges": 3, "lines": 3, "segmentation": 5}
"""The numbers of the kinds of map in the union ControlNet."""

SD15 = "stable-diffusion-v1-5/stable-diffusion-v1-5"
SDXL = "stabilityai/stable-diffusion-xl-base-1.0"
SUBJECT = "h94/IP-Adapter"
EYES = "ip-adapter_sd15.safetensors"
UNION = "xinsir/controlnet-union-sdxl-1.0"


def load_sd15(control: str = "") -> Drawer:
    """SD 1.5, with the ControlNet of this hub id where one is named.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    import diffusers as d

    if not control:
        return Drawer(open_pipeline(d.StableDiffusionPipeline, SD15))
    net = open_part(d.ControlNetModel, control)
    return Drawer(open_pipeline(d.StableDiffusionControlNetPipeline, SD15, controlnet=net))


def load_subject() -> Drawer:
    """SD 1.5 with an adapter that is shown a picture of the subject.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    import diffusers as d
    import transformers as t

    eye = open_model(t.CLIPVisionModelWithProjection, SUBJECT, subfolder="models/image_encoder")
    pipeline = open_pipeline(d.StableDiffusionPipeline, SD15, image_encoder=eye)
    with explained(SUBJECT):
        pipeline.load_ip_adapter(
            folder(SUBJECT),
            subfolder="models",
            weight_name=EYES,
            image_encoder_folder=None,
            local_files_only=True,
        )
    return Drawer(pipeline)


def load_sdxl(control: str = "") -> Drawer:
    """SDXL, with the union ControlNet of this hub id where one is named.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    import diffusers as d

    if not control:
        return Drawer(open_pipeline(d.StableDiffusionXLPipeline, SDXL, add_watermarker=False))
    net = open_part(d.ControlNetUnionModel, control)
    kind = d.StableDiffusionXLControlNetUnionPipeline
    return Drawer(open_pipeline(kind, SDXL, controlnet=net, add_watermarker=False), union=True)


class Drawer:
    """Makes pictures."""

    def __init__(self, pipeline: Any, union: bool = False) -> None:
        self._pipeline, self._union = pipeline, union

    def __call__(
        self,
        prompt: str,
        *,
        labels: tuple[str, ...],
        cancel: CancelToken,
        control: Image | None = None,
        subject: Image | None = None,
        size_wh: tuple[int, int] | None = None,
        style: str = "",
        concept: str = "",
        unwanted: str = "",
        strength: float = 1.0,
        seed: int = 0,
        steps: int = STEPS,
        on_step: OnStep | None = None,
    ) -> Image:
        """A picture of `prompt`, steered by the map `control` of the kind that `labels` names.

        `strength` says how strictly the map, or the `subject`, is followed. Without `size_wh` the
        picture has the shape of the map, or is square, at the model's own size. `style` is the hub
        id of a LoRA, `concept` that of a textual inversion.
        """
        cancel.check()
        wanted = size_wh or self._own_size(control)
        width, height = whole_size(wanted)
        with borrowed(self._pipeline, style, concept) as word:
            pixels = paint(
                self._pipeline,
                cancel=cancel,
                on_step=on_step,
                prompt=prompt if word in prompt else f"{prompt}, {word}",
                negative_prompt=unwanted,
                width=width,
                height=height,
                num_inference_steps=steps,
                guidance_scale=GUIDANCE,
                generator=generator(seed),
                **self._shown(subject, strength),
                **self._steered(control, labels, (width, height), strength),
            )
        return Image.as_root(resized(pixels, wanted), name=f"generated with seed {seed}")

    def _own_size(self, control: Image | None) -> tuple[int, int]:
        side = own_side(self._pipeline)
        return working_size(control.size_wh if control else (side, side), side)

    def _shown(self, subject: Image | None, strength: float) -> dict[str, Any]:
        if subject is None:
            return {}
        self._pipeline.set_ip_adapter_scale(strength)
        return {"ip_adapter_image": PilImage.fromarray(subject.pixels)}

    def _steered(
        self,
        control: Image | None,
        labels: tuple[str, ...],
        size_wh: tuple[int, int],
        strength: float,
    ) -> dict[str, Any]:
        if control is None:
            return {}
        shown = PilImage.fromarray(resized(control.pixels, size_wh))
        more: dict[str, Any] = {"controlnet_conditioning_scale": strength}
        if self._union:
            return more | {"control_image": [shown], "control_mode": [MODES[labels[0]]]}
        return more | {"image": shown}

    def nbytes(self) -> int:
        """Bytes of the weights."""
        return weight_bytes(self._pipeline)


_spec = partial(
    ModelSpec,
    ability="generate",
    version="1",
    modules=("torch", "transformers", "diffusers"),
    extra="edit",
)


def _control(kind: str, repo: str) -> ModelSpec:
    return _spec(
        name=f"sd15-{kind}",
        licence="CreativeML-OpenRAIL-M",
        load=partial(load_sd15, repo),
        weights=SD15,
        parts=(repo,),
        weights_mb=6900,
        memory_mb=5000,
        labels=(kind,),
        notes=f"steered by a map of {kind}, at 512 px",
    )


SMALL = _spec(
    name="sd15",
    licence="CreativeML-OpenRAIL-M",
    load=load_sd15,
    weights=SD15,
    weights_mb=5500,
    memory_mb=4200,
    labels=PLAIN,
    notes="from words alone, at 512 px; uses a safety checker where there is one",
)
LARGE = _spec(
    name="sdxl",
    licence="OpenRAIL++-M",
    load=load_sdxl,
    weights=SDXL,
    weights_mb=13900,
    memory_mb=10000,
    labels=PLAIN,
    notes="from words alone, at 1024 px; no safety checker",
)
LIKE = _spec(
    name="sd15-subject",
    licence="CreativeML-OpenRAIL-M",
    load=load_subject,
    weights=SD15,
    parts=(SUBJECT,),
    files=tuple(
        f"{SUBJECT}/models/{name}"
        for name in (EYES, "image_encoder/*.json", "image_encoder/*.safetensors")
    ),
    weights_mb=8100,
    memory_mb=5500,
    labels=("subject",),
    notes="shows the subject or style of a given picture, at 512 px",
)
EDGES = _control("edges", "lllyasviel/control_v11p_sd15_canny")
LINES = _control("lines", "lllyasviel/control_v11p_sd15_lineart")
SCRIBBLE = _control("scribble", "lllyasviel/control_v11p_sd15_scribble")
POSE = _control("pose", "lllyasviel/control_v11p_sd15_openpose")
DEPTH = _control("depth", "lllyasviel/control_v11f1p_sd15_depth")
SEGMENTATION = _control("segmentation", "lllyasviel/control_v11p_sd15_seg")
ALL = _spec(
    name="sdxl-control",
    licence="OpenRAIL++-M",
    load=partial(load_sdxl, UNION),
    weights=SDXL,
    parts=(UNION,),
    files=(f"{UNION}/config.json", f"{UNION}/diffusion_pytorch_model.safetensors"),
    weights_mb=16400,
    memory_mb=13000,
    labels=tuple(MODES),
    notes="steered by a map of any kind, at 1024 px; no safety checker",
)
