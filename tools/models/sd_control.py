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

from tools.bases import SD15, SDXL, open_on
from tools.catalog import ModelSpec
from tools.diffusion import explained, open_part, pipeline_spec
from tools.maker import Maker, Wish
from tools.neural import open_model
from tools.repaint import resized
from tools.turns import OPENING, Turns
from tools.weights import folder

PLAIN = ("text",)
"""The label of a model that takes no map."""
MODES = {"pose": 0, "depth": 1, "scribble": 2, "edges": 3, "lines": 3, "segmentation": 5}
"""The numbers of the kinds of map in the union ControlNet."""

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
        return Drawer(*open_on(SD15, d.StableDiffusionPipeline))
    net = open_part(d.ControlNetModel, control)
    return Drawer(*open_on(SD15, d.StableDiffusionControlNetPipeline, controlnet=net))


def load_subject() -> Drawer:
    """SD 1.5 with an adapter that is shown a picture of the subject.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    import diffusers as d
    import transformers as t

    eye = open_model(t.CLIPVisionModelWithProjection, SUBJECT, subfolder="models/image_encoder")
    # the adapter stays in the UNet, which therefore is its own
    pipeline, turns = open_on(SD15, d.StableDiffusionPipeline, "unet", image_encoder=eye)
    with OPENING.alone(), explained(SUBJECT):
        pipeline.load_ip_adapter(
            folder(SUBJECT),
            subfolder="models",
            weight_name=EYES,
            image_encoder_folder=None,
            local_files_only=True,
        )
    return Drawer(pipeline, turns)


def load_sdxl(control: str = "") -> Drawer:
    """SDXL, with the union ControlNet of this hub id where one is named.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    import diffusers as d

    if not control:
        return Drawer(*open_on(SDXL, d.StableDiffusionXLPipeline, add_watermarker=False))
    net = open_part(d.ControlNetUnionModel, control)
    kind = d.StableDiffusionXLControlNetUnionPipeline
    return Drawer(*open_on(SDXL, kind, controlnet=net, add_watermarker=False), union=True)


class Drawer(Maker):
    """Makes pictures that follow a map, or show a subject."""

    def __init__(self, pipeline: Any, turns: Turns, union: bool = False) -> None:
        super().__init__(pipeline, turns)
        self._union = union

    def _steered(self, wish: Wish, size_wh: tuple[int, int]) -> dict[str, Any]:
        call: dict[str, Any] = {}
        if wish.subject is not None:
            self._pipeline.set_ip_adapter_scale(wish.strength)
            call["ip_adapter_image"] = PilImage.fromarray(wish.subject.pixels)
        if wish.control is None:
            return call
        shown = PilImage.fromarray(resized(wish.control.pixels, size_wh))
        call["controlnet_conditioning_scale"] = wish.strength
        if self._union:
            return call | {"control_image": [shown], "control_mode": [MODES[wish.labels[0]]]}
        return call | {"image": shown}


_sd15 = partial(
    pipeline_spec, ability="generate", licence="CreativeML-OpenRAIL-M", weights=SD15.repo
)
_sdxl = partial(pipeline_spec, ability="generate", licence="OpenRAIL++-M", weights=SDXL.repo)


def _control(kind: str, repo: str) -> ModelSpec:
    return _sd15(
        name=f"sd15-{kind}",
        load=partial(load_sd15, repo),
        parts=(repo,),
        weights_mb=6900,
        memory_mb=5000,
        labels=(kind,),
        notes=f"steered by a map of {kind}, at 512 px",
    )


SMALL = _sd15(
    name="sd15",
    load=load_sd15,
    weights_mb=5500,
    memory_mb=4200,
    labels=PLAIN,
    notes="from words alone, at 512 px; uses a safety checker where there is one",
)
LARGE = _sdxl(
    name="sdxl",
    load=load_sdxl,
    weights_mb=13900,
    memory_mb=10000,
    labels=PLAIN,
    notes="from words alone, at 1024 px; no safety checker",
)
LIKE = _sd15(
    name="sd15-subject",
    load=load_subject,
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
ALL = _sdxl(
    name="sdxl-control",
    load=partial(load_sdxl, UNION),
    parts=(UNION,),
    files=(f"{UNION}/config.json", f"{UNION}/diffusion_pytorch_model.safetensors"),
    weights_mb=16400,
    memory_mb=13000,
    labels=tuple(MODES),
    notes="steered by a map of any kind, at 1024 px; no safety checker",
)
