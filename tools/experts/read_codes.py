"""Decoding the barcodes and matrix codes in a picture or in parts of it.

Knows nothing of what a payload stands for.
"""

from __future__ import annotations

import numpy as np

from tools import geometry
from tools.catalog import tool
from tools.context import ToolContext
from tools.types import Codes, Image, Placed

MARGIN = 0.1
"""Share of a region's longer side that is looked at around it: codes need a quiet zone."""


@tool(
    needs="read_codes",
    verbs=("scan", "decode", "read", "lead to", "contain"),
    nouns=("code", "barcode", "bar code", "qr code", "qr", "data matrix", "ean", "upc", "aztec"),
)
def read_codes(ctx: ToolContext, image: Image, region: Placed | None = None) -> Codes:
    """Decode every QR code, barcode and other machine-readable code in a picture or its regions.

    Answers with payload, symbology and place of each. Use also to tell whether there is a code.
    """
    if region is None:
        codes: Codes = ctx.use("read_codes", image)
        return codes
    parts = []
    for box in region.xyxy:
        margin = MARGIN * float(max(box[2] - box[0], box[3] - box[1]))
        parts.append(ctx.use("read_codes", geometry.crop(image, box, margin)))
    return _joined(image, parts)


def _joined(image: Image, parts: list[Codes]) -> Codes:
    """All of `parts`, a code that two regions share once."""
    rows: dict[tuple[str, str, int, int], tuple[Codes, int]] = {}
    for part in parts:
        for row, box in enumerate(part.xyxy):
            size = max(8.0, float(max(box[2] - box[0], box[3] - box[1])))
            place = (round(float(box[0] + box[2]) / size), round(float(box[1] + box[3]) / size))
            rows.setdefault((part.texts[row], part.formats[row], *place), (part, row))
    chosen = list(rows.values())
    quads = np.array([part.quads[row] for part, row in chosen], np.float32).reshape(-1, 4, 2)
    texts = tuple(part.texts[row] for part, row in chosen)
    return Codes(image.frame, quads, texts, tuple(part.formats[row] for part, row in chosen))
