"""A picture from nothing but words: what goes where in it, and whether what was named is in it.

A detector that knows the names looks at what was made; where something is missing, the picture is
made again from another seed, a few times, and the best one is kept. Knows nothing of pictures that
are made along a map or out of another picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agent.planners.offline import patterns
from agent.planners.offline.phrases import Target
from agent.planners.offline.quotations import unquote
from agent.planners.offline.scope import Scope
from agent.planners.offline.sighted import called, need, picture_of
from agent.planners.offline.splitting import Clause
from agent.planners.offline.words import COLORS, Words, singular_phrase
from agent.planners.offline.work import Cannot, Fragment, Ref, Work, bring, plural
from tools.arranged import place_of
from tools.catalog import ANY
from tools.types import Image, Placed
from tools.vocabulary import known_as, plain

TRIES = 3
"""Pictures that are made at most until all that was named is found in one."""
MOST = 6
"""Names that are looked for."""
MAKE = r"(?:generate|imagine|draw|paint|create|make|render|produce|synthesi[sz]e|design|dream up|build)"
KIND_OF = r"(?:pictures?|photos?|photographs?|images?|paintings?|drawings?|illustrations?|renderings?|posters?|scenes?)"
PLAIN = (
    rf"^{MAKE}(?: me)? (?:(?:an?|one|another|the) )?(?:(?:new|small|big|nice|other|\d+) )*{KIND_OF} (?:of|showing|with|that shows|depicting) (?P<p>(?:an?|some|one|two|three|several|many|⟦).*)$",
    r"^(?:generate|imagine|dream up|synthesi[sz]e)(?: me)? (?P<p>(?:an?|some|one|two|three|several|many|⟦).*)$",
)  # fmt: skip
"""Orders that mean a new picture even where there is one already."""
WANT = r"(?:i (?:want|need|would like|'d like)|give me|show me|get me)"
ALONE = (
    *PLAIN,
    rf"^(?:(?:{MAKE}|sketch|illustrate|{WANT})(?: me)? )?(?:(?:an?|one|another|the|some) )?(?:[a-z-]+ ){{0,2}}?{KIND_OF} (?:of|showing|with|that shows|depicting) (?P<p>.+)$",
    r"^(?:generate|imagine|dream up|synthesi[sz]e|draw|paint|sketch|render|illustrate)(?: me)? (?P<p>.+)$",
)  # fmt: skip
"""Orders that can mean nothing else where there is no picture."""
SHOWN = r"(?:it|this|that|these|those|them|here|(?:this|that|these|those|my|your|the (?:same|given|original)) .+|(?:an?|the|some) (?:(?:\w+ )?(?:box|boxes|circle|rectangle|line|arrow|frame|border|outline|copy|version|crop)|mask|heat ?map|histogram)(?: .+)?)"
"""What only a picture that is there could have or get."""
AFTER = r"(?:$|,|\b(?:and|or|with|on|in|at|to|by|of|under|over|above|below|behind|beside|near|next|between|inside|from|for|that|which|who|is|are|against|before|among|across|while|as|\w+ing|\w+ed)\b)"
"""What follows a word that names a thing, rather than tells which."""
SIDES = {"left of": ("left", "right"), "right of": ("right", "left")}
NO_PICTURE = "There is no picture to look at: give me one with the question"


def from_words(scope: Scope) -> Fragment | None:
    """A new picture of what the clause describes, where it asks for one."""
    match = next((m for m in (patterns.match(p, scope.text) for p in PLAIN) if m), None)
    return None if match is None else imagined(scope, match.group("p"))


def alone(work: Work, words: Words, clause: Clause) -> Fragment:
    """What can be done where there is no picture at all: make one.

    Raises:
        Cannot: the clause asks for anything else.
    """
    match = next((m for m in (patterns.match(p, clause.text) for p in ALONE) if m), None)
    if match is None or patterns.fullmatch(SHOWN, match.group("p")):
        raise Cannot(NO_PICTURE)
    nothing = Ref("")
    return imagined(Scope(work, words, clause, nothing, nothing, ()), match.group("p"))


def imagined(scope: Scope, said: str) -> Fragment:
    """A picture of what is said, the best of a few where something named is missing."""
    need(scope, "generate")
    prompt = unquote(said, scope.clause.quotes)
    arrange, unheard = _arrangement(scope, said)
    names = _named(scope, said)
    best: tuple[Ref, frozenset[str] | None] | None = None
    for seed in range(TRIES if names else 1):
        args = {"prompt": prompt, "arrange": arrange or None, "seed": seed or None}
        if best is not None and not _again(scope, best[0], args):
            break
        made = scope.work.call("generate", **args)
        found = _found(scope, made, names)
        if best is None or len(found or ()) > len(best[1] or ()):
            best = made, found
        if found is None or len(found) == len(names):
            break
    assert best is not None
    checked = _checked(names, best[1]) if names and best[1] is not None else ""
    return picture_of(scope, best[0], f'Here is a new picture of "{prompt}"{unheard}{checked}')


# -- what is in it ---------------------------------------------------------------------------------


def _found(scope: Scope, made: Ref, names: Sequence[str]) -> frozenset[str] | None:
    """The names of which a detector finds one in a picture; None where it could not look."""
    looks = [(name, scope.work.call("detect", image=made, phrases=[name])) for name in names]
    scope.work.see(made, Image)
    results = [(name, scope.work.result(ref)) for name, ref in looks]
    if not all(result.ok for _, result in results):
        return None
    return frozenset(n for n, r in results if isinstance(r.artefact, Placed) and len(r.artefact))


def _again(scope: Scope, before: Ref, args: Mapping[str, object]) -> bool:
    """Whether another picture was made already, or there is time for it."""
    view = scope.work.view
    known = view.of_call(Work(view).call("generate", **args).call_id)
    if known is not None:
        return known.ok
    took = scope.work.result(before).seconds
    return view.left.steps > 2 and view.left.seconds > 2 * took


def _checked(names: Sequence[str], found: frozenset[str]) -> str:
    missing = [name for name in names if name not in found]
    count = f"; {len(found)} of {len(names)} named {plural(len(names), 'thing')} found"
    return count + (f"; missing: {', '.join(missing)}" if missing else "")


def _named(scope: Scope, said: str) -> list[str]:
    """The things a prompt names that a ready detector can look for, as it calls them."""
    models = scope.work.view.catalog.of_ability("detect")
    ready = [m for m in models if not m.missing()]
    anything = any(m.labels == ANY for m in ready)
    lists = models if anything else ready
    names = frozenset(name for m in lists if m.labels != ANY for name in m.labels)
    found: dict[str, str] = {}
    for pair, word in _nouns(said):
        noun = plain(pair) if known_as(pair, names) else word
        found.setdefault(known_as(noun, names), singular_phrase(noun))
    return [noun for name, noun in found.items() if name][:MOST]


def _nouns(said: str) -> Iterator[tuple[str, str]]:
    """Words that may name a thing, with the word before: not those that tell which thing."""
    text = patterns.sub(r"⟦\d+⟧", " ", said)
    for match in patterns.finditer(rf"\b[a-z-]+(?= ?{AFTER})", text):
        word = match.group()
        before = patterns.search(r"([a-z-]+) $", text[: match.start()])
        if word not in COLORS:
            yield (f"{before.group(1)} {word}" if before else word), word


# -- what goes where -------------------------------------------------------------------------------


def _arrangement(scope: Scope, said: str) -> tuple[str, str]:
    """What goes where, as `generate` is told it; and a remark where no ready model heeds it."""
    rows = [row for target in scope.targets(said) for row in _rows(target)]
    if not rows:
        return "", ""
    models = scope.work.view.catalog.of_ability("generate")
    able = [m for m in models if "layout" in m.labels]
    if any(not m.missing() for m in able):
        return "; ".join(rows), ""
    return "", f"; no ready model can be told what goes where: {bring(able)}"


def _rows(target: Target) -> list[str]:
    """A thing with its place, once for each of it that is asked for."""
    place = place_of(target.part or target.position)
    if target.to is not None and target.relation in SIDES and not place:
        pair = zip((target, target.to), SIDES[target.relation], strict=True)
        return [f"{called(thing)}: {side}" for thing, side in pair if thing.head]
    if not place or not target.head:
        return []
    return [f"{called(target)}: {place}"] * min(max(target.quantity, 1), 4)
