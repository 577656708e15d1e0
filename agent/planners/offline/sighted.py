"""What goals about seen things share: which region a phrase means, and whether it can be seen.

A phrase may name the picture, what was drawn or clicked, or a thing that is to be found. Knows
nothing of the wording of questions.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.planners.offline import patterns
from agent.planners.offline.asking import lacking, ready
from agent.planners.offline.phrases import Target
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Fragment, Ref, listed, plural
from tools.types import Masks, Placed, Points

DRAWN = (
    r"(?:it|this|that|these|those|them|here|there|(?:this|that|the) (?:one|thing|part|area|region|"
    r"box|spot|place|selection|marked (?:one|thing|part|area|region)|selected (?:one|thing|part|area|region))|"
    r"(?:what|where|the (?:one|thing|part|area|region|spot|place)(?: that)?) i (?:(?:have |just )?(?:clicked|marked|drawn|drew|boxed|selected|pointed))(?: (?:on|at|to|around))?|"
    r"(?:what is |the (?:thing|part) )?(?:in|inside|within) (?:this|that|the|my) (?:box|region|area|selection|rectangle))"
)
"""How a person speaks of what was drawn or clicked."""
WHO = {
    "depth": "a depth model", "pose": "a pose model", "tag": "a tagger", "classify": "a classifier",
    "embed": "a model that compares pictures", "detect_like": "a detector by example",
    "segment": "a segmenter", "segment_all": "a segmenter", "generate": "a diffusion model",
    "repaint": "a diffusion model", "edit_by_instruction": "a diffusion model",
    "read_document": "a document reader", "ground": "a grounding model",
    "describe_region": "a captioner", "dense_captions": "a captioner", "track": "a video model",
}  # fmt: skip
"""Who has an ability, in words."""


@dataclass(frozen=True)
class Meant:
    """What a phrase means in the picture."""

    ref: Ref | None
    """The region; None for the whole picture."""
    said: str = "it"
    """What it is called in an answer."""

    def empty(self, scope: Scope) -> bool:
        """Whether it was looked for and is not there."""
        return self.ref is not None and not len(scope.work.see(self.ref, Placed))


def need(scope: Scope, *abilities: str) -> None:
    """Ends honestly where no model is ready for an ability.

    Raises:
        Cannot: the sentence names the ability and the command that brings a model.
    """
    for ability in abilities:
        if not ready(scope.work.view, ability):
            raise lacking(scope.work.view, ability, WHO.get(ability, "another model"))


def drawn(scope: Scope) -> Ref | None:
    """What the person drew or clicked, or what was spoken of last; None for nothing."""
    if scope.given is not None:
        return scope.given
    if scope.points is not None:
        return scope.work.call("segment", image=scope.image, points=scope.points)
    return scope.focus if scope.has_focus else None


def meant(scope: Scope, phrase: str) -> Meant:
    """The region that a phrase means; may be pending, may be empty."""
    said = phrase.strip(" ,.")
    if is_picture(scope, said) or patterns.fullmatch(DRAWN, said):
        return Meant(drawn(scope))
    wanted = scope.target(said)
    if wanted.pronoun and wanted.is_plain and not scope.has_focus and scope.mentioned is None:
        return Meant(None)
    return Meant(scope.find(wanted), called(wanted) or said)


def is_picture(scope: Scope, phrase: str) -> bool:
    """Whether a phrase stands for the whole picture."""
    bare = patterns.sub(r"^(?:(?:in|on|of|for|from) )?(?:(?:the|this|that|my|a) )?(?:(?:whole|entire|full) )?", "", phrase)  # fmt: skip
    return not bare or scope.words.is_picture(bare) or bare in ("this one", "it", "view")


def called(wanted: Target) -> str:
    """The name of a target in an answer: its colours, words and noun."""
    return " ".join([*wanted.colors, *wanted.modifiers, wanted.head]).strip()


def visible(scope: Scope, wanted: Target) -> bool:
    """Whether a target is a thing that is seen rather than lettering that is read."""
    lexicon = scope.words.lexicon
    if not wanted.head or wanted.contains or scope.kind_of(wanted) or scope.field_kind(wanted):
        return False
    listed_in = ("sights", "objects", "sorts_of_person")
    return scope.noun(wanted) is not None or any(wanted.head in lexicon[n] for n in listed_in)


def split_options(phrase: str) -> list[str]:
    """The alternatives of "a cat, a dog or a bird", without articles."""
    pieces = patterns.split(r"\s*,\s*(?:(?:and|or)\s+)?|\s+(?:or|and|versus|vs\.?)\s+|\s*/\s*", phrase)  # fmt: skip
    bare = (patterns.sub(r"^(?:(?:either|rather|more) )?(?:an?|the|some) |^(?:either|rather) ", "", p.strip(" ,.:")) for p in pieces)  # fmt: skip
    return [p for p in dict.fromkeys(bare) if p]


def counted(scope: Scope, ref: Ref) -> str:
    """What is in a result, by name: "2 dogs and 1 cat [#1–#3]"."""
    placed = scope.work.see(ref, Placed)
    names = dict.fromkeys(placed.labels)
    if len(names) > 12 or not all(names):
        what = f"{len(placed)} {plural(len(placed), 'part')}"
    else:
        shown = [(sum(label == n for label in placed.labels), n) for n in names]
        what = listed([f"{n} {plural(n, name)}" for n, name in shown])
    return f"{what}{scope.work.cite(ref)}"


def outlined(scope: Scope, region: Ref) -> Ref:
    """The exact outline of a region where a segmenter is ready, else the region."""
    if not ready(scope.work.view, "segment"):
        return region
    placed = scope.work.see(region, Placed)
    if isinstance(placed, Masks) or not len(placed):
        return region
    return scope.work.call("segment", image=scope.image, region=region)


def by_reason(scope: Scope, phrase: str) -> tuple[str, Ref]:
    """What a phrase describes without naming it, found by a model that thinks about the picture.

    Returns:
        ``region`` and its boxes, or ``points`` and its clicks.

    Raises:
        Cannot: no such model is ready.
    """
    if ready(scope.work.view, "answer_grounded"):
        question = f"Which thing in the picture is {phrase}?"
        return "region", scope.work.call("answer_grounded", image=scope.image, question=question)
    if ready(scope.work.view, "point"):
        ref = scope.work.call("point", image=scope.image, phrase=phrase)
        scope.work.see(ref, Points)
        return "points", ref
    need(scope, "answer_grounded")
    raise AssertionError("need() ended")


def picture_of(scope: Scope, ref: Ref, text: str) -> Fragment:
    """A new picture as an answer."""
    return Fragment(f"{text}{scope.work.cite(ref)}", images=(ref.name,), focus=ref)
