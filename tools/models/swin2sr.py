"""Swin2SR: pictures with two or four times the pixels, through ``transformers``.

Conde et al., Swin2SR: SwinV2 Transformer for Compressed Image Super-Resolution and Restoration, 2022
(https://arxiv.org/abs/2209.11345). Large pictures are worked on in tiles that overlap, so that
memory stays bounded. What it draws is likely, not known: it must not be read as evidence.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image as PilImage

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.device import here
from tools.geometry import compose
from tools.neural import Network, network_spec, open_model, open_processor
from tools.tiles import OnTile, Pixels, tiled
from tools.types import Image

TILE = 256
"""Side of a tile, pixels of the small picture."""
OVERLAP = 16
"""What a tile sees beyond its own part on each side: more than the network's windows mix."""
SMALLEST = 16
"""Sides below this are padded: the network's windows need them."""


def load(repo: str) -> Upscaler:
    """The network on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from transformers import AutoImageProcessor, Swin2SRForImageSuperResolution

    processor = open_processor(AutoImageProcessor, repo)
    return Upscaler(open_model(Swin2SRForImageSuperResolution, repo), processor)


class Upscaler(Network):
    """Gives pictures more pixels."""

    def __call__(
        self,
        image: Image,
        *,
        labels: tuple[str, ...],
        cancel: CancelToken,
        on_tile: OnTile | None = None,
    ) -> Image:
        """`image` with as many times the pixels a side as the checkpoint was made for."""
        factor = int(self._model.config.upscale)
        pixels = tiled(image.pixels, self._larger, factor, TILE, OVERLAP, cancel, on_tile)
        finer = np.diag([1 / factor, 1 / factor, 1.0])[:2]
        return replace(image, pixels=pixels, to_root=compose(image.to_root, finer))

    def _larger(self, part: Pixels) -> Pixels:
        import torch

        height, width = part.shape[:2]
        room = ((0, max(0, SMALLEST - height)), (0, max(0, SMALLEST - width)), (0, 0))
        device, factor = here(), int(self._model.config.upscale)
        seen = PilImage.fromarray(np.pad(part, room, mode="symmetric"))
        inputs = self._processor(images=seen, return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            made = self._model(pixel_values=inputs.to(device.name, device.dtype)).reconstruction
        grid = made[0].float().clamp(0, 1).mul(255).round().byte().permute(1, 2, 0)
        return np.asarray(grid.cpu().numpy()[: height * factor, : width * factor])


def _spec(factor: int, repo: str) -> ModelSpec:
    return network_spec(
        repo,
        load,
        name=f"swin2sr-x{factor}",
        ability="upscale",
        licence="Apache-2.0",
        modules=("torch", "transformers", "torchvision"),
        weights_mb=50,
        memory_mb=1500,
        labels=(f"x{factor}",),
        notes=f"{factor} times the pixels a side; what it adds is likely, not known",
    )


TWICE = _spec(2, "caidas/swin2SR-classical-sr-x2-64")
FOUR_TIMES = _spec(4, "caidas/swin2SR-classical-sr-x4-64")
