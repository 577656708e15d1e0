"""Whether an answer is right, and why: one rule for each answer type of the task file.

Words are compared without case, accents of typography, spacing and punctuation; numbers are taken
from digits and from words up to twelve. Edited pictures are judged in ``evals/edits.py``. Knows
nothing of agents: text and paths go in, a score with its reason comes out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.tasks import Task

NUMBER_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve",
)  # fmt: skip
ENDS = " .!"
"""What may hang on an exact answer."""
EXACT_WORDS = 12
"""Longest answer in which an exact wording is still looked for."""
SHORT = re.compile(r"\w{1,4}")
"""A wording this short must stand as a word of its own."""
NOT_DENSE = re.compile(r"[^0-9a-zà-ÿ\u3040-\u9fff]+")
FIGURE = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
CORNER_NAME = re.compile(r"[a-z]\d")
"""``x1`` and ``y2`` are names of corners, not numbers."""
EPSILON = 1e-9


@dataclass(frozen=True)
class Score:
    """How right, from 0 to 1, and the reason in words."""

    value: float
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What came of one question."""

    text: str
    status: str
    images: tuple[Path, ...] = ()
    """Pictures that were written, the final one last."""


def rate(task: Task, outcome: Outcome) -> Score:
    """The usual rule of a benchmark: ended as expected, and right."""
    if task.expect and outcome.status != task.expect:
        return Score(0.0, f"ended {outcome.status!r}, {task.expect!r} was expected")
    return score(task, outcome.text, outcome.images)


def score(task: Task, answer: str, images: Sequence[Path] = ()) -> Score:
    """Judge what was answered: the text, or the last of the pictures that were written."""
    if task.answer_type == "image_edit":
        if not images:
            return Score(0.0, "no picture was written")
        from evals.edits import judge

        return _of(*judge(task.checks, Path(task.images[0]), Path(images[-1])))
    if not answer:
        return Score(0.0, "the answer is empty")
    rule = {
        "exact": _exact, "contains": _contains, "number": _number, "set": _set, "box": _box,
    }[task.answer_type]  # fmt: skip
    return _of(*rule(task, answer))


def _of(right: bool, reason: str) -> Score:
    return Score(float(right), reason)


def plain(text: object) -> str:
    """Lower case, compatibility characters folded, straight apostrophes, single spaces."""
    folded = unicodedata.normalize("NFKC", str(text)).lower().replace("\u2019", "'")
    return " ".join(folded.split())


def dense(text: object) -> str:
    """Only letters and digits of `plain`."""
    return NOT_DENSE.sub("", plain(text))


def mentions(text: object, wording: object) -> bool:
    """Whether `wording` stands in `text`; short ones as whole words, long ones densely too."""
    there, sought = plain(text), plain(wording)
    if SHORT.fullmatch(sought):
        return re.search(rf"(?<!\w){re.escape(sought)}(?!\w)", there) is not None
    packed = dense(sought)
    return sought in there or (len(packed) >= 4 and packed in dense(there))


def numbers(text: object) -> list[float]:
    """Every figure in order, then each number word that occurs, from zero to twelve."""
    there = plain(text)
    figures = [float(found.replace(",", "")) for found in FIGURE.findall(there)]
    words = set(re.findall(r"\w+", there))
    return figures + [float(n) for n, word in enumerate(NUMBER_WORDS) if word in words]


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes (x1, y1, x2, y2)."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    both = wide * high
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def _exact(task: Task, answer: str) -> tuple[bool, str]:
    given = plain(answer).strip(ENDS)
    wordings = [plain(w).strip(ENDS) for w in (task.answer, *task.accept)]
    if given in wordings or dense(given) in [dense(w) for w in wordings]:
        return True, f"is {given!r}"
    length = len(given.split())
    if length > EXACT_WORDS:
        return False, f"{length} words, more than {EXACT_WORDS}, and not {wordings[0]!r} alone"
    return _first(given, wordings)


def _contains(task: Task, answer: str) -> tuple[bool, str]:
    return _first(answer, (task.answer, *task.accept))


def _first(text: str, wordings: Sequence[object]) -> tuple[bool, str]:
    found = next((w for w in wordings if mentions(text, w)), None)
    if found is None:
        return False, f"does not say {str(wordings[0])!r}"
    return True, f"says {str(found)!r}"


def _number(task: Task, answer: str) -> tuple[bool, str]:
    found = numbers(answer)
    if not found:
        return False, "names no number"
    candidates = (found[-1], found[0]) if len(found) <= 3 else found[-2:]
    want, margin = float(task.answer), task.tolerance + EPSILON
    hit = next((n for n in candidates if abs(n - want) <= margin), None)
    if hit is not None:
        return True, f"says {hit:g}"
    said = " and ".join(f"{n:g}" for n in dict.fromkeys(candidates))
    return False, f"says {said}, not {want:g}"


def _set(task: Task, answer: str) -> tuple[bool, str]:
    missing = [
        str(member)
        for member in task.answer
        if not any(mentions(answer, w) for w in (member, *task.accept_map.get(str(member), ())))
    ]
    if missing:
        return False, f"lacks {', '.join(map(repr, missing))}"
    return True, f"says all {len(task.answer)}"


def _box(task: Task, answer: str) -> tuple[bool, str]:
    found = numbers(CORNER_NAME.sub("", plain(answer)))
    if len(found) < 4:
        return False, f"names {len(found)} of four corners"
    share = overlap(found[:4], task.answer)
    return share >= task.iou_min, f"overlaps by {share:.2f}, {task.iou_min:g} is asked"
