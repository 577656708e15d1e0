"""How following something through a film is asked for, and the honest end where there is no film.

What is done with a film stands in ``clips``. Knows nothing of how things are followed.
"""

from __future__ import annotations

from agent.planners.offline import patterns
from agent.planners.offline.scope import Scope
from agent.planners.offline.sighted import need
from agent.planners.offline.work import Cannot, Fragment
from tools.types import Clip

THROUGH = r"(?:(?:through(?:out)?|in|over|along|across|during) (?:the |this |that |my )?(?:whole |entire )?(?:video|clip|film|movie|footage|recording|sequence|frames|time).*)"
TRACK = (
    rf"^(?:track|follow|trace)(?: where)? (?P<o>.+?)(?: (?:moves?|goes|is going|travels?))?(?: {THROUGH})?$",
    r"^(?:where|how) (?:does|do|did|is|are) (?P<o>.+?) (?:go(?:ing)?|move|moving|travel(?:ling)?|end up)(?: to)?(?: (?:in|over|through|during) .+)?$",
    rf"^(?:show|find|give|draw|what is) (?:me )?(?:the )?(?:track|path|trajectory|movement|motion|way)s? of (?P<o>.+?)(?: {THROUGH})?$",
)  # fmt: skip
"""Ways to ask where a thing goes."""
WRITTEN = r"\btrack (?:number|title|list|\d)"
"""A track that is no way, but a line on a record."""


def without_film(scope: Scope) -> Fragment | None:
    """Something is to be followed, and there is nothing that moves.

    Raises:
        Cannot: it says so.
    """
    asked = patterns.match(TRACK[0], scope.text) and scope.text.startswith("track ")
    if not asked or patterns.search(WRITTEN, scope.text):
        return None
    if any(issubclass(kind, Clip) for kind in scope.work.view.kinds.values()):
        return None
    need(scope, "track")
    raise Cannot("I can only follow something through a film: give me one with the question")
