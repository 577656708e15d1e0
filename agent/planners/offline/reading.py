"""Goals about writing in general: what is written where, and what kind of text answers.

Phone numbers, dates, streets, plates, headings, names. Knows nothing of prices, lists or codes.
"""

from __future__ import annotations

from dataclasses import replace

from agent.planners.offline import codes, patterns
from agent.planners.offline.asked import asked
from agent.planners.offline.carriers import anchor, has_condition, is_written, narrowed_text
from agent.planners.offline.forms import labelled
from agent.planners.offline.naming import FEW, NUMBERED, by_cue, by_prominence, person
from agent.planners.offline.phrases import Target
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Fragment, Ref, quoted
from tools.samewords import days_in
from tools.types import Table, TextSpans

NUMERIC = ("number", "speed", "price", "percent", "distance", "year", "time", "date")
"""Kinds that only lettering with digits can be."""
LABELLED = ("number", "time", "date")
"""Kinds of which a picture may have several, told apart by their labels."""
PLACES = frozenset("city town village country county state region street road district".split())
"""What a postal address tells."""
TOLD = ("phone", "email", "url", "isbn", "postcode", "percent", "price", "time", "date", "year")
"""Kinds that are told by their characters: without such a text there is no answer."""


def read(scope: Scope) -> Fragment | None:
    """What is written, wholly or where the conditions of the question point."""
    wanted = asked(scope)
    if wanted is None:
        return None
    attribute, carrier = wanted
    attribute, carrier = _name_of(attribute, carrier, scope)
    last = _last_digits(scope)
    if last is not None:
        return last
    if attribute is not None and carrier is None and has_condition(attribute):
        carrier = replace(attribute, head="sign", modifiers=(), contains="")
    ref, narrowed = narrowed_text(scope, carrier)
    if attribute is None:
        if carrier is not None and carrier.colors and not narrowed and scope.is_surface(carrier):
            what = f"{carrier.colors[0]} {carrier.head}"
            return Fragment(scope.absent(f"{what} with text", scope.spans()))
        return _whole(scope, ref, carrier)
    kind = scope.kind_of(attribute)
    told = _by_label(scope, ref, attribute, carrier, kind)
    if told is not None:
        return told
    if kind:
        found = _of_kind(scope, ref, kind, attribute, narrowed=narrowed)
        if found is not None:
            return found
    return _named(scope, ref, attribute, carrier, kind, narrowed=narrowed)


def _last_digits(scope: Scope) -> Fragment | None:
    """The digits of a number that is masked but for its end: "Visa ****4417"."""
    match = patterns.search(r"\blast (\w+) (?:digits|numbers)\b", scope.text)
    if match is None:
        return None
    ref = scope.spans()
    for row, text in enumerate(scope.work.see(ref, TextSpans).texts):
        masked = patterns.search(r"[*xX•.#]{2,}[\s-]?(\d{3,6})\b", text)
        if masked:
            return Fragment(f"It reads {quoted([text])}{scope.work.cite(ref, [row])}: {masked.group(1)}", focus=ref)  # fmt: skip
    return Fragment(scope.absent("masked number", ref))


def _name_of(
    attribute: Target | None, carrier: Target | None, scope: Scope
) -> tuple[Target | None, Target | None]:
    """What "the name of" asks for: "the name of the pharmacy" is the pharmacy itself; of a sign it is the name on it."""
    if attribute is None or attribute.head != "name" or carrier is None or carrier.pronoun:
        return attribute, carrier
    named = carrier.head in scope.words.lexicon["named"] or carrier.head in scope.words.table(
        "cues"
    )
    if scope.kind_of(carrier) or (named and carrier.head not in ("person", "sign", "label")):
        return replace(carrier, of=None), carrier.of or (carrier if carrier.part else None)
    return attribute, carrier


def _named(
    scope: Scope,
    ref: Ref,
    attribute: Target,
    carrier: Target | None,
    kind: str,
    *,
    narrowed: bool,
) -> Fragment | None:
    """A name: by its label, by a word that says what it is, else by its prominence."""
    near = _related_to(scope, carrier)
    found = by_cue(scope, scope.spans() if near else ref, attribute, near)
    if found is None and narrowed:
        found = by_cue(scope, scope.spans(), attribute, ref)
    if found is None and not narrowed and not (kind and kind not in LABELLED):
        found = labelled(scope, ref, attribute, carrier)
    found = found or person(scope, ref, attribute)
    found = found or (_address(scope) if attribute.head in PLACES else None)
    if found is not None:
        return found
    return _by_size(scope, ref, attribute, carrier, kind, near, narrowed)


def _by_size(
    scope: Scope, ref: Ref, attribute: Target, carrier: Target | None, kind: str, near: Ref | None,
    narrowed: bool,
) -> Fragment | None:  # fmt: skip
    """A name that no label tells: the most prominent lettering, where that can be one."""
    if attribute.head == "day" and _weekdays(scope):
        return None
    if _untold(scope, attribute, carrier, kind):
        what = " ".join([*attribute.modifiers, attribute.head])
        return Fragment(scope.absent(what, scope.spans()))
    if attribute.head == "name" and carrier is not None and carrier.head in ("author", "writer"):
        return person(scope, ref, carrier)
    numeric = kind in NUMERIC
    if carrier is not None and not carrier.pronoun and attribute.head == "name":
        if not (scope.words.is_carrier(carrier.head) or _is_named(scope, carrier)):
            return None  # "who is the cashier": no large lettering tells
    bases = [ref] if narrowed else list(_unique(scope, ref))
    for base in bases:
        said = by_prominence(scope, base, attribute, numeric=numeric, near=near)
        if said is not None:
            return said
    if attribute.head in scope.words.lexicon["one_of_many"]:
        return None
    if numeric or attribute.head in NUMBERED:
        return Fragment(scope.absent(f"text that gives the {attribute.head}", ref))
    return Fragment(scope.absent("text that can be read", scope.spans("fine")))


def _weekdays(scope: Scope) -> bool:
    """Whether days of the week are written, of which one may well be meant."""
    return any(days_in(t) for t in scope.work.see(scope.spans(), TextSpans).texts)


def _by_label(
    scope: Scope, ref: Ref, attribute: Target, carrier: Target | None, kind: str
) -> Fragment | None:
    """A number, time or date by the label that names it, or that there is none of its name."""
    if kind not in LABELLED or not attribute.modifiers:
        return None
    label = labelled(scope, ref, attribute, carrier)
    if label is None and kind == "number" and _has_own_name(scope, attribute):
        what = " ".join([*attribute.modifiers, attribute.head])
        return Fragment(scope.absent(what, scope.spans()))
    return label


def _has_own_name(scope: Scope, attribute: Target) -> bool:
    """Whether a number is one of its kind, as a batch number is, on a page of many numbers."""
    names = [w for w in attribute.modifiers if w.isalpha() and w not in ("page", "big", "printed")]
    return bool(names) and len(scope.work.see(scope.spans(), TextSpans)) > FEW


def _untold(scope: Scope, attribute: Target, carrier: Target | None, kind: str) -> bool:
    """Whether only its own characters or label could tell it, not its being large."""
    named = kind in NUMERIC and (bool(attribute.modifiers) or carrier is not None)
    many = named and len(scope.work.see(scope.spans(), TextSpans)) > FEW
    return kind in TOLD or many


def _is_named(scope: Scope, thing: Target) -> bool:
    return thing.head in scope.words.lexicon["named"] or scope.noun(thing) is not None


def _address(scope: Scope) -> Fragment | None:
    """The postal address, for who asks for a part of it."""
    ref = scope.row_ref(kind="address")
    table = scope.work.see(ref, Table)
    if not len(table):
        return None
    place = scope.work.call("row_boxes", table=ref)
    value = quoted([next(iter(table))["value"]])
    return Fragment(f"The address is {value}{scope.work.cite(place, [0])}", focus=place)


def _unique(scope: Scope, ref: Ref) -> list[Ref]:
    return [ref, scope.spans("fine")]


def _related_to(scope: Scope, carrier: Target | None) -> Ref | None:
    """What the carrier stands beside, where a relation or a quoted sign says so."""
    if carrier is None:
        return None
    texts = scope.work.see(scope.spans(), TextSpans)
    if carrier.relation and carrier.to is not None:
        return anchor(scope, texts, carrier.to)
    words = [w for w in carrier.modifiers if len(w) >= 4 and is_written(texts, w)]
    if not words:
        return None
    return scope.work.call("pick", things=scope.spans(), image=scope.image, contains=words[0])


def _whole(scope: Scope, ref: Ref, carrier: Target | None) -> Fragment:
    spans = scope.work.see(ref, TextSpans)
    if not len(spans):
        ref = scope.spans("fine")
        spans = scope.work.see(ref, TextSpans)
    if not len(spans):
        return Fragment(scope.absent("text that can be read", scope.spans("fine")))
    if carrier is not None and carrier.head in ("heading", "title", "headline"):
        found = _of_kind(scope, ref, "heading", carrier, narrowed=False)
        if found is not None:
            return found
    if carrier is not None and carrier.head == "caption" and len(spans) > 1:
        return Fragment(f"It reads {scope.say_text(ref, _captions(spans))}", focus=ref)
    return Fragment(f"It reads {scope.say_text(ref, limit=40)}", focus=ref)


def _captions(spans: TextSpans) -> list[int]:
    heights = spans.xyxy[:, 3] - spans.xyxy[:, 1]
    rows = [i for i in range(len(spans)) if heights[i] >= 0.8 * heights.max()]
    return rows or list(range(len(spans)))


def _of_kind(
    scope: Scope, ref: Ref, kind: str, attribute: Target, *, narrowed: bool
) -> Fragment | None:
    best: Ref | None = None
    bases = [ref] if narrowed else list(scope.looks(ref))
    for base in bases:
        if not len(scope.work.see(base, TextSpans)):
            continue
        wanted: dict[str, object] = {"kind": kind}
        if kind == "street":
            base = _streets(scope, base)
        if attribute.index:
            wanted |= {"index": attribute.index, "order": attribute.order or "reading"}
        found = scope.work.call("pick", things=base, image=scope.image, **wanted)
        n = len(scope.work.see(found, TextSpans))
        if best is None or n > len(scope.work.see(best, TextSpans)):
            best = found
        if n and n >= attribute.quantity:
            break
    if best is not None and len(scope.work.see(best, TextSpans)):
        return _kind_said(scope, best, kind, attribute)
    return codes.isbn(scope) if kind == "isbn" else None


def _streets(scope: Scope, base: Ref) -> Ref:
    """Text by rows; by blocks where the name of a street runs over two lines."""
    rows = scope.grouped(base)
    found = scope.work.call("pick", things=rows, image=scope.image, kind="street")
    return rows if len(scope.work.see(found, TextSpans)) else scope.grouped(base, "block")


def _kind_said(scope: Scope, found: Ref, kind: str, attribute: Target) -> Fragment:
    spans = scope.work.see(found, TextSpans)
    rows = None if attribute.many or kind == "year" or len(spans) <= 3 else [0, 1, 2]
    digits = patterns.search(
        r"\b(\d+)[- ]?digit|(1[03])$", " ".join([*attribute.modifiers, attribute.text])
    )
    length = int(next(g for g in digits.groups() if g)) if digits else 0
    if kind == "heading":
        return Fragment(f"The {attribute.head} is {_joined(scope, found)}", focus=found)
    said = scope.say_kind(found, kind, rows, length)
    return Fragment(said if attribute.many else f"The {attribute.head} is {said}", focus=found)


def _joined(scope: Scope, found: Ref) -> str:
    """A heading of several lines as one."""
    spans = scope.work.see(found, TextSpans)
    text = " ".join(spans.texts)
    return f'"{text}"{scope.work.cite(found)}'
