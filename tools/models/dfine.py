"""D-FINE: fast boxes for the eighty kinds of things of COCO, through ``transformers``.

Paper: Peng et al., D-FINE: Redefine Regression Task of DETRs as Fine-grained Distribution
Refinement, 2024 (https://arxiv.org/abs/2410.13842). Knows no other names: an open-vocabulary
detector does those.
"""

from __future__ import annotations

from tools.catalog import ModelSpec
from tools.coco import COCO, CocoDetector
from tools.neural import network_spec, open_model, open_processor


def load(repo: str) -> CocoDetector:
    """The detector on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    import torch
    from transformers import AutoImageProcessor, DFineForObjectDetection

    processor = open_processor(AutoImageProcessor, repo)
    # Eight bits of a bfloat16 would place a box to 1/256 of the side only.
    model = open_model(DFineForObjectDetection, repo, dtype=torch.float32)
    return CocoDetector(model, processor, dict(enumerate(COCO)))


def _spec(size: str, weights_mb: float, memory_mb: float) -> ModelSpec:
    repo = f"ustc-community/dfine-{size}-coco"
    return network_spec(
        repo,
        load,
        name=f"dfine-{size}",
        ability="detect",
        licence="Apache-2.0",
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        labels=COCO,
        notes="COCO's 80 kinds; fast",
    )


NANO = _spec("nano", 15, 200)
LARGE = _spec("large", 125, 700)
