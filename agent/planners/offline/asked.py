"""Reads what a question about writing wants: which attribute of the text, on which carrier.

"Which city does the sign name?" wants the attribute *city* of the carrier *sign*. Knows nothing of
what is written in any picture.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from agent.planners.offline import patterns
from agent.planners.offline.phrases import Target
from agent.planners.offline.scope import Scope
from agent.planners.offline.words import singular_phrase

WRITTEN = r"(?:written|printed|said|inscribed|engraved|stamped|painted|displayed|shown|stated|listed|spelled|spelt|mentioned|named)"

Asked = tuple[Target | None, Target | None]
"""(attribute, carrier); None for "the text itself" and "the whole picture"."""
Build = Callable[[str], Target]


def asked(scope: Scope) -> Asked | None:
    """(what attribute of the text, of which carrier); None where nothing written is asked for."""
    verbs = "|".join(re.escape(v) for v in scope.words.list("text_verbs"))
    readers = (
        _words_of, _which_attribute, _who_or_what_is, _on_carrier, _attribute_named, _leads_to,
    )  # fmt: skip
    found = (reader(scope, scope.target, verbs) for reader in readers)
    return next((a for a in found if a is not None), None)


def _words_of(scope: Scope, build: Build, verbs: str) -> Asked | None:
    """The text itself: ``what is written on …``, ``what does … say``, ``read …``."""
    forms: tuple[tuple[str, str], ...] = (
        (rf"^what (?:is|are|was|does it) (?:all )?{WRITTEN} (?P<c>.+)$", "text "),
        (
            rf"^what (?:does|do|did) (?P<c>.+?) (?:{verbs})\b(?: (?:drivers|people|visitors|you|us|me|customers|passengers))?(?: about.*| to.*| of.*| against.*)?$",
            "",
        ),
        (
            r"^what (?:is|are|was|were) (?P<c>.+?) (?:saying|reading|telling|announcing)(?: (?:us|me|people|drivers|visitors|about.*))?$",
            "",
        ),
        (rf"^(?:what|which) (?P<a>.+?) (?:is|are|was|were) {WRITTEN}(?P<c> .+)?$", "text"),
        (r"^(?:what|which) (?P<a>(?:is|are) .+? called)$", ""),
        (
            r"^(?:read|transcribe|spell out|ocr|extract|copy out|list|write down)(?: out| aloud| off)?(?: me)? (?P<c>.+)$",
            "",
        ),
        (r"^(?:the |all )?(?:text|writing)$", ""),
    )
    about = patterns.match(
        r"^what (?:is|are) (?P<c>.+?) (?:advertising|promoting|about)$", scope.text
    )
    if about and scope.words.is_carrier(build(about.group("c")).head):
        return build("title"), build(about.group("c"))
    for pattern, prefix in forms:
        match = patterns.match(pattern, scope.text)
        if match:
            groups = match.groupdict()
            if (groups.get("a") or "").endswith(" called"):
                return build("name"), build(patterns.sub(r"^(?:is|are) | called$", "", groups["a"]))
            attribute = build(groups["a"]) if groups.get("a") else None
            carrier = build((prefix + (groups.get("c") or "")).strip()) if groups.get("c") else None
            return _sorted(attribute, carrier, scope)
    return None


def _sorted(attribute: Target | None, carrier: Target | None, scope: Scope) -> Asked:
    """Such as "the phone number on the card" is an attribute of a carrier, not a carrier."""
    if attribute is None and carrier is not None and not carrier.pronoun:
        readable = scope.kind_of(carrier) or carrier.head in scope.words.lexicon["named"]
        if readable and (not scope.words.is_carrier(carrier.head) or carrier.of is not None):
            return replace(carrier, of=None), carrier.of
    return attribute, carrier


def _which_attribute(scope: Scope, build: Build, verbs: str) -> Asked | None:
    """``which ATTRIBUTE does the CARRIER say``, ``what ATTRIBUTE is on the CARRIER``."""
    copulas = "is|are|was|were|does|do|did|has|have|can|put up|issued|made|makes|published|publishes|printed|wrote|runs|owns|brewed|brews|organised|organized"
    match = patterns.match(
        rf"^(?:(?:on|in|at|from|to|by|for|with) )?(?:what|which|whose) (?P<a>[^,]+?) (?:{copulas}|{verbs})\b(?P<rest>.*)$",
        scope.text,
    )
    if not match or match.group("a") in ("", "is", "are"):
        return _bare_which(scope, build)
    said = patterns.sub(r"\b(?:of|for|in|on|from|at)$", "", match.group("a")).strip()
    attribute = build(said)
    if not readable(attribute, scope, scope.text):
        return None
    rest = match.group("rest")
    rest = patterns.sub(rf"\b(?:{verbs}|put up|made|is|are|belong to|from)\b\s*", " ", rest).strip()
    rest = patterns.sub(r"^(?:it|this|that|there|here|they|he|she)$", "", rest)
    if not rest:
        return replace(attribute, of=None), attribute.of
    places = ("on ", "in ", "at ", "above", "below", "under", "along", "next to", "near ")
    return attribute, build(f"text {rest}" if rest.startswith(places) else rest)


def _bare_which(scope: Scope, build: Build) -> Asked | None:
    """``which gate?``, ``what brand?``."""
    match = patterns.match(
        r"^(?:what|which|whose) (?P<a>(?!(?:is|are|was|were|do|does)\b)[\w' -]+)$", scope.text
    )
    if match is None:
        return None
    attribute = build(match.group("a"))
    if not readable(attribute, scope, ""):
        return None
    return replace(attribute, of=None), attribute.of


def _who_or_what_is(scope: Scope, build: Build, verbs: str) -> Asked | None:
    """``who is the CARRIER for``, ``what is the CARRIER called``, ``what is the ATTRIBUTE of …``."""
    match = patterns.match(
        r"^(?:what|who|which|when|whose) (?:is|are|was|were|does|do|did) (?P<c>.+?)(?: (?:printed|written|dated|issued|start|begin|open|close|end|expire|valid|held|due|commemorate|honour|honor|celebrate))?(?: (?:for|by|about|from|to|dedicated to|called|named))?$",
        scope.text,
    ) or patterns.match(
        r"^(?:who(?:se)?) (?:wrote|made|makes|put up|published|publishes|printed|issued|owns|runs|built|brewed|brews|signed|designed|sent|organised|organized|produces|produced|manufactured|manufactures|edited|sponsors|(?P<own>[\w ]+ (?:is|was))) (?P<c>.+)$",
        scope.text,
    )
    if not match:
        return None
    inner = build(match.group("c"))
    first = scope.text.split()[0]
    bare = inner.pronoun and not patterns.search(r"\b(for|by|from|to)$", scope.text)
    if first == "who" and bare and "own" not in match.groupdict():
        return None
    if first in ("who", "whose") or scope.text.endswith((" called", " named")):
        return build(_maker(scope.text)), inner
    if first == "when":
        return build("date"), inner
    named = scope.kind_of(inner) or not scope.words.is_carrier(inner.head)
    if readable(inner, scope, scope.text) and named:
        return replace(inner, of=None), inner.of
    return None


def _maker(text: str) -> str:
    """What the one is that a "who" asks for, by the verb."""
    for pattern, noun in (
        (r"\b(?:wrote|written by)\b", "author"),
        (r"\bpublish", "publisher"),
        (r"\bbrew", "brewery"),
        (r"\b(?:put up|issued|runs|organi[sz]ed)\b", "organisation"),
        (r"\b(?:makes?|made|manufactur|produc)", "brand"),
    ):
        if patterns.search(pattern, text):
            return noun
    return "name"


def _on_carrier(scope: Scope, build: Build, verbs: str) -> Asked | None:
    """``what is on the CARRIER``, ``what stands below the heading``."""
    match = patterns.match(
        r"^what (?:is|are|stands|stand|comes|appears) (?P<c>(?:on|above|below|under|over|next to|beside|left of|right of|to the (?:left|right) of) .+)$",
        scope.text,
    )
    if match is None:
        return None
    carrier = build(f"text {match.group('c')}")
    owner = carrier.of or carrier.to
    if owner is None or not (scope.is_text(owner) or owner.contains):
        return None
    return None, carrier


def _attribute_named(scope: Scope, build: Build, verbs: str) -> Asked | None:
    """``give me the ATTRIBUTE``, or the attribute alone."""
    match = patterns.match(
        r"^(?:give|show|tell|find|get|list|name|identify|state)(?: me)? (?P<c>.+)$", scope.text
    ) or patterns.match(
        r"^(?P<c>(?:(?:the|its|their|his|her|all|any|every|each) )?[\w' -]+)$", scope.text
    )
    if not match:
        return None
    inner = build(match.group("c"))
    return (replace(inner, of=None), inner.of) if readable(inner, scope, scope.text) else None


def _leads_to(scope: Scope, build: Build, verbs: str) -> Asked | None:
    """``where does the CARRIER lead to``, ``what does it say``."""
    match = patterns.match(
        r"^where does (?P<c>.+?) (?:lead|go|point|take (?:me|you|us))(?: to)?$", scope.text
    )
    if match:
        return build("destination"), build(match.group("c"))
    if patterns.match(
        r"^where (?:does|is|was|will) .+? (?:take place|held|happen|happening|be held|performed|playing)$",
        scope.text,
    ):
        return build("venue"), None
    if patterns.match(
        rf"^what (?:does|do|did) (?:it|this|that|they|he|she) (?:{verbs})\b", scope.text
    ):
        return None, Target("it", pronoun=True)
    return None


def readable(attribute: Target, scope: Scope, text: str) -> bool:
    """Whether an attribute is something that lettering can tell."""
    lexicon = scope.words.lexicon
    if scope.kind_of(attribute) or attribute.head in lexicon["text_nouns"]:
        return True
    if (
        attribute.head in lexicon["labels"]
        or attribute.head in lexicon["named"]
        or attribute.head in scope.words.table("fields")
    ):
        return True
    verbs = r"\b(say|says|read|reads|written|printed|mention|mentions|mentioned|forbid|forbids|list|lists|show|shows|issued|called|named|listed|titled|advertise|advertises|advertised)\b"
    return bool(patterns.search(verbs, text)) and any(
        scope.words.is_carrier(w) for w in map(singular_phrase, text.split())
    )
