"""Goals about the picture as a picture: how sharp, bright, noisy, turned, and what its file says.

Knows nothing of the wording of other goals.
"""

from __future__ import annotations

import re

from agent.planners.offline import patterns
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Fragment
from tools.types import Table

TAKEN = r"\b(?:taken|shot|photographed|captured|snapped|(?:photo|picture|image|file)s? (?:made|created|recorded)|(?:made|create|record|take)d? (?:this|the) (?:photo|picture|image))\b"
AGREEING = (
    ("blurry", "blurred", "out of focus", "blur", "soft", "unsharp", "fuzzy", "hazy"),
    ("sharp", "in focus", "crisp", "clear"),
    ("overexposed", "over-exposed", "too bright"),
    ("underexposed", "under-exposed", "too dark"),
    ("dark", "underexposed", "dim"),
    ("bright", "light", "overexposed"),
    ("noisy", "grainy"),
    ("landscape",),
    ("portrait",),
    ("square",),
    ("black and white", "black-and-white", "greyscale", "grayscale", "monochrome", "nearly grey"),
    (
        "in colour",
        "in color",
        "colour",
        "color",
        "colourful",
        "colorful",
        "muted",
        "very colourful",
    ),
)
"""Words of a question, then words of a verdict, that say the same of a picture."""


def quality(scope: Scope) -> Fragment | None:
    """How sharp, bright, noisy, oriented the picture is."""
    properties = scope.words.table("qualities")
    pictures = "|".join(scope.words.list("pictures"))
    if patterns.search(r"\bquality\b", scope.text):
        return _said(scope, [])
    names = "|".join(re.escape(p) for p in sorted(properties, key=len, reverse=True))
    about = rf"(?:(?:this|the|that|my|both|these|each|either) (?:two )?(?:{pictures})s?|it|this|that|they)"
    match = patterns.match(
        rf"^(?:is|are|was|were|how|does|what is the)\b.*?\b(?:{names})\b", scope.text
    )
    kind = patterns.match(
        rf"^(?:is|was) (?:it|this|that) an? (?:{names}) (?:{pictures})", scope.text
    )
    like = patterns.match(rf"^(?:what|how) is the (?:{names})(?: like)?$", scope.text)
    match = match or like
    if not like and not (match and patterns.search(rf"\b{about}\b", scope.text)) and not kind:
        return None
    if patterns.search(r"\bthat (?:says|reads)|\b(?:sign|text|letters?|face|code)s?\b", scope.text):
        return None
    return _said(scope, patterns.findall(rf"\b(?:{names})\b", scope.text))


def _said(scope: Scope, asked: list[str]) -> Fragment:
    ref = scope.work.call("quality", image=scope.image)
    table = scope.work.see(ref, Table)
    properties = scope.words.table("qualities")
    wanted = {str(properties[word]) for word in asked}
    rows = [r for r in table if r["verdict"] and (not wanted or r["property"] in wanted)]
    cite = f"{scope.where()}{scope.work.cite(ref)}"
    if not rows:
        return Fragment(f"Nothing is known about that{cite}")
    verdicts = " ".join(f"{r['verdict']} {r['value']}" for r in rows).lower()
    said = "; ".join(f"{r['property']}: {r['verdict']} ({r['value']})" for r in rows)
    if not asked or not patterns.match(r"^(?:is|are|was|were)\b", scope.text):
        return Fragment(f"{said[0].upper()}{said[1:]}{cite}")
    holding = [word for word in asked if _agrees(word, verdicts)]
    if " or " in scope.text and len(asked) > 1:
        return Fragment(f"It is {holding[0] if holding else rows[0]['verdict']}: {said}{cite}")
    yes = bool(holding) != bool(patterns.search(r"\bnot\b", scope.text))
    return Fragment(f"{'Yes' if yes else 'No'}, {said}{cite}")


def _agrees(asked: str, verdict: str) -> bool:
    family = next((f for f in AGREEING if asked in f), (asked,))
    return any(patterns.search(rf"(?<!not )\b{re.escape(word)}", verdict) for word in family)


def is_so(asked: str, table: Table, properties: dict[str, str]) -> bool:
    """Whether a picture's quality table agrees with a word such as "blurry" or "black and white"."""
    rows = [r for r in table if r["property"] == properties[asked]]
    return _agrees(asked, " ".join(f"{r['verdict']} {r['value']}" for r in rows).lower())


# -- the file -----------------------------------------------------------------------------------------

KEYS: dict[str, tuple[str, ...]] = {
    r"\bfile (?:size|type|format)|size of (?:the|this) file|how (?:big|large) is (?:the|this)(?: \w+)? file|\bfile\b.*\b(?:big|large|heavy)\b|what (?:type|kind) of file": ("file", "format", "bytes"),
    r"\bwhat (?:image |file |picture )?format\b|\bis (?:it|this) a (?:jpe?g|png|gif|webp|tiff?)\b": ("format",),
    r"\biso\b": ("iso", "sensitivity"),
    r"\b(?:exposure time|shutter)\b|\bexposure\b.*\b(?:used|setting)": ("exposure", "shutter"),
    r"\baperture|f-?number|f-?stop": ("aperture", "fnumber", "f-number"),
    r"\bfocal\b": ("focal",),
    r"\bflash (?:used|fired|on)\b|\bwith (?:a |the )?flash\b|\buse (?:a |the )?flash\b": ("flash",),
    r"\bwho (?:took|shot|made) (?:this|the|that)\b|\bphotographer\b|\bcopyright (?:of|holder|on) (?:this|the) (?:photo|picture|image)": ("artist", "copyright"),
    r"\b(?:which|what) software\b|\b(?:edited|made|processed) with\b": ("software",),
}  # fmt: skip


def metadata(scope: Scope) -> Fragment | None:
    """When, where and with what the picture was taken; what the file says of itself."""
    keys = _keys_asked(scope.text)
    if keys is None:
        return None
    ref = scope.work.call("metadata", image=scope.image)
    rows = list(scope.work.see(ref, Table))
    chosen = [
        r for r in rows if not keys or any(patterns.search(k, r["key"].lower()) for k in keys)
    ]
    cite = f"{scope.where()}{scope.work.cite(ref)}"
    if not chosen:
        return Fragment(f"The file does not say: it carries no such metadata{cite}")
    return Fragment("; ".join(f"{r['key']}: {r['value']}" for r in chosen[:12]) + cite)


def _keys_asked(text: str) -> tuple[str, ...] | None:
    """Patterns of the metadata keys that a question asks for; () for all, None for no such question."""
    if patterns.search(r"\b(metadata|exif|meta data)\b", text):
        return ()
    taken = patterns.search(TAKEN, text)
    if (
        patterns.search(
            r"\b(?:when|(?:what|which) (?:date|day|year|time)|date|day|year|time)\b", text
        )
        and taken
    ):
        return ("date", "time", "taken")
    if (
        patterns.search(r"\b(?:where|location|place|country|city)\b", text) and taken
    ) or patterns.search(r"\bgps\b|\bcoordinates (?:was|were)\b|\blatitude|longitude", text):
        return ("gps", "latitude", "longitude")
    device = patterns.search(r"\b(?:which|what)(?: kind of| type of| make of)? (?:camera|phone|device|lens)\b|\bcamera (?:model|make)\b", text)  # fmt: skip
    if device and (taken or patterns.search(r"\bcamera|took|lens", text)):
        return ("lens",) if "lens" in text else ("camera", "make", "model")
    return next((keys for pattern, keys in KEYS.items() if patterns.search(pattern, text)), None)
