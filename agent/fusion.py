"""Puts the rows of one artefact among the entities of its picture.

Same place and agreeing label: one entity. Texts and codes inside a thing hang on it. Knows nothing
of planners, stores or other pictures.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agent.entities import Box, Entity, Witness
from agent.names import GENERIC, canon
from tools.geometry import covered, iou
from tools.types import Codes, Placed, TextSpans

if TYPE_CHECKING:
    from agent.protocol import Result
    from agent.scene import Scene

SAME_PLACE = 0.5
"""Overlap (IoU) from which two boxes can be one thing."""
SAME_LINE = 0.8
"""Share of a text's box inside another's from which they can be one line."""
RENAMED = 0.7
"""Overlap (IoU) from which another name is another name of the same thing."""
INSIDE = 0.8
"""Share of a text's box inside a thing from which it belongs to the thing."""


class Fusion:
    """The rows of one artefact, put among the entities of its picture."""

    def __init__(self, scene: Scene, image: str) -> None:
        self.scene = scene
        self.image = image
        self.entities = list(scene.entities)
        self.here = list(scene.places.get(image, ()))

    def place(self, result: Result, artefact: Placed) -> Scene:
        """The scene with the rows in it."""
        kind = kind_of(artefact)
        boxes = np.asarray(artefact.xyxy, np.float64)
        matches = self._match(artefact, kind, boxes)
        numbers, new = [], []
        for row, (label, score) in enumerate(zip(artefact.labels, artefact.scores, strict=True)):
            witness = Witness(
                result.handle, row, result.call.tool, result.model, label, round(float(score), 4)
            )
            number = matches.get(row, 0)
            if number:
                self._join(number, kind, witness, boxes[row])
            else:
                number = len(self.entities) + 1
                self.entities.append(self._new(number, kind, witness, boxes[row]))
                new.append(number)
            numbers.append(number)
        self.here.extend(new)
        if new:
            self._hang(new)
        scene = self.scene
        return replace(
            scene,
            entities=tuple(self.entities),
            rows={**scene.rows, result.handle: tuple(numbers)},
            places={**scene.places, self.image: tuple(self.here)},
        )

    def _boxes(self, numbers: list[int]) -> NDArray[np.float64]:
        rows = [self.entities[n - 1].box for n in numbers]
        return np.asarray(rows, np.float64).reshape(-1, 4)

    def _match(self, artefact: Placed, kind: str, boxes: NDArray[np.float64]) -> dict[int, int]:
        """Row to entity number, best overlap first; no entity takes two rows of one artefact."""
        if not self.here:
            return {}
        old = self._boxes(self.here)
        overlap = iou(boxes, old)
        near = overlap >= SAME_PLACE
        if kind == "text":
            near |= (covered(boxes, old) >= SAME_LINE) | (covered(old, boxes).T >= SAME_LINE)
        pairs = []
        for row, column in zip(*np.nonzero(near), strict=True):
            entity = self.entities[self.here[column] - 1]
            agrees = entity.agrees(kind, artefact.labels[row])
            share = float(overlap[row, column])
            if agrees or (entity.kind == kind != "code" and share >= RENAMED):
                pairs.append((not agrees, -share, int(row), entity.id))
        matches: dict[int, int] = {}
        taken: set[int] = set()
        for _, _, row, number in sorted(pairs):
            if row not in matches and number not in taken:
                matches[row] = number
                taken.add(number)
        return matches

    def _new(self, number: int, kind: str, by: Witness, box: NDArray[np.float64]) -> Entity:
        return Entity(number, kind, by.label, self.image, _rounded(box), by.score, (by,))

    def _join(self, number: int, kind: str, by: Witness, box: NDArray[np.float64]) -> None:
        """One more witness: the surer one gives the box, the more telling name stays."""
        entity = self.entities[number - 1]
        joined = replace(entity, witnesses=(*entity.witnesses, by))
        if by.score > entity.score:
            joined = replace(joined, score=by.score, box=_rounded(box))
        if not entity.agrees(kind, by.label):
            joined = joined.with_attribute("also called", by.label)
        elif kind == "thing" and canon(entity.label) in GENERIC:
            joined = replace(joined, label=by.label)
        elif kind == "text" and by.score > entity.score:
            joined = replace(joined, label=by.label)
        self.entities[number - 1] = joined

    def _hang(self, new: list[int]) -> None:
        """Texts and codes inside a thing become its attributes, whichever came first."""
        words = [n for n in self.here if self.entities[n - 1].kind != "thing"]
        things = [n for n in self.here if self.entities[n - 1].kind == "thing"]
        if not words or not things:
            return
        inside = covered(self._boxes(words), self._boxes(things)) >= INSIDE
        fresh = set(new)
        for i, j in zip(*np.nonzero(inside), strict=True):
            word, thing = words[i], things[j]
            if word in fresh or thing in fresh:
                text = self.entities[word - 1].label
                self.entities[thing - 1] = self.entities[thing - 1].with_attribute("text", text)


def _rounded(box: NDArray[np.float64]) -> Box:
    x1, y1, x2, y2 = (round(float(v), 2) for v in box)
    return x1, y1, x2, y2


def kind_of(artefact: Placed) -> str:
    """Which kind of entity the rows are."""
    if isinstance(artefact, TextSpans):
        return "text"
    return "code" if isinstance(artefact, Codes) else "thing"
