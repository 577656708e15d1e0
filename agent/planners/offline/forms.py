"""Goals about forms: the value by its printed label, as a seat, a passenger, a flight number.

Knows nothing of lists, tables and prices.
"""

from __future__ import annotations

import re

from agent.planners.offline import patterns
from agent.planners.offline.answer_type import is_question
from agent.planners.offline.matches import said_value
from agent.planners.offline.phrases import Target
from agent.planners.offline.scope import Scope
from agent.planners.offline.terms import SOFT, STOP, content, expanded
from agent.planners.offline.work import Fragment, Ref, quoted
from tools.samewords import tokens, written_in
from tools.textrows import Page, Value, Wanted
from tools.types import TextSpans


def labelled(scope: Scope, ref: Ref, attribute: Target, owner: Target | None) -> Fragment | None:
    """The value by a label that names the attribute: the seat, the passenger, the flight number."""
    if attribute.head in ("text", "name", "word", "line", "brand", "title") and owner is None:
        return None
    named = (*attribute.modifiers, attribute.head)
    if owner is not None and attribute.head in ("name", "number", "brand"):
        named = (*named, *owner.modifiers, owner.head)
    words = [w for w in named if w not in STOP and not scope.words.is_picture(w)]
    if not words:
        return None
    field = form_field(scope, words)
    if field is not None:
        return field
    spans = scope.work.see(ref, TextSpans)
    inline = _inline(scope, ref, [w for w in words if w != "number"])
    if inline is not None:
        return inline
    found = Page(spans).named(expanded(scope, words), Wanted())
    for value in found:
        short = len(tokens(value.label)) <= 3 + len(value.named)
        if value.label.startswith(value.text):
            continue  # the words stand behind: "THE EMPIRE STATE" gives no state
        if short and _says_more(value) and _whole(value, words):
            return said_value(scope, ref, value)
    return None


def _inline(scope: Scope, ref: Ref, words: list[str]) -> Fragment | None:
    """A number behind its name in the middle of a line: "Best before 11/26  Batch L2207"."""
    for word in expanded(scope, words):
        pattern = rf"(?<!\w){re.escape(word)}(?!\w)[\s.:#]*(?:no\b|nr\b|number\b)?[\s.:#]*(?P<v>[A-Z]{{0,3}}\d[\w/-]*)$"
        for row, text in enumerate(scope.work.see(ref, TextSpans).texts):
            match = patterns.search(pattern, text, re.I) if len(word) >= 3 else None
            if match and len(text.split()) > 3:
                said = f"It reads {quoted([text])}{scope.work.cite(ref, [row])}"
                return Fragment(f"{said}: {match.group('v')}", focus=ref)
    return None


def form(scope: Scope) -> Fragment | None:
    """A field of a form by its label, however the question is built: "Who served?" — "Staff"."""
    if not is_question(scope):
        return None
    side = patterns.match(
        r"^(from|to) (?:which|what)\b|^(?:which|what|where) .* (from|to)$"
        r"|^where (?:is|are|does|do|will) .*\b(?:fly|flying|go|going|travel|travelling|traveling|heading|headed)$",
        scope.text,
    )
    if side is not None:
        head = "origin" if "from" in side.groups() else "destination"
        said = labelled(scope, scope.spans(), Target(head, head), None)
        if said is not None:
            return said
    words = [w for w in content(scope) if w.lower() not in SOFT or w in ("table",)]
    if not words or len(words) > 3 or patterns.match(r"^(?:how|where)\b", scope.text):
        return None
    return form_field(scope, words)


def form_field(scope: Scope, words: list[str]) -> Fragment | None:
    """The value of the printed label that the words name, with at most one word to spare."""
    for row in scope.rows():
        label = row["label"]
        named = written_in(expanded(scope, words), label)
        spare = [t for t in tokens(label) if not written_in(named, t) and not t.isdigit()]
        if (
            row["kind"] not in ("pair", "id", "date", "time", "phone")
            or not named
            or len(spare) > 1
        ):
            continue
        if row["kind"] in ("date", "time") and len(named) < len(words):
            continue
        if words[0] in named or written_in(expanded(scope, words[:1]), label):
            place = scope.work.call("row_boxes", table=scope.row_ref(label=label))
            return Fragment(f"{label}{scope.work.cite(place, [0])}: {row['value']}", focus=place)
    return None


def _whole(value: Value, words: list[str]) -> bool:
    """Whether a label consists of little but the words that were asked for."""
    label = [t for t in tokens(value.label) if t not in tokens(value.text)]
    spare = [
        t
        for t in label
        if not written_in(value.named, t) and not patterns.match(r"n[or]\b|nr|#", t.lower())
    ]
    return len(spare) <= 1 and (len(words) < 3 or len(value.named) >= 2)


def _says_more(value: Value) -> bool:
    """Whether a value is a value: something with a digit, a name, not the rest of a sentence."""
    said = value.text.strip()
    return bool(patterns.search(r"\d", said) or said[:1].isupper()) and len(said.split()) <= 6
