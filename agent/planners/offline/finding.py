"""Goals about which things are there: whether any, where, and which one of them.

Knows nothing of the wording of other goals.
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.planners.offline import patterns
from agent.planners.offline.counting import people, unsure
from agent.planners.offline.phrases import Target
from agent.planners.offline.quotations import unquote
from agent.planners.offline.scope import SURE_TEXT, Scope
from agent.planners.offline.work import Fragment, Ref, listed, plural, quoted
from tools.catalog import ANY as MANY
from tools.colorwords import matches
from tools.geometry import centres
from tools.places import part_of
from tools.samewords import written_in
from tools.textkinds import find
from tools.types import Labels, Placed, TextSpans

ANY = r"(?:any|a|an|some|the|at least one|even one)"
BOX = r"(?:bounding[- ]?|b)?(?:box|boxes|coordinates|position|positions|location|locations)"
ORDERS = r"^(?:locate|find|detect|point (?:to|out|at)|spot|show where|mark where)"
LEGIBLE = 0.8
"""Certainty of the reading from which lettering proves that there is text."""
NUMBER = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|a dozen)"
COMPARED = rf"(more than|over|fewer than|less than|at least|at most|up to|exactly|only|just|precisely)? ?({NUMBER})\b"


EVERYTHING = (
    r"^(?:find|detect|locate|box|list|name|identify|recogni[sz]e|show|mark)(?: me)?(?: and \w+)? (?:everything(?: you can(?: see| find)?)?|(?:all|every|each|all of|the|any|all the|what) ?(?:objects?|things?|items?)(?: there (?:are|is)| you (?:see|find|know))?)(?: (?:in|on) (?:it|this|that|the|here)(?: \w+)?)?$",
    r"^(?:what|which) (?:objects|things|items|kinds of (?:objects|things)) (?:are|can|do)\b(?: (?:there|visible|shown|seen|you|i|we|see|find|detect|recogni[sz]e|be|in|on|the|this|here|it|\w+ed))*(?: \w+)?$",
)  # fmt: skip
FEW_NAMES = 20
"""Names that models must know before "everything" means something."""


# -- whether any ----------------------------------------------------------------------------------


def exists(scope: Scope) -> Fragment | None:
    """Whether there is such a thing, or more, fewer or exactly so many of it."""
    phrase, written = _existing(scope)
    if not phrase:
        return None
    more = patterns.match(r"(more|fewer|less|as many) (.+?) (?:than|as) (.+)$", phrase)
    if more:
        return _more_of(scope, more.group(1), more.group(2), more.group(3))
    denied = patterns.match(r"(?:no|not any|not a|nobody|no one|noone|none)\b ?", phrase)
    if denied:
        phrase = phrase[denied.end() :] or "person"
        phrase = (
            f"person {phrase}" if patterns.match(r"(?:in|on|at|here|there)\b", phrase) else phrase
        )
    compared = patterns.match(
        COMPARED + r" (.+)$", patterns.sub(r" or (?:more )?\d*\w*$", "", phrase)
    )
    wanted = scope.target(compared.group(3) if compared else phrase)
    if written and not wanted.contains:
        bare = patterns.sub(rf"^{ANY} |^(?:words?|text|phrase|name) ", "", phrase)
        wanted = Target(phrase, "text", contains=unquote(bare, scope.clause.quotes))
    if not wanted.head or wanted.pronoun:
        return None
    lettered = _lettered(scope, wanted)
    if lettered is not None:
        return lettered
    sure = replace(scope, confirm=not compared)
    ref = sure.find(replace(wanted, many=True, quantity=0))
    n = proven(scope, ref, wanted)
    if compared:
        return _so_many(scope, wanted, ref, n, compared.group(1) or "exactly", compared.group(2))
    return _whether(scope, wanted, ref, n, bool(denied))


def _lettered(scope: Scope, wanted: Target) -> Fragment | None:
    """Such as "a hospital sign": known by what it says, so there is none where nothing says so."""
    name = " ".join(wanted.modifiers)
    sort = name in scope.words.lexicon["sorts_of_sign"]
    if not name or sort or wanted.contains or not scope.is_surface(wanted) or scope.kind_of(wanted):
        return None
    ref = scope.spans()
    spans = scope.work.see(ref, TextSpans)
    rows = [i for i, t in enumerate(spans.texts) if written_in(wanted.modifiers, t)]
    if rows:
        return None
    return Fragment(f"No: {scope.absent(f'{wanted.head} that says {quoted([name])}', ref)}")


def _existing(scope: Scope) -> tuple[str, bool]:
    """What is asked to be there, and whether it is words; '' where nothing is."""
    text = scope.text
    nouns = "|".join(rf"{re.escape(n)}s?" for n in scope.words.list("pictures"))
    holder = rf"(?:it|this|that|they|(?:the|this|that|these|any|some|either|one)(?: (?:one )?of (?:the|these))?(?: \w+)?|(?:\w+ )?(?:{nouns}))"
    written = patterns.match(
        rf"^(?:does|do|did) (?:{holder}|.+?) (?:say|mention|read|state)s? (?:anything about )?(.+)$", text
    ) or patterns.match(
        r"^(?:is|are|does|do) (?:the )?(?:words?|text|phrase|name) (.+?) (?:appear|occur|written|printed|mentioned|visible|shown|there|(?:any|some)where|on|in)\b.*$", text
    )  # fmt: skip
    if written:
        return written.group(1), True
    match = (
        patterns.match(rf"^(?:is|are|was|were) there (?:{ANY} )?(.+)$", text)
        or patterns.match(rf"^(?:do |can |could )?(?:you |i |we )?(?:see|spot|make out|(?:find|detect|recogni[sz]e)(?! the)) {ANY} (.+)$", text)
        or patterns.match(rf"^(?:does|do|did|has|have) {holder} (?:have|has|got|contain|show|include|feature|bear|display|carry)s? (?:{ANY} )?(.+)$", text)
        or patterns.match(rf"^(?:is|are|was|were|does|do) (?:{ANY} )?(.+?) (?:visible|present|pictured|depicted|to be seen|appear|(?:any|some)where|(?:in|on) (?:it|here|there|(?:the|this|that) (?:{nouns})))$", text)
        or patterns.match(r"^any (.+?)(?: here| there| in (?:it|this))?$", text)
    )  # fmt: skip
    if not match or patterns.match(r"^(?:is|are) (?:it|this|that)\b", text):
        return "", False
    return match.group(1), False


def proven(scope: Scope, ref: Ref, wanted: Target) -> int:
    """How many were found; of text in general only what is legible counts."""
    placed = scope.work.see(ref, Placed)
    if wanted.colors and len(placed) and scope.is_surface(wanted):
        return len(placed) if _has_color(scope, ref, wanted.colors[0]) else 0
    if isinstance(placed, TextSpans) and wanted.contains:
        return sum(score >= SURE_TEXT for _, score in find(placed, wanted.contains))
    if not isinstance(placed, TextSpans) or not wanted.is_plain:
        return len(placed)
    return sum(
        float(score) >= LEGIBLE and sum(c.isalnum() for c in text) > 1
        for text, score in zip(placed.texts, placed.scores, strict=True)
    )


def _has_color(scope: Scope, ref: Ref, color: str) -> bool:
    """Whether a sign has a colour itself: red letters on white do not make it a red sign."""
    labels = scope.work.see(scope.work.call("colors", image=scope.image, region=ref), Labels)
    fits = [s for name, s in zip(labels.texts, labels.scores, strict=True) if matches(name, color)]
    return float(sum(fits)) >= 0.25


def _whether(scope: Scope, wanted: Target, ref: Ref, n: int, denied: bool) -> Fragment:
    noun, caveat = people(scope, wanted)
    name = quoted([wanted.contains]) if wanted.contains else noun
    if not n:
        return Fragment(
            f"{'Yes' if denied else 'No'}: {scope.absent(name, ref)}{scope.witnesses(ref)}"
            f"{unsure(scope, noun)}",
            focus=ref,
        )
    shown = name if wanted.contains else plural(n, name)
    if caveat:
        return Fragment(
            f"I find {n} {shown}{scope.where()}{scope.work.cite(ref)}{caveat}", focus=ref
        )
    return Fragment(
        f"{'No' if denied else 'Yes'}, I find {n} {shown}{scope.where()}{scope.work.cite(ref)}",
        focus=ref,
    )


def _so_many(scope: Scope, wanted: Target, ref: Ref, n: int, relation: str, said: str) -> Fragment:
    """Such as "more than two faces": yes or no, and how many there are."""
    limit = (
        int(said)
        if said.isdigit()
        else int(scope.words.table("number_words").get(said.split()[-1], 1))
    )
    holds = {
        "more than": n > limit, "over": n > limit, "fewer than": n < limit, "less than": n < limit,
        "at least": n >= limit, "at most": n <= limit, "up to": n <= limit,
    }.get(relation, n == limit)  # fmt: skip
    noun, caveat = people(scope, wanted)
    return Fragment(
        f"{'Yes' if holds else 'No'}: I find {n} {plural(n, noun)}{scope.where()}{scope.work.cite(ref)}{caveat}",
        focus=ref,
    )


def _more_of(scope: Scope, word: str, first: str, second: str) -> Fragment:
    """Such as "more red circles than blue ones"."""
    a = scope.target(first)
    b = scope.target(second)
    b = replace(b, head=a.head, pronoun=False) if b.pronoun or b.head in ("", "one") else b
    refs = [scope.find(replace(t, many=True)) for t in (a, b)]
    n, m = (len(scope.work.see(ref, Placed)) for ref in refs)
    holds = {"more": n > m, "as many": n == m}.get(word, n < m)
    names = [" ".join([*t.colors, plural(k, t.head)]) for t, k in ((a, n), (b, m))]
    return Fragment(
        f"{'Yes' if holds else 'No'}: {n} {names[0]}{scope.work.cite(refs[0])} and {m} {names[1]}{scope.work.cite(refs[1])}",
        focus=refs[0],
    )


# -- where ----------------------------------------------------------------------------------------


def where(scope: Scope) -> Fragment | None:
    """Where something is, as boxes, asked with "where" or by the name of the box."""
    edits = any(
        patterns.match(rf"{re.escape(verb)}\b", scope.text)
        for verb, tool in scope.words.verbs.items()
        if scope.work.view.catalog.tools[tool].effect == "edit"
    )
    return None if edits or patterns.match(ORDERS, scope.text) else locate(scope)


def locate(scope: Scope) -> Fragment | None:
    """Where something is, as boxes."""
    gone = r"\b(?:fly|flying|go|going|head|headed|heading|travel|travell?ing|lead)(?: to| from)?$"
    if patterns.search(rf"\b(?:taken|shot|photographed|captured|recorded)\b|{gone}", scope.text):
        return None
    match = patterns.match(
        rf"^(?:where(?:abouts)?(?: (?:in|on) (?:the|this) \w+)?(?: exactly)? (?:is|are|can i (?:see|find))|{ORDERS[1:]}"
        rf"|(?:what (?:is|are) |return |get |show |print |output )?(?:the |its |their |all )?{BOX}(?: coordinates)? (?:of|for|around|surrounding))\s+(.+)$",
        scope.text,
    )
    match = match or patterns.match(
        rf"^(?:all )?(?:the )?((?!its|their|the)[a-z ]+?) {BOX}$", scope.text
    )
    if not match:
        return _its_box(scope)
    phrase = patterns.sub(
        r"(?<=\w) (?:exactly )?(?:located|placed|positioned|situated)$", "", match.group(1)
    )
    phrase = patterns.sub(
        rf"\s*(?:,|\band\b|\bis\b|\bare\b)?\s*(?:give|tell|return|show)?\s*(?:me )?(?:its|the|their) {BOX}\b.*$| as (?:x|\[|\().*$| in pixels?$| (?:is|are)$",
        "",
        phrase,
    )
    found = [(t, scope.find(t)) for t in scope.targets(phrase)]
    return boxes_said(scope, found)


def everything(scope: Scope) -> Fragment | None:
    """All that can be found by name: "detect everything", "what objects are in the picture?"."""
    if not any(patterns.match(p, scope.text) for p in EVERYTHING):
        return None
    models = scope.work.view.catalog.of_ability("detect")
    known = [m for m in models if not m.missing() and m.labels != MANY]
    names = list(dict.fromkeys(label for m in known for label in m.labels))
    if len(names) < FEW_NAMES:
        return None
    ref = scope.work.call("detect", image=scope.image, phrases=names, region=scope.given)
    placed = scope.work.see(ref, Placed)
    if not len(placed):
        return Fragment(scope.absent(f"thing of the {len(names)} kinds I know", ref))
    kinds = {n: sum(label == n for label in placed.labels) for n in dict.fromkeys(placed.labels)}
    said = listed([f"{n} {plural(n, name)}" for name, n in kinds.items()])
    return Fragment(f"I find {said}{scope.work.cite(ref)}", focus=ref)


def referred(scope: Scope) -> Fragment | None:
    """A seen thing told by its place or looks and nothing else: "the dog next to the bench"."""
    if not patterns.match(r"^(?:the|that|this) \w+", scope.text):
        return None
    wanted = scope.target(scope.text)
    if wanted.is_plain or wanted.many or scope.noun(wanted) is None or not scope.open_eyed():
        return None
    return boxes_said(scope, [(wanted, scope.find(wanted))])


def _its_box(scope: Scope) -> Fragment | None:
    asks = patterns.search(rf"\b(?:its|their|the) {BOX}\b|\bx1\b", scope.text)
    if not asks or scope.focus is None:
        return None
    named = scope.mentioned or Target("it", "thing")
    return boxes_said(scope, [(named, scope.focus)])


def boxes_said(scope: Scope, found: list[tuple[Target, Ref]]) -> Fragment:
    """The boxes of what was found, each with the part of the picture it lies in."""
    said, focus = [], None
    for wanted, ref in found:
        placed = scope.work.see(ref, Placed)
        name, caveat = people(scope, wanted) if wanted.head else (wanted.text, "")
        name = f"{name} {quoted([wanted.contains])}" if wanted.contains else name
        if not len(placed):
            said.append(scope.absent(_in_full(wanted, name), ref) + unsure(scope, name))
            continue
        focus = ref
        boxes = [", ".join(str(round(float(v))) for v in box) for box in placed.xyxy[:10]]
        parts = [part_of(float(x), float(y), placed.frame) for x, y in centres(placed.xyxy[:10])]
        if len(found) == 1 and len(boxes) == 1:
            return Fragment(
                f"{boxes[0]} is the box of the {name} ({parts[0]}){scope.work.cite(ref)}{caveat}",
                focus=ref,
            )
        said += [
            f"{name}: {box} ({part}){scope.work.cite(ref, [row])}"
            for row, (box, part) in enumerate(zip(boxes, parts, strict=True))
        ]
    return Fragment("; ".join(said), focus=focus)


def _in_full(wanted: Target, name: str) -> str:
    """The name with what it was told by, so that "no red car" does not deny every car."""
    told = [*wanted.colors, name]
    if wanted.of is not None and wanted.of.head:
        told = [patterns.sub(r"^(?:the|an?|this|that) ", "", wanted.text)]
    return " ".join(told)
