"""Goals that want words for parts of a picture, and places for the words of a sentence.

Knows nothing of how a model describes.
"""

from __future__ import annotations

from agent.planners.offline import patterns
from agent.planners.offline.asking import LONG, described, ready
from agent.planners.offline.finding import boxes_said
from agent.planners.offline.phrases import Target
from agent.planners.offline.quotations import unquote
from agent.planners.offline.scope import Scope
from agent.planners.offline.sighted import DRAWN, Meant, is_picture, meant, need, visible
from agent.planners.offline.work import Cannot, Fragment, Ref, quoted
from tools.types import Boxes, Placed, Table, Text

PARTS = r"(?:region|part|area|detail|section|spot|thing|object|item)s?"
DENSE = (
    r"^(?:(?:give|make|write|show|create|get|i (?:want|need))\b.*?)?\b(?:dense(?:ly)?|region(?:al)?) (?:captions?|captioning|descriptions?)\b.*$",
    rf"^(?:caption|describe|label|name) (?:(?:each|every|all(?: of)?|the|single|individual|separate|different|of) )+(?P<p>{PARTS})(?: (?:in|of|on) .+)?$",
    r"^(?:caption|describe) (?:everything|all) .*\b(?:with (?:its |a )?box(?:es)?|one by one|separately|individually|and where it is)\b.*$",
    r"^densely (?:caption|describe) .*$",
)  # fmt: skip
ORDER = r"^(?:describe|caption|explain|write (?:a |one )?(?:caption|description|sentence|few words) (?:for|of|about)|(?:a |the )?(?:caption|description) (?:for|of)|say (?:something|a few words) about|what (?:does|do) (?=.+ look like$)|tell me about|give a (?:caption|description) (?:for|of))\s+(?P<o>.+?)(?: look like)?$"
POINTED = rf"^(?:what (?:is|are|do you see)(?: (?:in|at|inside))? )(?P<o>{DRAWN})$"
DETAIL = r",?\s*\b(?:in (?:great |more |full |some |a lot of )?detail|at length|briefly|in (?:a few|one|two|three) (?:words?|sentences?)|shortly|fully|thoroughly|please)$"
EACH = r"^(?:each|every|all(?: of)?(?: the)?|both)(?: of the)? "
GROUND = (
    r"^ground (?:the |this |that )?(?:sentence|phrases?|caption|text|words?|description)?(?: of)?:? ?(?P<s>.+?)(?: (?:in|on) .+)?$",
    r"^(?:which|what) (?:parts?|regions?|areas?|things?|boxes?|places?|pixels?)(?: (?:of|in) [\w ]+?)? (?:does|do|is|are|did) (?P<s>⟦\d+⟧) (?:describe|mean|refer to|talk about|name|speak of|stand for|about|describing|referring to)s?$",
    r"^(?:show|mark|box|find|tell|locate|say)(?: me)? (?:where )?(?:each|every|the|all(?: the)?|which) (?:phrases?|nouns?|words?|things?|parts?)(?: (?:is|are))?(?: (?:of|in|from|named in|mentioned in))+ (?:the (?:sentence|caption|text|phrase) )?(?P<s>.*⟦\d+⟧)(?: (?:is|are|means?|refers? to|stands? for))?(?: (?:in|on) .+)?$",
    r"^(?:link|tie|connect|match|align) (?:the (?:sentence|phrases?|caption|text|words?|nouns?)(?: of)? ?)?(?P<s>⟦\d+⟧|.+?) (?:to|with) (?:the|this|it).*$",
    r"^(?:what|where) (?:does|do|in (?:the|this) \w+ does) (?P<s>⟦\d+⟧) (?:refer|point|relate) to$",
)  # fmt: skip


def grounded(scope: Scope) -> Fragment | None:
    """Where the phrases of a sentence are: "Which parts does "a dog by a cup" describe?"."""
    match = next((m for m in (patterns.match(p, scope.text) for p in GROUND) if m), None)
    if match is None:
        return None
    need(scope, "ground")
    sentence = unquote(match.group("s"), scope.clause.quotes)
    ref = scope.work.call("ground", image=scope.image, sentence=sentence)
    found = scope.work.see(ref, Boxes)
    if not len(found):
        return Fragment(f"I find no part of the picture for {quoted([sentence])}{scope.work.cite(ref)}")  # fmt: skip
    if len(found) == 1:
        name = found.labels[0]
        return boxes_said(scope, [(Target(name, name), ref)])
    return Fragment(_listed(scope, ref, found), focus=ref)


def _listed(scope: Scope, ref: Ref, found: Boxes) -> str:
    """Each box with its own words."""
    rows = []
    for row, (label, box) in enumerate(zip(found.labels[:12], found.xyxy[:12], strict=True)):
        corners = ", ".join(str(round(float(v))) for v in box)
        rows.append(f"{label}: {corners}{scope.work.cite(ref, [row])}")
    more = f"; and {len(found) - 12} more" if len(found) > 12 else ""
    return "; ".join(rows) + more


def dense(scope: Scope) -> Fragment | None:
    """The parts of the picture that stand out, each with its box and a few words."""
    match = next((m for m in (patterns.match(p, scope.text) for p in DENSE) if m), None)
    if match is None or scope.given is not None or scope.points is not None:
        return None
    need(scope, "dense_captions")
    ref = scope.work.call("dense_captions", image=scope.image)
    found = scope.work.see(ref, Boxes)
    if not len(found):
        return Fragment(scope.absent("part that stands out", ref))
    return Fragment(_listed(scope, ref, found), focus=ref)


def parts(scope: Scope) -> Fragment | None:
    """Words for what is drawn, clicked or named: "describe each dog", "describe this region"."""
    match = patterns.match(ORDER, scope.text) or patterns.match(POINTED, scope.text)
    if match is None:
        return None
    phrase = match.group("o")
    while (shorter := patterns.sub(DETAIL, "", phrase)) != phrase:
        phrase = shorter
    pointed = patterns.fullmatch(DRAWN, phrase) is not None
    if pointed or is_picture(scope, phrase):
        region = meant(scope, phrase) if scope.given or scope.points or (pointed and scope.has_focus) else Meant(None)  # fmt: skip
        if region.ref is None:
            opened = patterns.match(ORDER, scope.text)
            return described(scope) if opened and ready(scope.work.view, "caption") else None
        return _said(scope, region)
    each = patterns.match(EACH, phrase)
    wanted = scope.target(phrase)
    if not (each or visible(scope, wanted)) or not _can(scope):
        return None
    region = meant(scope, phrase)
    if region.empty(scope):
        assert region.ref is not None
        return Fragment(scope.absent(region.said, region.ref))
    return _said(scope, region)


def _can(scope: Scope) -> bool:
    return any(ready(scope.work.view, a) for a in ("describe_region", "caption"))


def _said(scope: Scope, region: Meant) -> Fragment:
    """The words for a region: a few seen where it stands, or whole sentences where detail is wanted."""
    long = patterns.search(LONG, scope.text)
    assert region.ref is not None
    if long or not ready(scope.work.view, "describe_region"):
        need(scope, "caption")
        detail = "detailed" if long else "short"
        ref = scope.work.call("caption", image=scope.image, region=region.ref, detail=detail)
        text = scope.work.see(ref, Text).value.strip()
        if not text:
            raise Cannot("I cannot describe it: caption gave no words")
        return Fragment(f"{text.rstrip('.')}{scope.work.cite(ref)}", focus=region.ref)
    ref = scope.work.call("describe_region", image=scope.image, region=region.ref)
    table = scope.work.see(ref, Table)
    placed = scope.work.see(region.ref, Placed)
    words = [row[1].strip().rstrip(".") for row in table.rows]
    if len(words) == 1:
        return Fragment(f"{words[0] or 'No words fit'}{scope.work.cite(region.ref, [0])}", focus=region.ref)  # fmt: skip
    shown = [f"{row[0]}: {word}{scope.work.cite(region.ref, [i])}" for i, (row, word) in enumerate(zip(table.rows[:12], words, strict=False))]  # fmt: skip
    more = f"; and {len(placed) - 12} more" if len(placed) > 12 else ""
    return Fragment("; ".join(shown) + more, focus=region.ref)
