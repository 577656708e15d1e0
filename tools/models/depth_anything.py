"""Depth Anything V2: how far away each pixel is, in order but not in metres.

Paper: Yang et al., Depth Anything V2, 2024 (https://arxiv.org/abs/2406.09414). The network gives
nearness; it is turned round here, so that larger is farther as everywhere.
"""

from __future__ import annotations

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.depths import place_depth
from tools.device import here
from tools.neural import SIGHT, Network, network_spec, open_model, open_processor, picture
from tools.types import DepthMap, Image


def load(repo: str) -> DepthAnything:
    """The model on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from transformers import AutoImageProcessor, DepthAnythingForDepthEstimation

    processor = open_processor(AutoImageProcessor, repo)
    return DepthAnything(open_model(DepthAnythingForDepthEstimation, repo), processor)


class DepthAnything(Network):
    """Tells near from far."""

    def __call__(self, image: Image, *, cancel: CancelToken) -> DepthMap:
        """Relative depth: 0 at the nearest pixel of the picture."""
        import torch

        cancel.check()
        device = here()
        inputs = self._processor(images=picture(image), return_tensors="pt")
        with torch.inference_mode():
            out = self._model(pixel_values=inputs["pixel_values"].to(device.name, device.dtype))
        out.predicted_depth = out.predicted_depth.float()
        near = self._processor.post_process_depth_estimation(
            out, target_sizes=[(image.height, image.width)]
        )[0]["predicted_depth"]
        return place_depth(image, (near.max() - near).cpu().numpy())


def _spec(size: str, licence: str, weights_mb: float, memory_mb: float) -> ModelSpec:
    repo = f"depth-anything/Depth-Anything-V2-{size.capitalize()}-hf"
    return network_spec(
        repo,
        load,
        name=f"depth-anything-{size}",
        ability="depth",
        licence=licence,
        modules=SIGHT,
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        notes="Relative depth: the order of near and far, no metres",
    )


SMALL = _spec("small", "Apache-2.0", 99, 400)
BASE = _spec("base", "CC-BY-NC-4.0", 390, 800)
LARGE = _spec("large", "CC-BY-NC-4.0", 1341, 2000)
