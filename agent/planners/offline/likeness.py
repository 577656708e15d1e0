"""Goals about likeness: more things like an example, and pictures like a picture or a text.

Knows nothing of how likeness is measured.
"""

from __future__ import annotations

import re

from agent.planners.offline import patterns
from agent.planners.offline.finding import boxes_said
from agent.planners.offline.phrases import Target
from agent.planners.offline.quotations import unquote
from agent.planners.offline.scope import Scope
from agent.planners.offline.sighted import meant, need
from agent.planners.offline.work import Cannot, Fragment, Ref, number, plural
from tools.types import Boxes, Embeddings, Labels, Placed

LIKE = r"(?:(?:that |which )?(?:looks? |are |is )?(?:just |exactly |very |much )?(?:like|similar to|alike to)|(?:the )?same (?:kind |sort |type )?(?:as|of)|(?:that |which )?resembl\w+|of the same (?:kind|sort|type) as)"
ASKS = r"(?:find|show|detect|locate|box|count|mark|get|spot|look for|search for|point out|are there|is there|how many|where are|where is|what|which)"
MORE_LIKE = (
    rf"^(?:{ASKS}\b(?P<w>.*?) )?{LIKE} (?P<o>.+?)$",
    r"^(?:find|show|detect|locate|box|count|mark|get|spot|are there|is there|how many|where are)(?: any| me| all)?(?P<w> (?:more|others?|all(?: the)?(?: others?)?|another)) of (?P<o>these|those|this kind|this|them|it)(?: (?:kind|sort|type))?(?: here| there)?$",
)  # fmt: skip
OBJECTS = r"^(?: |\b(?:me|any|all|every|each|the|other|others|more|some|else|everything|anything|things?|objects?|items?|ones?|similar|of|instances?|examples?|there|are)\b)*$"
"""What stands between "find" and "like" where an example is meant."""
ELSEWHERE = r" (?:(?:in|on|here|there|anywhere|elsewhere) ?(?:the (?:rest|whole) (?:of )?)?(?:the|this|that)? ?(?:other |whole )?(?:picture|photo|image|scene)?)$"


def like_example(scope: Scope) -> Fragment | None:
    """All things like one that is named, drawn or clicked."""
    match = next((m for m in (patterns.match(p, scope.text) for p in MORE_LIKE) if m), None)
    if match is None or not patterns.match(OBJECTS, match.group("w") or " x"):
        return None
    phrase = patterns.sub(r" (?:are|is)(?: there| here)?$", "", match.group("o"))
    phrase = patterns.sub(ELSEWHERE, "", phrase).strip()
    phrase = patterns.sub(r"^(?:(?:this|these|those|them|it)\b.*?(?: one)?)$", "this", phrase)
    need(scope, "detect_like")
    example = meant(scope, phrase)
    if example.ref is None:
        raise Cannot("I do not know what the others should be like: draw a box around one")
    if example.empty(scope):
        return Fragment(scope.absent(example.said, example.ref), "cannot")
    home = _home(scope, example.ref)
    target = scope.image if home != scope.image else None
    ref = scope.work.call("detect_like", image=home, region=example.ref, target=target)
    found = scope.work.see(ref, Boxes)
    what = "the example" if example.said == "it" else f"the {example.said}"
    n = len(found)
    count = f"I find {n} {plural(n, 'thing')} like {what}{scope.where()}{scope.work.cite(ref)}"
    if not n:
        return Fragment(scope.absent(f"thing like {what}", ref))
    said = boxes_said(scope, [(Target("it", example.said if example.said != "it" else "thing"), ref)])  # fmt: skip
    return Fragment(f"{count}: {said.text}", focus=ref)


def _home(scope: Scope, example: Ref) -> Ref:
    """The picture that shows the example."""
    root = scope.work.see(example, Placed).frame.root
    same = (r for r in scope.images if scope.work.image(r).frame.root == root)
    return next(same, scope.image)


# -- pictures -------------------------------------------------------------------------------------


def among_pictures(scope: Scope) -> Fragment | None:
    """The given pictures in order of likeness to one of them or to a text."""
    nouns = "|".join(rf"{re.escape(n)}s?" for n in scope.words.list("pictures"))
    asked = _query(scope, rf"(?:{nouns}|ones?)")
    if asked is None:
        return None
    text = asked
    first = scope.images[(scope.clause.pictures or (1,))[0] - 1 if not text else 0]
    others = [r for r in scope.images if text or r != first]
    if not others:
        raise Cannot("Give me the pictures to look among together with this one")
    need(scope, "embed")
    order, cites = _order(scope, others, {"text": text} if text else {"image": first})
    if not order:
        return Fragment(f"None of the pictures fits{cites}")
    shown = ", ".join(
        f"picture {scope.images.index(r) + 1}{_file(scope, r)} [{r.name}] {number(s)}"
        for r, s in order
    )
    best = scope.images.index(order[0][0]) + 1
    what = f'"{text}"' if text else "it"
    said = f"Picture {best} is most like {what}; in order: {shown}{cites}"
    return Fragment(said, focus=order[0][0])


def _file(scope: Scope, picture: Ref) -> str:
    """`` (beach.jpg)``: the name of a picture's file, less what could be read as more."""
    name = patterns.sub(r"[^\w./ -]+", "", scope.work.view.names.get(picture.name, "")).strip()
    return f" ({name[-60:]})" if name else ""


def _query(scope: Scope, nouns: str) -> str | None:
    """The text that pictures are compared with, '' for a picture; None where neither is asked."""
    text = scope.text
    likes = (
        rf"^(?:find|show|get|search for|look for|list|give)?\b ?(?:me )?(?:the |other |more |any |all )*(?:similar (?:looking )?{nouns}|{nouns} (?:(?:that|which) (?:are|look) )?(?:most |very )?(?:like|similar to) (?:it|this|that|the .+))\b.*$",
        rf"^which (?:(?:one )?of (?:the|these|those) )?(?:other )?{nouns}? ?(?:is|are|looks?) (?:the )?(?:most|more|best)? ?(?:like|similar to|alike|resembles?)\b.*$",
        rf"^which (?:(?:one )?of (?:the|these|those) )?(?:other )?{nouns}? ?(?:resembles?|matches) (?:it|this|that|the first|picture)\b.*$",
        rf"^(?:rank|order|sort|compare) (?:all |the |these |my )*(?:other )?{nouns} by (?:their )?(?:likeness|similarity|how (?:similar|alike|like))\b(?!.*⟦).*$",
    )  # fmt: skip
    if any(patterns.match(p, text) for p in likes):
        return ""
    fits = (
        rf"^(?:search|look through|go through) (?:(?:all|the|these|my|those) )*{nouns} for (?P<t>.+)$",
        rf"^(?:rank|order|sort) (?:(?:all|the|these|my|those) )*{nouns} by (?:how (?:well|much) they (?:fit|match|show|resemble)|(?:fit|match|likeness) (?:with|to)) (?P<t>.+)$",
        rf"^which (?:(?:one )?of (?:the|these|those) )?{nouns} (?:best |most )?(?:fits?|match(?:es)?|suits?|corresponds? to|goes with)(?: best)? (?P<t>.+?)(?: best| most)?$",
        rf"^(?:find|show|get)(?: me)? (?:the )?{nouns} (?:that |which )?(?:best |most )?(?:fits?|match(?:es)?|match(?:ing)?) (?P<t>.+?)(?: best)?$",
    )  # fmt: skip
    match = next((m for m in (patterns.match(p, text) for p in fits) if m), None)
    if match is None or len(scope.images) < 2:
        return None
    said = patterns.sub(r"^(?:the (?:words?|text|sentence|description|caption) )", "", match.group("t"))  # fmt: skip
    return unquote(said, scope.clause.quotes) or None


def _order(
    scope: Scope, others: list[Ref], query: dict[str, str | Ref]
) -> tuple[list[tuple[Ref, float]], str]:
    """The pictures with their scores, best first, and the cites of where that stands."""
    among: Ref | None = None
    for image in others:
        among = scope.work.call("embed", image=image, after=among)
    assert among is not None
    names = scope.work.see(among, Embeddings).names
    if len(set(names)) == len(others):
        ref = scope.work.call("find_similar", among=among, limit=len(others), **query)
        ranked, at = scope.work.see(ref, Labels), dict(zip(names, others, strict=True))
        pairs = zip(ranked.texts, ranked.scores, strict=True)
        return [(at[name], float(score)) for name, score in pairs], scope.work.cite(ref)
    alone = [
        scope.work.call("embed", image=image) for image in others
    ]  # of one name: each by itself
    refs = [scope.work.call("find_similar", among=one, **query) for one in alone]
    scores = [float(scope.work.see(ref, Labels).scores[0]) for ref in refs]
    order = sorted(zip(others, scores, strict=True), key=lambda pair: -pair[1])
    return order, "".join(scope.work.cite(ref) for ref in refs[:3])
