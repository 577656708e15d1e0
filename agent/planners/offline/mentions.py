"""Goals that answer yes or no from what is written: on the list, allowed, open, on time.

Knows nothing of things that are seen rather than read.
"""

from __future__ import annotations

import re

from agent.planners.offline import patterns
from agent.planners.offline.entries import entries
from agent.planners.offline.scope import Scope
from agent.planners.offline.sentences import sentences
from agent.planners.offline.terms import SOFT, content, expanded
from agent.planners.offline.work import Fragment, quoted
from tools.rows import SURE, similarity
from tools.samewords import written_in
from tools.textrows import Page, Wanted, pieces
from tools.types import TextSpans

FORBIDDING = r"\b(?:no|not|never|don'?t|do not|forbidden|prohibited|banned|without|verboten|interdit|defense de|proibido|prohibido|must not|keep (?:out|off|away))\b"
ALLOWING = r"\b(?:allowed|permitted|welcome|may|ok|free|open|yes|only)\b"
OPPOSITES = (
    ("open", ("closed", "shut")),
    ("on time", ("cancelled", "canceled", "delayed", "late")),
    ("available", ("sold out", "unavailable", "out of stock", "out of order")),
    ("free", ("occupied", "taken", "engaged", "reserved")),
    ("allowed", ("forbidden", "prohibited", "not allowed", "no")),
    ("included", ("excluded", "not included", "extra")),
)
"""A state and what stands where it does not hold."""


def on_list(scope: Scope) -> Fragment | None:
    """Whether a name is on the sign, menu or list: "Is Leeds on the sign?", "Do they have soup?"."""
    name = _name_asked(scope)
    if not name or scope.noun(scope.target(name)) is not None:
        return None
    words = content(scope, name)
    if not words:
        return None
    for detail in ("normal", "fine"):
        ref = scope.spans(detail)
        spans = scope.work.see(ref, TextSpans)
        if not len(spans):
            continue
        page = scope.grouped(ref, "row")
        lines = scope.work.see(page, TextSpans)
        rows = [
            i for i, t in enumerate(lines.texts) if len(written_in(words, t)) == len(set(words))
        ]
        rows = rows or [i for i, t in enumerate(lines.texts) if similarity(name, t) >= SURE]
        if rows:
            said = quoted(lines.texts[r] for r in rows[:3])
            return Fragment(f"Yes: {said}{scope.work.cite(page, rows[:3])}", focus=page)
    return Fragment(f"No: {scope.absent(quoted([' '.join(name.split())]), scope.spans())}")


def _name_asked(scope: Scope) -> str:
    """The name whose being written is asked for; '' where something else is asked."""
    carriers = "|".join(re.escape(c) for c in scope.words.list("carriers"))
    on = rf"(?:on|in) (?:the|this|that|your|their) (?:{carriers}|list)s?"
    forms = (
        rf"^(?:is|are|was|were) (?!there)(?:the |an? )?(?P<n>.+?) (?:listed |named |mentioned |written |shown |printed )?{on}$",
        rf"^(?:is|are) there (?:an? |any |the )?(?P<n>.+?) {on}$",
        r"^is there (?:an? |any )?(?:sign|notice|board|signpost) (?:for|to) (?:the )?(?P<n>.+)$",
        r"^(?:is|are) there (?:an? |any |some )(?P<n>[a-z]+(?: [a-z]+)?)$",
        r"^(?:does|do) (?:it|this|that|they|the \w+|this \w+) contain (?:an? |any |the |some )?(?P<n>.+?)$",
        r"^(?:do|does|did|can) (?:they|you|it|i|we|the \w+|this \w+)(?: also)? (?:have|sell|offer|serve|order|buy|stock|do|say|says|mention|list|include|name|get) (?:an? |any |the |some )?(?P<n>.+?)(?: anywhere| here| there)?$",
    )
    for pattern in forms:
        match = patterns.match(pattern, scope.text)
        if match is None:
            continue
        name = match.group("n")
        has = patterns.search(r"\b(?:have|sell|offer|serve|order|buy|stock|do|get)\b", scope.text)
        if pattern is forms[3] and _is_seen(scope, name):
            return ""
        if pattern is forms[4] and not _has_ingredients(scope):
            continue
        of_list = pattern is forms[3] or (pattern is forms[-1] and has)
        if of_list and not _has_list(scope):
            return ""
        limit = patterns.search(r"\b(?:under|over|less than|more than|cheaper than) ", name)
        return "" if limit or patterns.match(r"⟦|text\b|writing\b", name) else name
    return ""


def _is_seen(scope: Scope, name: str) -> bool:
    """Whether the name is that of a thing that nobody looks for among the texts."""
    wanted = scope.target(name)
    return scope.noun(wanted) is not None or wanted.head in scope.words.lexicon["sights"]


def _has_list(scope: Scope) -> bool:
    """Whether the picture is a menu or receipt: most of its text is entries with their prices."""
    found = entries(scope, "normal")
    return bool(found) and any(row["kind"] == "item" for row in scope.rows())


def _has_ingredients(scope: Scope) -> bool:
    """Whether the picture is a packet that says what is in it."""
    texts = scope.work.see(scope.spans(), TextSpans).texts
    return any(written_in(["ingredients", "contains", "zutaten"], t) for t in texts)


def spoken_of(scope: Scope) -> Fragment | None:
    """A yes-or-no question about a page that speaks of the matter: its sentence, unjudged."""
    if not patterns.match(r"^(?:do|does|did|is|are|was|were|should|can|may|must|will|has|have|why|how)\b", scope.text):  # fmt: skip
        return None
    words = [w for w in content(scope) if w.lower() not in SOFT]
    ref = scope.spans()
    spans = scope.work.see(ref, TextSpans)
    found = [(len(written_in(expanded(scope, words), s.text)), s) for s in sentences(spans)]
    best = max((n for n, _ in found), default=0)
    if best < 2 or best * 2 < len(words):
        return None
    chosen = next(s for n, s in found if n == best)
    cites = scope.work.cite(ref, chosen.rows)
    return Fragment(f"It reads {quoted([chosen.text])}{cites}", focus=ref)


def allowed(scope: Scope) -> Fragment | None:
    """What is forbidden, or whether one thing is: read off the notice, quoted."""
    if patterns.match(
        r"^what (?:is|are|am|must|may|can|should)(?: you| i| we| one| people| residents| visitors)? (?:not (?:allowed|permitted|do|use|eat|drink|bring)|n't allowed|forbidden|prohibited|banned)\b",
        scope.text,
    ):
        return _forbidden(scope)
    match = patterns.match(
        r"^(?:is|are) (?P<a>.+?) (?:allowed|permitted|ok|okay|forbidden|prohibited|banned|welcome)(?: here| there| in here)?$",
        scope.text,
    ) or patterns.match(
        r"^(?:(?:can|may|could) (?:i|we|you|one|people)|(?:am|are|is) (?:i|we|you|it) (?:allowed|permitted|ok|okay) to) (?P<a>.+?)(?: here| there)?$",
        scope.text,
    )
    words = content(scope, match.group("a")) if match else []
    if not words:
        return None
    ref = scope.spans()
    for found in Page(scope.work.see(ref, TextSpans)).named(expanded(scope, words))[:1]:
        spans = scope.work.see(ref, TextSpans)
        rows = sorted(found.spans)
        line = " ".join(spans.texts[r] for r in rows)
        verdict = ""
        if patterns.search(FORBIDDING, line, re.I):
            verdict = (
                "No: it" if not patterns.search(r"forbid|prohib|banned", scope.text) else "Yes: it"
            )
        elif patterns.search(ALLOWING, line, re.I):
            verdict = "Yes: it"
        said = f"{verdict or 'It'} says {quoted([line])}"
        return Fragment(said + scope.work.cite(ref, rows), focus=ref)
    return None


def _forbidden(scope: Scope) -> Fragment | None:
    ref = scope.spans()
    spans = scope.work.see(ref, TextSpans)
    rows = [i for i, t in enumerate(spans.texts) if patterns.search(FORBIDDING, t, re.I)]
    if not rows:
        return None
    said = quoted(spans.texts[r] for r in rows[:6])
    return Fragment(f"It says {said}{scope.work.cite(ref, rows[:6])}", focus=ref)


def state(scope: Scope) -> Fragment | None:
    """Whether a row says so: "Is it open on Sunday?", "Is the train to Hull on time?"."""
    match = patterns.match(r"^(?:is|are|was|were|will|does|do) (?P<s>.+)$", scope.text)
    if match is None:
        return None
    said = match.group("s")
    options = patterns.match(r"^(?:it|this|that|they|the .+?) (?P<a>.+?) or (?P<b>.+)$", said)
    if options:
        return _which_written(scope, options.group("a"), options.group("b"))
    good = next((o for o in OPPOSITES if patterns.search(rf"\b{o[0]}\b", said)), None)
    bad = next((o for o in OPPOSITES if patterns.search(rf"\b(?:{'|'.join(o[1])})\b", said)), None)
    if good is None and bad is None:
        return _all_written(scope, said)
    kept = patterns.sub(
        r"\b(?:" + "|".join(w for o in OPPOSITES for w in (o[0], *o[1])) + r")\b", " ", said
    )
    words = content(scope, kept)
    ref = scope.spans()
    spans = scope.work.see(ref, TextSpans)
    for found in Page(spans).named(expanded(scope, words))[:1] if words else ():
        line = " ".join(spans.texts[r] for r in sorted(found.spans))
        truth = _holds(line, good or bad or OPPOSITES[0])
        if truth is None:
            continue
        yes = truth == (good is not None)
        cites = scope.work.cite(ref, found.spans)
        return Fragment(f"{'Yes' if yes else 'No'}: it reads {quoted([line])}{cites}", focus=ref)
    return None


def _holds(line: str, pair: tuple[str, tuple[str, ...]]) -> bool | None:
    """Whether a row has the good state of a pair; None where it says neither."""
    low = line.casefold()
    if any(patterns.search(rf"\b{w}\b", low) for w in pair[1]):
        return False
    if patterns.search(rf"\b{pair[0]}\b", low):
        return True
    return True if pair[0] == "open" and pieces(line, Wanted(("time",))) else None


def _which_written(scope: Scope, a: str, b: str) -> Fragment | None:
    ref = scope.spans()
    spans = scope.work.see(ref, TextSpans)
    for option in (a, b):
        words = content(scope, option)
        for i, text in enumerate(spans.texts):
            if words and len(written_in(words, text)) == len(words):
                return Fragment(f"It says {quoted([text])}{scope.work.cite(ref, [i])}", focus=ref)
    return None


def _all_written(scope: Scope, said: str) -> Fragment | None:
    """A plain "Is it a novel?": yes where every word of it is written in one line."""
    words = [w for w in content(scope, said) if w.lower() not in SOFT]
    if not words or scope.noun(scope.target(said)) is not None:
        return None
    ref = scope.spans()
    spans = scope.work.see(ref, TextSpans)
    for i, text in enumerate(spans.texts):
        if len(written_in(words, text)) == len(words):
            return Fragment(f"Yes: it says {quoted([text])}{scope.work.cite(ref, [i])}", focus=ref)
    return None
