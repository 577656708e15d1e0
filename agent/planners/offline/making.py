"""Goals that paint with a generative model: from words, along a map, in place of a thing, larger.

What plain tools can do better (light, colours, blur, cutting) is read before by ``editing``. Knows
nothing of how a model paints.
"""

from __future__ import annotations

from agent.planners.offline import patterns
from agent.planners.offline.asking import ready
from agent.planners.offline.imagining import KIND_OF, MAKE, from_words
from agent.planners.offline.quotations import unquote
from agent.planners.offline.scope import Scope
from agent.planners.offline.sighted import (
    DRAWN,
    drawn,
    is_picture,
    meant,
    need,
    outlined,
    picture_of,
    visible,
)
from agent.planners.offline.work import Fragment, Ref
from tools.types import Image, Keypoints, Placed

KINDS = (
    ("depth", r"depths?(?: map)?|perspective|distances"),
    ("pose", r"poses?|postures?|skeletons?|body positions?|stance"),
    ("segmentation", r"segmentations?(?: map)?|segments|regions|masks|layout|composition|arrangement"),
    ("scribble", r"scribbles?|doodles?|rough sketch|sketch"),
    ("lines", r"lines?|line art|line drawing|lineart|strokes"),
    ("edges", r"edges?|edge map|outlines?|contours?|canny(?: edges?| map)?|shapes?|structure"),
)  # fmt: skip
"""Kind of map by how it is called."""
ANY_KIND = "|".join(pattern for _, pattern in KINDS)
SOURCE = r"(?: (?:of|from|in|as|as in|that .+? has) (?P<o>it|this|that|this one|the original|(?:the|this|that|my) .+?))?"
LED = r"(?:,? (?:that |which )?(?:follow(?:s|ing)?|with|us(?:es|ing)|from|based on|guided by|along|keep(?:s|ing)|hav(?:es|ing)|has|by|on|in|match(?:es|ing)|respect(?:s|ing)|preserv(?:es|ing)))"
CONTROLLED = (
    rf"^(?P<m>{MAKE})(?: me)? (?P<p>.+?){LED} (?:the |its )?(?:same |exact |original )*(?P<k>{ANY_KIND}){SOURCE}(?: as (?:an? |the )?(?:guide|control|template|reference|input|this|it|this one|the .+))?$",
    rf"^(?:use|take|keep|follow|with) (?:the )?(?P<k>{ANY_KIND}){SOURCE}(?: as (?:an? )?(?:guide|control|template))?,? (?:to|and|for)? ?(?:{MAKE})(?: me)? (?P<p>.+)$",
    r"^(?:turn|make|convert|transform) (?:the |this |my )(?P<k>scribble|sketch|doodle|line art|line drawing|drawing|edge map|depth map|pose)(?: (?:in|on|of) .+?)? (?:in)?to (?P<p>.+)$",
)  # fmt: skip
SUBJECT = rf"^{MAKE}(?: me)? (?:(?:an?|one|another) )?(?:(?:new|other) )*{KIND_OF} (?:of|showing|with) (?:the same|this|this very|my) (?P<p>[\w-]+\b.*)$"
MAPPED = (
    r"^(?:extract|trace|draw|make|show|give|get|find|compute|create|detect|generate|produce|render|return|turn (?:it|this) into|i (?:want|need))\b(?: me)?(?: (?:the|an?|its|all|all the|this into an?))* (?P<k>edges|edge map|canny (?:edges|map)|line ?art|control map|skeleton drawing|segmentation map|edge (?:picture|image|drawing))(?: (?:of|in|from|for|as) (?P<o>.+))?$",
    r"^(?:the |an? )?(?P<k>edge map|line ?art|canny map|control map)(?: (?:of|for|in) (?P<o>.+))?$",
    rf"^(?:make|draw|show|give|create|compute)(?: me)? (?:the |an? )?(?:control )?map of the (?P<k>{ANY_KIND})(?: (?:of|for|in) (?P<o>.+))?$",
)  # fmt: skip
LARGER = r"\b(?:upscale|upsample|super-? ?resol\w+|unpixelate|depixelate|unblur the pixels|restore the details?|(?:increase|double|quadruple|raise|improve|enhance|higher) (?:the )?resolution|sharper resolution)\b"
FOUR = r"\b(?:4 ?x|x ?4|4 times|four times|four[- ]?fold|by (?:a factor of )?(?:4|four)|4 ?×|× ?4|quadruple|400 ?%|factor (?:of )?(?:4|four))"
TWO = r"\b(?:2 ?x|x ?2|2 times|two times|twice|two-?fold|by (?:a factor of )?(?:2|two)|2 ?×|× ?2|double|200 ?%|factor (?:of )?(?:2|two))"
OTHER_SIZE = r"\b\d+(?:[.,]\d+)? ?(?:x|×|times|%|px|pixels?|dpi|megapixels?|mp|by)?\b"
INSTEAD = (
    r"^(?:replace|swap|exchange|substitute) (?P<o>.+?) (?:with|by|for|against) (?P<p>.+)$",
    r"^(?:put|paint|place|draw|insert|add) (?P<p>(?:an?|some) .+?) (?:in place of|in the place of|instead of|in front of and over) (?P<o>.+)$",
    r"^(?:turn|change|transform|convert|morph|make) (?P<o>(?:the|this|that|his|her|my|all|every|each|both) .+?) (?:into|to) (?P<p>(?:an?|some|the|two|three) .+)$",
)  # fmt: skip


# -- from words and maps ---------------------------------------------------------------------------


def generated(scope: Scope) -> Fragment | None:
    """A new picture from words, along a map of this one, or of the same subject."""
    found = next((m for m in (patterns.match(p, scope.text) for p in CONTROLLED) if m), None)
    if found and not _stays(scope, found.group("p")):
        return _controlled(scope, found.group("p"), _kind(found.group("k")))
    subject = patterns.match(SUBJECT, scope.text)
    if subject and ready(scope.work.view, "generate") and len(subject.group("p").split()) > 1:
        prompt = f"a {unquote(subject.group('p'), scope.clause.quotes)}"
        ref = scope.work.call("generate", prompt=prompt, subject=scope.image)
        scope.work.see(ref, Image)
        return picture_of(scope, ref, f'Here is a new picture of "{prompt}"')
    return from_words(scope)


def _stays(scope: Scope, prompt: str) -> bool:
    """Whether what is to be made is this very picture: "make it with more contrast"."""
    bare = _prompt(prompt)
    return is_picture(scope, bare) or patterns.match(r"(?:it|this|that|the|a (?:box|circle|line|arrow|frame|border|copy|version|crop))\b", bare) is not None  # fmt: skip


def _prompt(said: str) -> str:
    return patterns.sub(rf"^(?:an? |the )?(?:new )?{KIND_OF} (?:of|showing|with) ", "", said.strip(" ,"))  # fmt: skip


def _kind(said: str) -> str:
    return next(kind for kind, pattern in KINDS if patterns.fullmatch(pattern, said) or (said == "drawing" and kind == "scribble"))  # fmt: skip


def _controlled(scope: Scope, said: str, kind: str) -> Fragment:
    """A picture from words along a map of the given one."""
    need(scope, "generate")
    prompt = unquote(_prompt(said), scope.clause.quotes)
    control = _map(scope, kind)
    if isinstance(control, Fragment):
        return control
    ref = scope.work.call("generate", prompt=prompt, control=control, kind=kind)
    scope.work.see(ref, Image)
    return picture_of(scope, ref, f'Here is "{prompt}" along the {kind} of the picture')


def _map(scope: Scope, kind: str) -> Ref | Fragment:
    """The map of the picture that steers; a sentence where there is nothing to map."""
    args: dict[str, Ref] = {}
    if kind == "depth":
        need(scope, "depth")
        args["depth"] = scope.work.call("depth", image=scope.image)
    elif kind == "pose":
        need(scope, "pose")
        people = scope.given or scope.find(scope.target("people"))
        if not len(scope.work.see(people, Placed)):
            return Fragment(f"{scope.absent('person', people)}, so there is no pose to follow", "cannot")  # fmt: skip
        args["bodies"] = scope.work.call("pose", image=scope.image, people=people)
        scope.work.see(args["bodies"], Keypoints)
    elif kind == "segmentation":
        need(scope, "segment_all")
        args["things"] = scope.work.call("segment_all", image=scope.image)
    return scope.work.call("control_map", image=scope.image, kind=kind, **args)


def mapped(scope: Scope) -> Fragment | None:
    """The map itself: edges, lines, a skeleton."""
    match = next((m for m in (patterns.match(p, scope.text) for p in MAPPED) if m), None)
    if match is None or "control_map" not in scope.work.view.catalog.tools:
        return None
    owner = match.group("o") or ""
    if owner and not is_picture(scope, owner) and owner not in ("this", "that"):
        if match.group("k") != "control map":
            return None
    said = owner if match.group("k") == "control map" else match.group("k")
    kind = next((k for k, p in KINDS if patterns.search(rf"\b(?:{p})\b", said)), "edges")
    kind = {"skeleton drawing": "pose", "lineart": "lines"}.get(said, kind)
    ref = _map(scope, kind)
    if isinstance(ref, Fragment):
        return ref
    scope.work.see(ref, Image)
    return picture_of(scope, ref, f"Here is a map of the {kind}")


# -- larger ------------------------------------------------------------------------------------------


def larger(scope: Scope) -> Fragment | None:
    """More pixels, two or four times, drawn in by a network; other sizes are for plain tools."""
    text = scope.text
    if not patterns.search(LARGER, text) or not ready(scope.work.view, "upscale"):
        return None
    times = "x4" if patterns.search(FOUR, text) else "x2"
    left = patterns.sub(TWO, " ", patterns.sub(FOUR, " ", text))
    if patterns.search(OTHER_SIZE, left):
        return None
    named = patterns.match(r"^(?:upscale|upsample|super-?resolve|unpixelate|depixelate) (?P<o>.+?)(?: (?:by|to|with|using|so|and|in) .*)?$", left)  # fmt: skip
    phrase = " ".join(named.group("o").split()) if named else ""
    region = drawn(scope) if scope.given or scope.points else None
    if phrase and not is_picture(scope, phrase) and visible(scope, scope.target(phrase)):
        part = meant(scope, phrase)
        if part.empty(scope):
            return Fragment(scope.absent(part.said, *([part.ref] if part.ref else [])), "cannot")
        region = part.ref
    ref = scope.work.call("upscale", image=scope.edited, times=times, region=region)
    scope.work.see(ref, Image)
    said = f"Upscaled {times[1:]} times; what was drawn in is likely, not known"
    return picture_of(scope, ref, said)


# -- in place of a thing -------------------------------------------------------------------------------


def instead(scope: Scope) -> Fragment | None:
    """One thing painted in place of another, all else left as it is."""
    match = next((m for m in (patterns.match(p, scope.text) for p in INSTEAD) if m), None)
    if match is None or "⟦" in match.group("p") or not ready(scope.work.view, "repaint"):
        return None
    phrase = match.group("o").strip()
    pointed = is_picture(scope, phrase) or patterns.fullmatch(DRAWN, phrase) is not None
    if not pointed and "background" in phrase:
        return _behind(scope, match.group("p"))
    if pointed and not (scope.given or scope.points or scope.has_focus):
        return None
    wanted = scope.target(phrase)
    if not pointed and not (visible(scope, wanted) or scope.is_surface(wanted)):
        return None
    part = meant(scope, "this" if pointed else phrase)
    assert part.ref is not None
    if part.empty(scope):
        said = scope.absent(part.said, part.ref)
        return Fragment(f"{said}, so there is nothing to replace", "cannot")
    region = part.ref if part.ref == scope.given else outlined(scope, part.ref)
    prompt = unquote(match.group("p"), scope.clause.quotes)
    ref = scope.work.call("inpaint", image=scope.edited, region=region, prompt=prompt)
    scope.work.see(ref, Image)
    what = "that" if part.said == "it" else f"the {part.said}"
    return picture_of(scope, ref, f"Painted {prompt} in place of {what}{scope.work.cite(part.ref)}")


def _behind(scope: Scope, prompt: str) -> Fragment:
    """Another background, by a sentence: what stands in front is the model's to keep."""
    need(scope, "edit_by_instruction")
    wish = unquote(scope.text, scope.clause.quotes)
    ref = scope.work.call("edit_by_instruction", image=scope.edited, instruction=wish)
    scope.work.see(ref, Image)
    return picture_of(scope, ref, f"Here is the picture with {prompt} behind")
