"""Goals that name a whole picture or a thing in it: one of several labels, or free keywords.

Knows nothing of what else is asked, nor of how labels are weighed.
"""

from __future__ import annotations

from agent.planners.offline import patterns
from agent.planners.offline.asking import ready
from agent.planners.offline.beyond import FAMILIES
from agent.planners.offline.quotations import unquote
from agent.planners.offline.scope import Scope
from agent.planners.offline.sighted import Meant, is_picture, meant, need, split_options
from agent.planners.offline.words import COLORS
from agent.planners.offline.work import Fragment, Ref, number
from tools.types import Labels, Placed

SORTED = r"^(?:classify|categori[sz]e|sort|label) (?P<o>.+?)?\s*\b(?:as (?:either )?|into (?:one of )?(?:these )?(?:classes|categories|groups)?:? ?|by |between |among |with (?:one of )?(?:the )?(?:labels|words|classes|categories)?:? ?)(?P<l>.+)$"
LISTED = r"^(?P<q>[^:]*\b(?:fits?|best|describes?|class|classes|category|categories|label|labels|belongs?|kind|sort|type|(?:is|are) (?:it|this|that)|classify|categori[sz]e|choose|these)\b[^:]*): ?(?P<l>.+)$"
CHOSEN = r"^(?:choose|decide|distinguish|pick)(?: between| from| whether (?:it|this) is)? (?P<l>.+ (?:or|and) .+)$"
MORE = r"(?:(?:rather|more|more of|likelier|more likely)(?: like)? |either |closer to )"
ONE = r"(?:(?:an?|in|at|by) )?[\w' -]+?"
CHOICE = rf"{ONE}(?:,? (?:or )?{ONE})*? or {ONE}$"
EITHER = (
    rf"^(?:is|are|was|were) (?P<o>(?:the|this|that|these|those) (?!an? )\w+(?: (?!an?\b|or\b|more\b|rather\b|either\b)\w+)?) {MORE}?(?P<l>(?=an? |in |at ){CHOICE})",
    rf"^(?:is|are|was|were) (?P<o>(?:the|this|that|these|those) (?!(?:an?|in|at|by|or|more|rather|either) )\w+) {MORE}?(?P<l>{CHOICE})",
    rf"^(?:is|are|was|were) (?P<o>it|this|that|these|they|there) {MORE}?(?P<l>{CHOICE})",
)  # fmt: skip
DRAWN_OBJECT = r"(?:it|this|that|these|they|there)"
TAGS = r"(?:tags|keywords|hashtags|key words)"
TAGGED = (
    r"^(?:tag|keyword) (?P<o>.+)$",
    rf"^(?:(?:what|which|give|list|suggest|propose|find|generate|make|create|write|show|get|assign|add|are|(?:is|are) there|some|a few|several|the)\b[\w ]*?)?(?<!price )(?<!name )\b{TAGS}\b(?: (?:fit|suit|describe|apply to|match|would (?:fit|suit|describe)|(?:are|is) there|belong|go))*(?: (?:for|to|of|in|on|with|describing|that (?:fit|describe|suit)) (?P<o>.+?)|(?P<p> .+?))?(?: best)?$",
    r"^(?:classify|categori[sz]e) (?P<o>.+)$",
    r"^(?:what|which) (?:class|category) (?:is|does|would)(?: (?P<o>it|this|that|the \w+|this \w+))?(?: (?:belong to|in|fall (?:in|into|under)|be))*$",
)  # fmt: skip
READ = r"\b(?:says?|reads?|written|printed|cost|hang|attached|how many|price)\b|⟦"


def chosen(scope: Scope) -> Fragment | None:
    """Which of several labels fits: "Is this a cat or a dog?", "classify it as …"."""
    found = _options(scope)
    if found is None:
        return None
    phrase, options = found
    need(scope, "classify")
    region = meant(scope, phrase)
    if region.empty(scope):
        region = Meant(None)
    ref = scope.work.call("classify", image=scope.image, labels=options, region=region.ref)
    return Fragment(_ranked(scope, ref, region), focus=region.ref)


def _options(scope: Scope) -> tuple[str, list[str]] | None:
    """(what is looked at, the labels) of a choice that is asked for; None for none."""
    text = scope.text
    for pattern in (SORTED, LISTED, CHOSEN):
        match = patterns.match(pattern, text)
        if match:
            options = _labels(scope, match.group("l"))
            named = match.groupdict().get("o") or "it"
            if len(options) >= 2 and not patterns.search(r"\b(?:says?|reads?|written)\b", text):
                return named, options
    match = next((m for m in (patterns.match(p, text) for p in EITHER) if m), None)
    if match is None or not ready(scope.work.view, "classify"):
        return None
    options = _labels(scope, match.group("l"))
    if len(options) < 2 or not _is_seen(scope, match.group("l"), options):
        return None
    named = match.group("o")
    known = patterns.fullmatch(DRAWN_OBJECT, named) or is_picture(scope, named)
    return (named if known or scope.noun(scope.target(named)) else "it"), options


def _labels(scope: Scope, said: str) -> list[str]:
    said = patterns.sub(r"^(?:(?:one of )?(?:the )?(?:labels|words|classes|categories):? )", "", said)  # fmt: skip
    return [unquote(option, scope.clause.quotes) for option in split_options(said)]


def _is_seen(scope: Scope, said: str, options: list[str]) -> bool:
    """Whether the choice is one that is seen: between things, or by what only a look can tell."""
    if any(set(option.split()) & COLORS for option in options):
        return False
    articled = len(patterns.findall(r"(?:^|,|\bor) ?(?:or )?an? ", said)) >= 2
    things = [scope.target(option) for option in options]
    lettered = any(scope.kind_of(t) or scope.field_kind(t) for t in things)
    if articled and not lettered:
        return True
    seen_only = next(p for ability, _, p in FAMILIES if ability == "vqa")
    return patterns.search(seen_only, scope.text) is not None


def _ranked(scope: Scope, ref: Ref, region: Meant) -> str:
    labels = scope.work.see(ref, Labels)
    pairs = [f"{t} {number(100 * float(s), 0)} %" for t, s in zip(labels.texts, labels.scores, strict=True)]  # fmt: skip
    others = f", then {', '.join(pairs[1:5])}" if len(pairs) > 1 else ""
    what = "It" if region.said == "it" else f"The {region.said}"
    if region.ref is not None and len(scope.work.see(region.ref, Placed)) > 1:
        what = f"The first {region.said}"
    best = f"{what} fits {pairs[0]} best" if pairs else "Nothing fits"
    return f"{best}{others}{scope.work.cite(ref)}"


def tagged(scope: Scope) -> Fragment | None:
    """Keywords for the picture or a thing in it: "tag this picture", "what are the tags?"."""
    match = next((m for m in (patterns.match(p, scope.text) for p in TAGGED) if m), None)
    if match is None or patterns.search(READ, scope.text):
        return None
    phrase = match.groupdict().get("o") or "it"
    if match.groupdict().get("p") and not is_picture(scope, match.group("p").strip()):
        return None
    opening = scope.text.split(" ", 1)[0]
    if opening in ("tag", "keyword") and patterns.search(r"\b(?:as|with|by|in|using)\b", phrase):
        return None  # a label to draw
    if opening == "tag" and not (is_picture(scope, phrase) or patterns.fullmatch(DRAWN_OBJECT, phrase)):  # fmt: skip
        return None
    need(scope, "tag")
    region = meant(scope, phrase)
    if region.empty(scope):
        return Fragment(scope.absent(region.said, *([region.ref] if region.ref else [])))
    ref = scope.work.call("tag", image=scope.image, region=region.ref)
    labels = scope.work.see(ref, Labels)
    shown = ", ".join(f"{t} ({number(100 * float(s), 0)} %)" for t, s in list(zip(labels.texts, labels.scores, strict=True))[:12])  # fmt: skip
    said = f"Tags: {shown}" if shown else "I find no tag that fits"
    return Fragment(f"{said}{scope.work.cite(ref)}")
