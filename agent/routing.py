"""Which way a question goes: a chain of experts, the multimodal model alone, or both.

A small policy over few features, with its reasons; the words it knows are data. What it decided
and by what stands in the trace, so that its price and its gain can be measured. Knows nothing of
planners or of running tools.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from agent.prompts import load_toml
from agent.protocol import View

Way = Literal["chain", "direct", "checked"]
EYES = "vqa"
"""The ability of answering a question end to end."""
FILE = "routing.toml"
_ASKS = re.compile(
    r"\?|^\W*(?:what|which|who|where|when|why|how|is|are|was|were|do|does|did|can|could|has|have)\b",
    re.IGNORECASE,
)
LONG = 40
"""Words from which a question is several."""


@dataclass(frozen=True)
class Route:
    """A decision and its reasons."""

    way: Way
    why: str
    kind: str
    """Of question; ``other`` where no pattern is found."""
    thing: str = ""
    """What a second expert can look for, where the question names it."""
    features: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Kind:
    """A kind of question, as the file has it."""

    name: str
    way: Way
    why: str
    falls: bool
    patterns: tuple[re.Pattern[str], ...]


@cache
def _kinds() -> dict[str, Kind]:
    found: list[dict[str, Any]] = load_toml(FILE)["kinds"]
    made = (
        Kind(**{**k, "patterns": tuple(re.compile(p, re.IGNORECASE) for p in k["patterns"])})
        for k in found
    )
    return {k.name: k for k in made}


def can_help(question: str) -> bool:
    """Whether the multimodal model's words could be an answer where a chain has none."""
    kind, _ = kind_of(question)
    return _kinds()[kind].falls if kind in _kinds() else bool(_ASKS.search(question))


def kind_of(question: str) -> tuple[str, str]:
    """The kind of a question, and the thing it is about where the pattern names one."""
    for kind in _kinds().values():
        for pattern in kind.patterns:
            match = pattern.search(question)
            if match:
                return kind.name, (match.groupdict().get("thing") or "").strip()
    return "other", ""


def route(view: View, wanted: str) -> Route:
    """Which way this question goes.

    Args:
        view: Its first view.
        wanted: ``chain``, ``direct`` or ``auto``, as the person set it.
    """
    kind, thing = kind_of(view.question)
    ready = any(t.name == EYES for t in view.tools)
    detects = any(t.name == "detect" for t in view.tools)
    features = (
        ("kind", kind),
        ("multimodal model", "ready" if ready else "not ready"),
        ("pictures", str(len(view.images))),
        ("drawn marks", str(len(view.given))),
        ("earlier turns", str(len(view.turns))),
        ("words", str(len(view.question.split()))),
    )
    way, why = _way(view, wanted, kind, ready, detects)
    return Route(way, why, kind, thing, features)


def _way(view: View, wanted: str, kind: str, ready: bool, detects: bool) -> tuple[Way, str]:
    if wanted == "direct":
        return "direct", "as asked for"
    if wanted == "chain":
        return "chain", "as asked for"
    if not ready:
        return "chain", "no multimodal model is ready"
    if not view.images:
        return "chain", "there is no picture to look at"
    if len(view.question.split()) > LONG:
        return "chain", "the question is long and may be several"
    if view.given:
        return "chain", "it is about what the person drew"
    known = _kinds().get(kind)
    if known is None:
        return "chain", "no expert is ruled out"
    if known.way == "checked" and not detects:
        return "direct", "no detector is ready for a second look"
    return known.way, known.why
