"""Matches the terms of a question with rows of text, and says the value of the best one.

Knows nothing of how a question is worded, nor of how rows are found (``tools/textrows.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.planners.offline import patterns
from agent.planners.offline.scope import Scope
from agent.planners.offline.sentences import sentences
from agent.planners.offline.terms import SOFT, expanded
from agent.planners.offline.work import Fragment, Ref, quoted
from tools.samewords import written_in
from tools.textkinds import heading
from tools.textrows import Page, Value, Wanted
from tools.types import TextSpans


def running(scope: Scope, ref: Ref, found: Value, kinds: Wanted) -> Fragment | None:
    """A time in running text, with all that its sentence says of it: from when until when."""
    if "time" not in kinds.kinds or len(found.label.split()) < 5 or found.text in found.label:
        return None
    home = [
        s
        for s in sentences(scope.work.see(ref, TextSpans))
        if set(found.spans) <= set(s.rows) and (kinds.whole or found.text in s.text)
    ]
    if not home:
        return None
    said = quoted([home[0].text])
    return Fragment(f"It reads {said}{scope.work.cite(ref, home[0].rows)}", focus=ref)


def best_place(
    scope: Scope, ref: Ref, words: list[str], kinds: Wanted, *, strict: bool = False
) -> Value | None:
    """The best place whose named words are enough of what was asked for.

    With `strict` every word must be written somewhere in the picture, if not in that place.
    """
    hard = [w for w in words if w.lower() not in SOFT]
    if not words:
        return None
    titled = _title_words(scope, ref, hard)
    hard = [w for w in hard if w not in titled] if not strict else hard
    if strict:
        everything = " ".join(scope.work.see(ref, TextSpans).texts)
        if any(not written_in(expanded(scope, [w]), everything) for w in hard):
            return None
    for found in places(scope, ref, words, kinds):
        known = found.named & set(expanded(scope, hard or words))
        first = found.named & set(expanded(scope, (hard or words)[:1])) or not patterns.search(
            r"\bhow (?:many|much)\b", scope.text
        )
        also = written_in(expanded(scope, words[:1]), found.label)
        if known and len(known) * 2 >= len(hard) and (first or also):
            return found
    return None


def _title_words(scope: Scope, ref: Ref, words: list[str]) -> frozenset[str]:
    """Words that only the heading says: "library" tells whose opening hours are meant."""
    spans = scope.work.see(ref, TextSpans)
    titles = heading(spans)
    rest = " ".join(t for i, t in enumerate(spans.texts) if i not in titles)
    there = written_in(words, " ".join(spans.texts[i] for i in titles))
    return frozenset(there - written_in(words, rest)) if rest else frozenset()


def places(scope: Scope, ref: Ref, words: list[str], kinds: Wanted) -> Iterator[Value]:
    """Values of the kinds in rows that say some of the words, the best row first."""
    page = Page(scope.work.see(ref, TextSpans))
    yield from page.named(expanded(scope, words), kinds)


def said_value(scope: Scope, ref: Ref, found: Value) -> Fragment:
    """Label, cite and value, the value last."""
    label = " ".join(found.label.split())
    if label == found.text or not label:
        return Fragment(
            f"It reads {quoted([found.text])}{scope.work.cite(ref, found.spans)}", focus=ref
        )
    cites = scope.work.cite(ref, found.spans)
    whole = patterns.search(rf"(?<!\w){re.escape(found.text)}(?!\w)", label)
    if whole or (len(found.text) > 2 and found.text in label):
        return Fragment(f"It reads {quoted([label])}{cites}: {found.text}", focus=ref)
    return Fragment(f"{label}{cites}: {found.text}", focus=ref)
