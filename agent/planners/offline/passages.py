"""The goal that quotes a passage: the lines or sentences in which the words asked for are written.

Knows nothing of values, nor of what the passage means.
"""

from __future__ import annotations

from agent.planners.offline import patterns
from agent.planners.offline.answer_type import is_question
from agent.planners.offline.scope import Scope
from agent.planners.offline.sentences import sentences
from agent.planners.offline.terms import SOFT, content, expanded
from agent.planners.offline.work import Fragment, Ref, quoted
from tools.samewords import written_in
from tools.textrows import Page, Value
from tools.types import TextSpans


def mentioned(scope: Scope) -> Fragment | None:
    """The lines in which the words of the question are written, quoted."""
    words = content(scope)
    if not words or not is_question(scope):
        return None
    hard = [w for w in words if w.lower() not in SOFT] or words
    for detail in ("normal", "fine"):
        ref = scope.spans(detail)
        spans = scope.work.see(ref, TextSpans)
        places = Page(spans).lines(expanded(scope, words))
        known = places[0].named & set(expanded(scope, hard)) if places else set()
        if not known or len(known) * 2 < len(hard):
            continue
        alike = [p for p in places if p.named == places[0].named]
        if patterns.match(r"^(?:which|what|on which|who)\b", scope.text) and 1 < len(alike) <= 6:
            said = "; ".join(" ".join(spans.texts[r] for r in p.row) for p in alike)
            rows = [r for p in alike for r in p.row]
            return Fragment(
                f"It reads {quoted(said.split('; '))}{scope.work.cite(ref, rows)}", focus=ref
            )
        return _line_or_block(scope, ref, places[0])
    return None


def _line_or_block(scope: Scope, ref: Ref, found: Value) -> Fragment:
    """A row of several cells as it stands, a line of running text as the sentences in it."""
    rows = list(found.row)
    spans = scope.work.see(ref, TextSpans)
    texts = [spans.texts[r] for r in rows]
    if len(texts) > 1:
        return Fragment(f"It reads {quoted(texts)}{scope.work.cite(ref, rows)}", focus=ref)
    home = [s for s in sentences(spans) if rows[0] in s.rows]
    home = [s for s in home if len(written_in(found.named, s.text)) == len(found.named)] or home[:1]
    if not home:
        return Fragment(f"It reads {quoted(texts)}{scope.work.cite(ref, rows)}", focus=ref)
    cites = scope.work.cite(ref, home[0].rows)
    return Fragment(f"It reads {quoted([home[0].text])}{cites}", focus=ref)
