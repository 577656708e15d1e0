"""SAM 2.1 through Meta's own package ``sam2``: the same answers as ``tools/models/sam2_hf.py``.

The same weights serve both: those of the hub are saved under the names of ``transformers`` and are
renamed here, so that no pickle is read where a safetensors file lies beside it. The network is
built from the package's own configuration without touching hydra's global state.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.device import here, nbytes
from tools.errors import SetupError
from tools.hints import Hint, Hints
from tools.kept import Kept
from tools.prompted import KEPT, prompted, sam2_spec
from tools.turns import OPENING
from tools.types import Image, Masks, Placed, Points
from tools.weights import folder, pull

ROUGH_LOGIT = 10.0
ROUGH_PX = 256
"""Side of the mask prompt, fixed by the package."""
CONFIGS = {"tiny": "t", "small": "s", "base-plus": "b+", "large": "l"}
FOR_FILMS = (
    "memory_", "maskmem_", "mask_downsample", "no_mem_pos_enc", "no_obj_", "obj_ptr_",
)  # fmt: skip
"""Prefixes of what only films need: it is left as it is."""
RENAMED = (
    (r"^image_encoder\.trunk\.", "vision_encoder.backbone."),
    (r"^image_encoder\.neck\.convs\.(\d+)\.conv\.", r"vision_encoder.neck.convs.\1."),
    (r"patch_embed\.proj\.", "patch_embed.projection."),
    (r"^no_mem_embed$", "no_memory_embedding"),
    (r"^sam_prompt_encoder\.pe_layer\.positional_encoding_gaussian_matrix$",
     "prompt_encoder.shared_embedding.positional_embedding"),
    (r"mask_downscaling\.0\.", "mask_embed.conv1."),
    (r"mask_downscaling\.1\.", "mask_embed.layer_norm1."),
    (r"mask_downscaling\.3\.", "mask_embed.conv2."),
    (r"mask_downscaling\.4\.", "mask_embed.layer_norm2."),
    (r"mask_downscaling\.6\.", "mask_embed.conv3."),
    (r"^sam_(prompt_encoder|mask_decoder)\.", r"\1."),
    (r"output_upscaling\.0\.", "upscale_conv1."),
    (r"output_upscaling\.1\.", "upscale_layer_norm."),
    (r"output_upscaling\.3\.", "upscale_conv2."),
    (r"\.out_proj\.", ".o_proj."),
    (r"\.norm(\d|_final_attn)\.", r".layer_norm\1."),
    (r"\.mlp\.layers\.0\.", ".mlp.proj_in."),
    (r"\.mlp\.layers\.1\.", ".mlp.proj_out."),
    (r"(mlps\.\d+|_head)\.layers\.0\.", r"\1.proj_in."),
    (r"(mlps\.\d+|_head)\.layers\.1\.", r"\1.layers.0."),
    (r"(mlps\.\d+|_head)\.layers\.2\.", r"\1.proj_out."),
)  # fmt: skip
"""From a name in the package to that in ``transformers``, applied in this order."""
POINTS = re.compile(r"^sam_prompt_encoder\.point_embeddings\.(\d)\.weight$")


def load(repo: str, size: str) -> Sam2Meta:
    """The model on the device of this process.

    Raises:
        SetupError: the weights are not here, damaged, or of another kind.
    """
    from sam2.sam2_image_predictor import SAM2ImagePredictor

    model = _network(size)
    weights = _weights(repo, model)
    missing, strange = model.load_state_dict(weights, strict=False)
    absent = [name for name in missing if not name.startswith(FOR_FILMS)]
    if absent or strange:
        raise SetupError(
            f"the weights {repo} are not those of SAM 2.1 {size}: {(absent or strange)[0]!r}",
            hint=f"{pull(repo)} --again",
        )
    return Sam2Meta(SAM2ImagePredictor(model.to(here().name).eval()))


def _network(size: str) -> Any:
    """The untrained network of the package's configuration."""
    import sam2
    from hydra.utils import instantiate
    from omegaconf import OmegaConf

    home = Path(next(iter(sam2.__path__)), "configs", "sam2.1")
    config = OmegaConf.load(home / f"sam2.1_hiera_{CONFIGS[size]}.yaml")
    config.model.sam_mask_decoder_extra_args = {  # as the package's own `build_sam2` sets them
        "dynamic_multimask_via_stability": True,
        "dynamic_multimask_stability_delta": 0.05,
        "dynamic_multimask_stability_thresh": 0.98,
    }
    OmegaConf.resolve(config)
    with OPENING.together():
        return instantiate(config.model, _recursive_=True)


def _weights(repo: str, model: Any) -> dict[str, Any]:
    """The weights under the package's names."""
    home = folder(repo)
    saved = sorted(home.glob("*.safetensors"))
    if saved:
        from safetensors.torch import load_file

        tensors = {name: t for path in saved for name, t in load_file(path).items()}
        return {
            name: tensor
            for name in model.state_dict()
            if (tensor := _renamed(name, tensors)) is not None
        }
    pickles = sorted(home.glob("*.pt"))
    if not pickles:
        raise SetupError(f"no weights in {home}", hint=f"{pull(repo)} --again")
    import torch

    try:
        held = torch.load(pickles[0], map_location="cpu", weights_only=True)
        return dict(held["model"])
    except (UnpicklingError, OSError, RuntimeError, EOFError, KeyError, TypeError) as error:
        raise SetupError(
            f"{pickles[0].name} of {repo} does not load: {type(error).__name__}",
            hint=f"{pull(repo)} --again",
        ) from error


def _renamed(name: str, tensors: dict[str, Any]) -> Any:
    """The tensor that the package calls `name`, None where there is none."""
    if row := POINTS.match(name):
        every = tensors.get("prompt_encoder.point_embed.weight")
        return None if every is None else every[int(row[1])][None]
    for pattern, other in RENAMED:
        name = re.sub(pattern, other, name)
    return tensors.get(name)


class Sam2Meta:
    """Cuts things out of a picture."""

    def __init__(self, predictor: Any) -> None:
        self._predictor = predictor
        self._kept = Kept(KEPT)

    def __call__(
        self,
        image: Image,
        *,
        cancel: CancelToken,
        region: Placed | None = None,
        points: Points | None = None,
    ) -> Masks:
        """One mask for each thing of `region`, or one for all clicks, or one for what stands out.

        The clicks count for each of the things. A lone click gives the best of three masks.
        """
        return prompted(image, region, points, self._show, self._decode, cancel)

    def _show(self, image: Image) -> None:
        """Make the picture the predictor's current one, encoding it only where it is new."""
        *fine, coarse = self._kept.get(image.sha256, partial(self._encode, image))
        self._predictor.reset_predictor()
        self._predictor._features = {"image_embed": coarse, "high_res_feats": fine}
        self._predictor._orig_hw = [(image.height, image.width)]
        self._predictor._is_image_set = True

    def _encode(self, image: Image) -> list[Any]:
        import torch

        device = here()
        with (
            torch.inference_mode(),
            torch.autocast(device.name.split(":")[0], device.dtype, enabled=device.is_gpu),
        ):
            self._predictor.set_image(image.pixels.copy())
        made = self._predictor._features
        return [level.float() for level in (*made["high_res_feats"], made["image_embed"])]

    def _decode(
        self, _: None, things: tuple[Hint, ...], given: Hints
    ) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """(masks (n, h, w) at the picture's size, n scores)."""
        import torch

        n = len(things)
        asked: dict[str, Any] = {}
        if things[0].box is not None:
            asked["box"] = np.array([thing.box for thing in things], np.float32)
        if len(given.xy):
            asked["point_coords"] = np.repeat(given.xy[None], n, axis=0).astype(np.float32)
            asked["point_labels"] = np.repeat(np.array([given.positive], np.int32), n, axis=0)
        if things[0].rough is not None:
            rough = torch.from_numpy(np.where(things[0].rough, ROUGH_LOGIT, -ROUGH_LOGIT))
            small = torch.nn.functional.interpolate(
                rough[None, None].float(), (ROUGH_PX, ROUGH_PX), mode="bilinear", antialias=True
            )
            asked["mask_input"] = small[0].numpy()
        with torch.inference_mode():
            masks, scores, _ = self._predictor.predict(multimask_output=given.ambiguous, **asked)
        masks = masks.reshape(n, -1, *masks.shape[-2:]) > 0
        scores = scores.reshape(n, -1)
        rows, best = np.arange(n), scores.argmax(axis=1)
        return masks[rows, best], scores[rows, best]

    def nbytes(self) -> int:
        """Bytes of the weights and of the features in memory."""
        return nbytes(self._predictor.model) + self._kept.nbytes()


def _spec(size: str, weights_mb: float, memory_mb: float) -> ModelSpec:
    return sam2_spec(
        "sam2-meta",
        load,
        size,
        size,
        ability="segment",
        modules=("torch", "torchvision", "sam2"),
        extra="sam2",
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        notes="SAM 2.1 by Meta's own package; the same weights and answers as sam2-" + size,
    )


TINY = _spec("tiny", 156, 600)
SMALL = _spec("small", 184, 650)
BASE_PLUS = _spec("base-plus", 323, 900)
LARGE = _spec("large", 898, 1700)
