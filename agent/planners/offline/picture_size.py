"""Goals about the size of the picture itself: how wide, how high, how many pixels, which shape.

Knows nothing of the sizes of things in it (``measuring.py``).
"""

from __future__ import annotations

from agent.planners.offline import patterns
from agent.planners.offline.phrases import Target
from agent.planners.offline.placing import is_placed
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Fragment, number
from tools.types import Table


def picture_size(scope: Scope) -> Fragment | None:
    """How wide, how high, which size the picture has."""
    pictures = "|".join(f"{p}s?" for p in scope.words.list("pictures"))
    about = rf"(?:(?:this|the|that|my|these|those|both|each) (?:two |three )?(?:{pictures})|it|this|they)"
    wider = patterns.match(rf"^(?:is|are) {about} (wider|broader|taller|higher) than (?:it is |they are )?(?:tall|high|wide|broad)$", scope.text)  # fmt: skip
    asks = wider or patterns.match(
        rf"^(?:how (?:wide|high|tall|big|large|long)(?:,? and (?:how )?(?:wide|high|tall))? (?:is|are) {about}(?: in (?:pixels|px))?$"
        rf"|(?:(?:what|which)(?: is| are)? )?(?:the )?(?:\w+ )?(?:size|dimensions?|resolution|width|height|aspect ratio|proportions?|format)(?: and (?:the )?\w+)?(?: in (?:pixels|px))?(?: (?:of|does|is|has|for) {about}.*)?$"
        rf"|how many (?:mega)?pixels(?: (?:are|is|does|do|has|have|in|there) (?:there |in )*(?:{about}.*)?(?:have|has|in total|altogether)?)?$|how many megapixels\b|how many pixels (?:wide|high|tall|across) (?:is|are) {about}$)",
        scope.text,
    )
    if not asks or _about_a_thing(scope) or patterns.search(r"\bfile\b", scope.text):
        return None
    image = scope.work.image(scope.image)
    what = "aspect" if patterns.search(r"aspect|proportion", scope.text) else "size"
    ref = scope.work.call("measure", image=scope.image, what=what)
    table = scope.work.see(ref, Table)
    cite = f"{scope.where()}{scope.work.cite(ref)}"
    if what == "aspect":
        return Fragment(f"{table.rows[1][1]} ({table.rows[0][1]}){cite}")
    if wider:
        longer, other = (image.width, image.height) if wider.group(1)[0] in "wb" else (image.height, image.width)  # fmt: skip
        yes = "Yes" if longer > other else "No"
        return Fragment(f"{yes}, it is {image.width} pixels wide and {image.height} high{cite}")
    pixels = image.width * image.height
    if "megapixel" in scope.text:
        return Fragment(f"{number(pixels / 1e6)} megapixels ({image.width} × {image.height}){cite}")
    if patterns.search(r"how many pixels (?!wide|high|tall|across)|how many pixels$", scope.text):
        return Fragment(f"{pixels} pixels ({image.width} × {image.height}){cite}")
    across = patterns.search(r"\b(width|wide|across)\b", scope.text)
    upright = patterns.search(r"\b(height|high|tall)\b", scope.text)
    if across and not upright:
        return Fragment(f"The picture is {image.width} pixels wide{cite}")
    if upright and not across:
        return Fragment(f"The picture is {image.height} pixels high{cite}")
    return Fragment(
        f"The picture is {image.width} pixels wide and {image.height} pixels high{cite}"
    )


def _about_a_thing(scope: Scope) -> bool:
    """Whether "it" is something in the picture that was spoken of before."""
    if not patterns.search(r"\b(it|its|they|them)\b", scope.text):
        return False
    if scope.given is not None or (scope.focus is not None and is_placed(scope, scope.focus)):
        return True
    said = scope.mentioned
    return said is not None and not scope.words.is_picture(said.head) and findable(scope, said)


def findable(scope: Scope, wanted: Target) -> bool:
    """Whether it is a thing some tool can find, or text: not merely a word that may be printed."""
    found = scope.noun(wanted) is not None or scope.is_surface(wanted) or scope.is_text(wanted)
    return found or bool(wanted.contains) or wanted.pronoun or bool(scope.kind_of(wanted))
