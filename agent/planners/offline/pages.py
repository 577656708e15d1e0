"""Goals that want a whole page as one text: transcribed, or as Markdown and LaTeX.

Knows nothing of how a page is read.
"""

from __future__ import annotations

from agent.planners.offline import patterns
from agent.planners.offline.asking import ready
from agent.planners.offline.scope import Scope
from agent.planners.offline.sighted import need
from agent.planners.offline.work import Fragment
from tools.types import Text

MARKED_UP = r"\b(?:markdown|latex|tex|mathml|formulae?s?|equations?)\b"
ASKED = r"^(?:turn|convert|transcribe|ocr|export|read|write|give|show|make|get|return|output|format|extract|what (?:is|are|does|do)|render|copy|put|save|type|(?:the |this |a )?(?:page|document|formula|equation|markdown|latex|text)\b)"
PAGE = r"(?:document|page|sheet|article|paper|manuscript|essay|contract)s?"
WHOLE = (
    rf"^(?:transcribe|ocr|digiti[sz]e) (?:all (?:of )?)?(?:the |this |my |that )?(?:whole |entire |full |scanned |printed |handwritten )*{PAGE}\b.*$",
    rf"^(?:read|transcribe|copy|extract|get|give me)\b.*\b(?:whole|entire|full|complete) {PAGE}\b.*$",
    rf"^(?:read|transcribe|give|return|get)\b.*{PAGE}.* (?:as (?:one|a single|plain|running|continuous) text|in reading order|as text)$",
)  # fmt: skip


def document(scope: Scope) -> Fragment | None:
    """A page in reading order as one text, with its layout where that is asked for."""
    layout = patterns.search(MARKED_UP, scope.text) and patterns.match(ASKED, scope.text)
    whole = any(patterns.match(p, scope.text) for p in WHOLE)
    if not (layout or whole):
        return None
    if not layout and not ready(scope.work.view, "read_document"):
        return None
    need(scope, "read_document")
    args = {"layout": True} if layout or patterns.search(r"\blayout|tables?\b", scope.text) else {}
    ref = scope.work.call("read_document", image=scope.image, region=scope.given, **args)
    text = scope.work.see(ref, Text).value.strip()
    if not text:
        return Fragment(scope.absent("text", ref))
    return Fragment(f"It reads:\n{text}{scope.work.cite(ref)}", focus=ref)
