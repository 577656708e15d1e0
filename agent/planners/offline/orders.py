"""An order as understood, and the readers that turn a clause into one.

Each reader knows one family of edits; the first that understands the clause wins. Here are those
that hide, take out and replace; the others have files of their own. Knows nothing of results.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from agent.planners.offline import patterns
from agent.planners.offline.extent import Extent
from agent.planners.offline.splitting import Clause, starts_with_verb
from agent.planners.offline.words import COLORS, Words

EVERYTHING = r"\b(?:everything(?: else)?|all else|the rest(?: of (?:it|the (?:picture|photo|image)))?|(?:the )?(?:whole )?(?:picture|photo|image))\b"
EDITS = ("redact", "inpaint", "crop", "zoom", "adjust", "annotate")
PARTICLES = r"(out|over|off|away|through)"


@dataclass(frozen=True)
class Order:
    """An edit as understood."""

    tool: str
    args: dict[str, Any]
    extent: Extent = field(default_factory=Extent)
    verb: str = ""
    """As said, for "there is nothing to blur"."""
    whole: bool = False
    """Whether it works on the whole picture where nothing is named, though the tool wants a region."""
    separate: bool = False
    """Whether each thing becomes a picture of its own."""
    outline: bool = False
    """Whether the exact outline of the things is wanted rather than their boxes."""


def color_in(text: str) -> str:
    """The last colour that a text names; '' for none."""
    said = [w for w in patterns.findall(r"\w+", text) if w in COLORS]
    return said[-1] if said else ""


def joined(text: str) -> str:
    """Such as "Cut the cat out" as "cut out the cat", so that a verb stands in one piece."""
    return patterns.sub(
        rf"^(cut|black|blur|white|block|cross|mask|take|crop|gr[ea]y|strike|wipe|edit|rub|point|paint|photoshop|blank|scratch|clip)\s+(?!{PARTICLES}\b)(.{{1,60}}?)\s+{PARTICLES}(?=$|\s+(?:in|with|of|and|so|for)\b|,)",
        r"\1 \4 \3", text,
    )  # fmt: skip


RETURN = r"(?:return|output|show|produce|make|create|save|get|give|send|export|generate)"
PICTURE = r"(?:picture|photo|photograph|image|original)"
COPY = r"\b(?:version|copy|picture|photo|photograph|image|it|this)\b"
IRREGULAR = {"hide": "hidden", "cut": "cut", "draw": "drawn", "put": "put", "take": "taken",
             "make": "made", "write": "written", "set": "set"}  # fmt: skip
ADVERBS = r"(?:heavily|strongly|slightly|lightly|completely|fully|gently|carefully|simply|first|quickly|thoroughly|properly|really)"
KEEP = (
    r"^(?:(?:keep|leave|preserve|keeping|leaving)\s+(?!it\b|only\b|just\b|a\b)(?P<k>.+?)\s+(?:in (?:full )?colou?r|colou?red|in focus|sharp|clear|visible|readable|unblurred|intact|"
    r"as (?:it|they) (?:is|are|was|were)|as is|untouched|unchanged|unedited|alone|out|there)|"
    r"(?:do not|don't|not|but not) (?:touch|change|blur|edit|hide|crop|alter) (?P<n>.+?)|keep (?P<p>(?:the|her|his|their|all|both)\b.+))$"
)
"""A clause that only says what is left alone."""


def participle(verb: str) -> str:
    """The past participle of a verb phrase: "black out" is "blacked out"."""
    first, *rest = verb.split(" ")
    if first in IRREGULAR:
        done = IRREGULAR[first]
    elif first.endswith("e"):
        done = first + "d"
    elif patterns.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", first):
        done = first + first[-1] + "ed"
    else:
        done = patterns.sub(r"([^aeiou])y$", r"\1i", first) + "ed"
    return " ".join([done, *rest])


def active(text: str, words: Words) -> str:
    """An order put plainly: "can the faces be blurred" is "blur the faces"."""
    plain = patterns.sub(r"^(?:only|just) ", "", text)
    text = plain if starts_with_verb(plain, words) else text
    adverb = patterns.match(rf"^({ADVERBS})\s+(.+)$", text)
    if adverb and starts_with_verb(adverb.group(2), words):
        return f"{adverb.group(2)} {adverb.group(1)}"
    text = patterns.sub(
        r"\s+(?:anyway|anyhow|regardless|if possible|if you can|for once|somehow)$", "", text
    )
    match = (
        patterns.match(rf"^(?:{RETURN}\b|(?=an?\b|the\b|it\b|this\b)).*?{COPY}(?: (?:of|from) (?:it|this|the {PICTURE}))? (?:with|where|in which|that has|having) (?P<o>.+?)(?: (?:is|are|being))? (?P<r>\w+ed\b.*|hidden\b.*|cut\b.*)$", text)
        or patterns.match(rf"^{RETURN} (?:me )?(?P<o>it|this|the {PICTURE}) (?P<r>\w+ed\b.*)$", text)
        or patterns.match(r"^(?:i |we )?(?:want|need|would like|'d like|like|have|get) (?P<o>.+?)(?: to be)? (?P<r>\w+ed\b.*|hidden\b.*|cut\b.*)$", text)
        or patterns.match(r"^(?:can|could|should|may|must|would) (?P<o>.+?) be (?P<r>.+)$", text)
        or patterns.match(r"^(?P<o>.+?) (?:should|must|needs? to|has to|have to|ought to|can|could) be (?P<r>.+)$", text)
    )  # fmt: skip
    pictured = patterns.match(rf"^(?:{RETURN}\b|(?=an?\b|the\b|it\b|this\b)).*?{COPY}(?: of (?:it|this|the {PICTURE}))? with (?:all |the |both )*(?P<r>\w+ed|hidden) (?P<o>[\w ]+)$", text)  # fmt: skip
    match = pictured or match
    if match is None:
        looks = "|".join(
            re.escape(a) for a in sorted(words.table("adjectives"), key=len, reverse=True)
        )
        wish = patterns.match(rf"^(?:i |we )?(?:want|need|would like|'d like|like) (?P<o>.+?) (?P<r>(?:a bit |a little |much |slightly |in )?(?:{looks}))$", text)  # fmt: skip
        return f"make {wish.group('o')} {wish.group('r')}" if wish else text
    rest = match.group("r")
    for verb in (v for v, tool in words.verbs.items() if tool in EDITS):
        done = participle(verb)
        if patterns.match(rf"{re.escape(done)}\b", rest):
            return f"{verb} {match.group('o')}{rest[len(done) :]}"
    return text


def merged(asked: list[Clause], words: Words) -> list[Clause]:
    """Such as "make everything grey, but keep the faces in colour" as one order with an exception."""
    found: list[Clause] = []
    kept: str = ""
    for clause in (single for several in asked for single in _singles(several, words)):
        match = patterns.match(KEEP, clause.text)
        if match is None:
            if kept and patterns.search(EVERYTHING, clause.text):
                clause = replace(clause, text=patterns.sub(EVERYTHING, f"everything except {kept}", clause.text, count=1))  # fmt: skip
                found = [c for c in found if not patterns.match(KEEP, c.text)]
            found.append(clause)
            kept = ""
            continue
        kept = str(next(g for g in match.groups() if g))
        if found and patterns.search(EVERYTHING, found[-1].text):
            text = patterns.sub(EVERYTHING, f"everything except {kept}", found[-1].text, count=1)
            found[-1] = replace(found[-1], text=text)
            continue
        found.append(clause)
    return found


def _singles(clause: Clause, words: Words) -> list[Clause]:
    """An order of several looks or labels as several orders: "make it brighter and smaller"."""
    labels = patterns.match(r"^(label|tag|name) (.+?⟦\d+⟧)(?:,| and) (?=the |an? |her |his )(.+⟦\d+⟧)$", clause.text)  # fmt: skip
    if labels:
        return [replace(clause, text=f"{labels.group(1)} {labels.group(i)}") for i in (2, 3)]
    looks = "|".join(re.escape(a) for a in sorted([*words.table("adjectives"), "bigger", "smaller", "larger"], key=len, reverse=True))  # fmt: skip
    text = patterns.sub(r"\bblack and white\b", "black-and-white", clause.text)
    degree = r"(?:[\d.]+ ?(?:%|per ?cent|times)|a bit|a little|slightly|much|twice as|more|even) "
    match = patterns.match(rf"^(make|turn|render) (.+?) ((?:{degree})*(?:{looks}))((?:(?:, and|,| and) (?:{degree})*(?:{looks}))+)$", text)  # fmt: skip
    if match is None:
        return [clause]
    verb, thing, first, others = match.groups()
    rest = [part for part in patterns.split(r", and |, | and ", others) if part]
    return [replace(clause, text=f"{verb} {thing} {look}") for look in (first, *rest)]
