"""Goals about barcodes and matrix codes: what they hold, or the digits printed with them.

Knows nothing of other text.
"""

from __future__ import annotations

from agent.planners.offline import patterns
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Fragment, Ref, listed, quoted
from tools.textkinds import kind_of
from tools.types import Codes, TextSpans

CODE = r"\b(qr|qr-code|qr code|bar ?code|code|data ?matrix|aztec|pdf417|upc|ean)s?\b"
MACHINE = r"\b(?:qr|bar ?code|data ?matrix|aztec|pdf417|upc|ean|scan|decode)"
OTHER = r"\b(?:post ?code|zip code|dress code|country code|area code|sort code|code word)s?\b"
SQUARE = ("qr", "data matrix", "aztec", "maxicode")


def codes(scope: Scope) -> Fragment | None:
    """What a barcode or matrix code contains."""
    asked = patterns.search(CODE, scope.text) or _meant_code(scope)
    if not asked or patterns.search(OTHER, scope.text):
        return None
    if patterns.match(
        r"^(?:is|are|how (?:many|big|wide|far)|where (?:is|are)|find|locate|count|any)\b"
        r"|^(?:does|do|has|have) (?:it|this|that|(?:the|this|either|any) \w+) (?:have|contain|show|include)\b",
        scope.text,
    ):
        return None
    found = scope.work.call("read_codes", image=scope.image, region=scope.given)
    held = scope.work.see(found, Codes)
    rows = _placed(scope, _of_format(scope.text, held), held)
    if not rows:
        return _printed_digits(scope, found)
    if patterns.search(
        r"\b(?:what|which) (?:kind|type|sort|format) of\b|\bsymbology\b", scope.text
    ):
        said = [f"it is a {held.formats[r]}" for r in rows]
    else:
        said = [f"the {held.formats[r]} contains {quoted([held.texts[r]])}" for r in rows]
    text = listed(said) + scope.work.cite(found, rows)
    return Fragment(text[0].upper() + text[1:], focus=found)


def isbn(scope: Scope) -> Fragment | None:
    """The ISBN that a barcode of the picture holds."""
    found = scope.work.call("read_codes", image=scope.image)
    held = scope.work.see(found, Codes)
    rows = [i for i, t in enumerate(held.texts) if patterns.match(r"97[89]\d{10}$", t)]
    if not rows:
        return None
    said = f"The ISBN is {held.texts[rows[0]]}{scope.work.cite(found, rows[:1])}"
    return Fragment(said, focus=found)


def _meant_code(scope: Scope) -> bool:
    """Whether "it" in "what does it say" is a code spoken of before."""
    asks = patterns.match(
        r"^(?:what|where) (?:does|do|is|are|did) (?:it|they|each(?: one)?|both|that|this|these|them)(?: of them)?\b.*"
        r"\b(?:say|contain|read|lead|hold|mean|encode|go|link|stand for|in it)\b",
        scope.text,
    )
    if asks is None or scope.mentioned is None:
        return False
    noun = scope.noun(scope.mentioned)
    return noun is not None and issubclass(scope.work.view.catalog.tool(noun[0]).returns, Codes)


def _of_format(text: str, held: Codes) -> list[int]:
    rows = list(range(len(held)))
    square = [r for r in rows if held.formats[r].lower().startswith(SQUARE)]
    linear = [r for r in rows if r not in square]
    if patterns.search(r"\bqr", text) and not patterns.search(r"bar ?code", text):
        return [r for r in rows if "qr" in held.formats[r].lower()] or rows
    if patterns.search(r"bar ?code|\bupc|\bean", text) and not patterns.search(r"\bqr\b", text):
        return linear or rows
    return rows


def _placed(scope: Scope, rows: list[int], held: Codes) -> list[int]:
    """The one on the side that the question names."""
    side = patterns.search(r"\b(left|right|top|bottom|upper|lower)\b", scope.text)
    if side is None or len(rows) < 2:
        return rows
    word = {"upper": "top", "lower": "bottom"}.get(side.group(1), side.group(1))
    axis = 0 if word in ("left", "right") else 1
    pick = min if word in ("left", "top") else max
    return [pick(rows, key=lambda r: float(held.xyxy[r][axis]))]


def _printed_digits(scope: Scope, found: Ref) -> Fragment | None:
    """No code decodes: the digits printed with the bars, said to be just that."""
    for detail in ("normal", "fine"):
        ref = scope.spans(detail)
        spans = scope.work.see(ref, TextSpans)
        rows = [i for i, t in enumerate(spans.texts) if _is_code_text(t)]
        if rows:
            part = scope.target(scope.text).part
            if part.startswith(("bottom", "top")):
                low = part.startswith("bottom")
                rows = sorted(rows, key=lambda r: float(spans.xyxy[r][1]), reverse=low)[:1]
            digits = quoted(spans.texts[r] for r in rows[:3])
            text = f"No code decodes, but the digits printed read {digits}"
            return Fragment(text + scope.work.cite(ref, rows[:3]), focus=ref)
    if not patterns.search(MACHINE, scope.text):
        return None  # "the code" may be a word or number that is simply written
    return Fragment(scope.absent("QR code or barcode that can be decoded", found))


def _is_code_text(text: str) -> bool:
    digits = patterns.sub(r"\D", "", text)
    kinds = kind_of(text)
    ratio = len(digits) / max(1, len(patterns.sub(r"\s", "", text)))
    return len(digits) >= 7 and ratio > 0.7 and not kinds & {"phone", "date", "amount", "price"}
