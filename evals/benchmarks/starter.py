"""Everyday questions that need no download: real photographs and drawn papers, signs and codes.

Source: photographs that come inside scikit-image (NASA, SpaceX and CC0 or public-domain works), a
photograph of a book's back from ZXing's test pictures (Apache-2.0), and pictures drawn by this
package. Answers were checked by eye or are right by construction. Nothing is fetched.

Example: ``receipt.png``, "What do the carrot cake and the orange juice cost together?" is right
when the answer ends in 7.35.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import evals.examples
from evals.drawing import shapes
from evals.score import rate as score
from evals.tasks import Task
from tools.errors import ConfigError

__all__ = ["LICENCE", "VERSION", "samples", "score"]

VERSION = "1"
LICENCE = "Apache-2.0 for what is drawn and for the book; public domain or CC0 for the photographs"
SHA256 = {
    "astronaut.png": "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    "coins.png": "f8d773fc9cfa6f4d8e5942dc34d0a0788fcaed2a4fefbbed0aef5398d7ef4cba",
    "page.png": "341a6f0a61557662b02734a9b6e56ec33a915b2c41886b97509dedf2a43b47a3",
    "rocket.jpg": "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
    "coffee.png": "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    "chelsea.png": "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
}
"""Of the files inside scikit-image: another picture would be another benchmark."""
Row = tuple[str, str, str, Any, tuple[str, ...], dict[str, Any]]

PAPERS: tuple[Row, ...] = (
    ("receipt.png", "Which cafe is this receipt from?", "contains", "HARBOUR CAFE", ("ocr",), {}),
    ("receipt.png", "How much is the total?", "number", 17.22, ("fields",), {"tolerance": 0.001}),
    ("receipt.png", "What did the carrot cake cost?", "number", 4.25, ("fields",),
     {"tolerance": 0.001}),
    ("receipt.png", "What date is printed on it?", "contains", "14/03/2026", ("fields",),
     {"accept": ["14 March 2026", "2026-03-14"]}),
    ("receipt.png", "Which phone number does the receipt give?", "contains", "+44 1947 601234",
     ("fields",), {}),
    ("receipt.png", "What do the carrot cake and the orange juice cost together?", "number", 7.35,
     ("fields", "chain"), {"tolerance": 0.001}),
    ("receipt.png", "Crop the line with the total.", "image_edit", "the line of the total",
     ("ocr", "crop", "chain"),
     {"checks": [{"type": "crop_of", "box": [30, 412, 490, 452], "iou_min": 0.35}]}),
    ("receipt.png", "Black out the phone number, please.", "image_edit", "phone number hidden",
     ("fields", "edit", "chain"),
     {"checks": [{"type": "region_hidden", "box": [160, 110, 370, 132], "max_corr": 0.5},
                 {"type": "region_unchanged", "box": [0, 340, 520, 640], "max_diff": 2}]}),
    ("page.png", "What are the first words of the second sentence on this page?", "contains",
     "These markers are pixels", ("ocr",), {}),
    ("page.png", "Read all the text.", "set", ["Region-based segmentation", "histogram"],
     ("ocr",), {}),
    ("book.jpg", "What does the book cost in Canada?", "number", 74.99, ("fields",),
     {"tolerance": 0.001}),
)  # fmt: skip

SIGNS_AND_CODES: tuple[Row, ...] = (
    ("signs.png", "What does the sign on the right say?", "contains", "ABBEY ROW",
     ("ocr", "relate"), {}),
    ("signs.png", "What is written on the blue sign?", "contains", "MILL LANE",
     ("ocr", "color", "chain"), {}),
    ("signs.png", "What colour is the right sign?", "contains", "green", ("color", "relate"), {}),
    ("label.png", "What is in the QR code?", "contains", "https://example.org/oats?batch=A17",
     ("barcode",), {}),
    ("label.png", "Which number does the EAN barcode hold?", "exact", "4006381333931",
     ("barcode",), {}),
    ("label.png", "How many codes are there on this label?", "number", 2, ("barcode", "count"), {}),
    ("label.png", "What is the price of the biscuits?", "number", 2.4, ("fields",),
     {"tolerance": 0.001}),
    ("label.png", "Is the QR code to the left or to the right of the barcode?", "contains", "left",
     ("barcode", "relate"), {}),
    ("label.png", "How wide is the QR code in pixels?", "number", 203, ("barcode", "measure"),
     {"tolerance": 15}),
    ("signs.png label.png", "Which of the two pictures shows a barcode?", "exact", "second",
     ("barcode", "compare"), {"accept": ["2", "the second", "picture 2", "image 2", "img2"]}),
)  # fmt: skip

PHOTOGRAPHS: tuple[Row, ...] = (
    ("astronaut.png", "How many faces can you find?", "number", 1, ("face", "count"), {}),
    ("astronaut.png", "Blur her face.", "image_edit", "face blurred, rest as it was",
     ("face", "edit", "chain"),
     {"checks": [{"type": "region_blurred", "box": [192, 92, 258, 158], "max_ratio": 0.3},
                 {"type": "region_unchanged", "box": [0, 320, 512, 512], "max_diff": 2}]}),
    ("astronaut.png", "Cut out the face and enlarge it 2 times.", "image_edit", "the face",
     ("face", "crop", "chain"),
     {"checks": [{"type": "crop_of", "box": [172, 65, 278, 185], "iou_min": 0.4}]}),
    ("coins.png", "Count the coins, please.", "number", 24, ("count",), {}),
    ("rocket.jpg", "What are the width and the height of this image?", "set", ["640", "427"],
     ("measure",), {}),
    ("chelsea.png rocket.jpg", "Which of these two photos is brighter?", "exact", "first",
     ("compare",), {"accept": ["1", "the first", "picture 1", "image 1", "img1"]}),
    ("coffee.png", "Rotate it 90 degrees clockwise.", "image_edit", "turned to the right",
     ("edit",), {"checks": [{"type": "transform_of", "op": "rot90cw", "max_diff": 4}]}),
    ("coffee.png", "Make a greyscale version.", "image_edit", "grey, otherwise the same",
     ("edit",), {"checks": [{"type": "gray"}, {"type": "same_structure", "min_corr": 0.95}]}),
    ("panel.png", "What is the main colour of this picture?", "contains", "orange", ("color",), {}),
)  # fmt: skip

BEYOND: tuple[Row, ...] = (
    ("chelsea.png", "Which breed of cat is this?", "contains", "", ("cannot",),
     {"expect": "cannot"}),
    ("rocket.jpg", "How many metres away is the rocket?", "contains", "", ("cannot",),
     {"expect": "cannot"}),
)  # fmt: skip


def samples(folder: Path) -> list[Task]:
    """The questions; what is drawn is written below `folder`.

    Raises:
        ConfigError: a picture inside scikit-image is missing or another one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    panel = shapes((400, 300), [("rectangle", (240, 130, 20), (0, 0, 400, 300)),
                                ("ellipse", (40, 70, 190), (40, 40, 120, 120))])  # fmt: skip
    panel.save(folder / "panel.png")
    rows = (*PAPERS, *SIGNS_AND_CODES, *PHOTOGRAPHS, *BEYOND)
    return [_task(n, row, folder) for n, row in enumerate(rows, 1)]


def _task(number: int, row: Row, folder: Path) -> Task:
    names, question, kind, answer, needs, more = row
    places = list(_places(names.split(), folder))
    return Task.model_validate({
        "id": f"starter-{number:02d}", "images": places, "question": question, "answer": answer,
        "answer_type": kind, "needs": needs, "tier": "beyond" if row in BEYOND else "classic",
        "source": "starter", "licence": LICENCE, **more,
    })  # fmt: skip


def _places(names: list[str], folder: Path) -> Iterator[str]:
    for name in names:
        if name == "panel.png":
            yield str((folder / name).resolve())
        elif name in SHA256:
            yield str(_inside_skimage(name))
        else:
            yield str(Path(evals.examples.__file__).parent / name)


def _inside_skimage(name: str) -> Path:
    spec = importlib.util.find_spec("skimage")
    path = Path((spec.submodule_search_locations or [""])[0] if spec else "") / "data" / name
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "nothing"
    if found != SHA256[name]:
        raise ConfigError(
            f"scikit-image does not bring the {name!r} this benchmark was made with",
            hint="pip install 'scikit-image>=0.25'",
        )
    return path
