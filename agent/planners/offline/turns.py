"""What earlier turns of a conversation leave behind: the pictures that stand, undo and redo.

The history is the one of ``agent/undo.py``: a fold over the turns, so nothing has to be remembered
between decisions. Knows nothing of the wording of goals.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from agent import undo as versions
from agent.planners.offline import patterns
from agent.planners.offline.amounts import UNITS
from agent.planners.offline.work import Cannot, Fragment, Ref, Work, listed
from agent.protocol import Call, View
from agent.undo import History, first
from tools.types import Image

LEAD = r"^(?:[\w' ]{1,25}[,.!]\s*)?(?:(?:please|can you|could you|would you|let's|actually|now|okay|ok|no|just|i want to|i'd like to|and|then)\b[ ,]*)*"
BACK = (
    r"undo|revert|roll back|go back|step back|take (?:that|it|this) back|cancel (?:that|the last|it)|scrap that|"
    r"(?:remove|delete|take (?:away|off)) the (?:(?:last|previous) \w+|filter|effect|edits?|annotations?|blur|highlight(?:ing)?)\b|"
    r"discard (?:that|the|all|my)|put (?:it|that|everything) back|reset|start (?:over|again|afresh|from scratch)|never ?mind (?:that|the last)|"
    r"restore|(?:show|give|bring|get|return)(?: me)?(?: back)?(?: to)? (?:the |my )(?:original|untouched|unedited|initial)|back to (?:the )?(?:original|start|beginning|previous|colou?rs?|normal|before|how it was|what it was)|forget (?:that|the last|all)"
)
FORTH = r"redo|undo the undo|re-do|reapply|restore the (?:edit|change|last edit)"
TO_START = r"\b(?:original|everything|all|reset|start(?:ing)?|scratch|beginning|untouched|unedited|initial|first version|afresh|over)\b"
KINDS = {
    r"blur": ("blur", "smooth", "blur_background"), r"rotat|turn": ("rotate",),
    r"mirror|flip": ("flip_horizontal", "flip_vertical"), r"crop|cut": ("crop",),
    r"gr[ae]y|black and white|monochrome": ("gray",), r"\bbox|frame|rectangle|border": ("box",),
    r"circle": ("ellipse",), r"zoom|enlarg": ("zoom",), r"resiz|size|scal": ("resize",),
    r"sepia": ("sepia",), r"sketch": ("sketch",), r"cartoon": ("cartoon",),
    r"bright|dark|light": ("brightness",), r"contrast": ("contrast",), r"pixel": ("pixelate",),
    r"black(?:en|ing)? ?out|bar": ("fill",), r"remov|eras": ("inpaint",), r"arrow": ("arrow",),
    r"label|text|writing": ("label",), r"highlight": ("highlight",), r"underlin": ("underline",),
    r"sharp": ("sharpen",), r"colou?r": ("recolor", "tint", "saturation"),
}  # fmt: skip
"""Word for an edit -> values of the arguments, or the tool, that made it."""


@dataclass(frozen=True)
class Move:
    """A wish to go back or forth in the history."""

    back: bool
    steps: int = 1
    """0: to the start."""
    kind: str = field(default="")
    """Words that name the edit meant."""
    rest: str = ""
    """What the question asks beside."""


def move(question: str) -> Move | None:
    """Whether a question wants an edit undone or done again."""
    text = question.lower().replace("’", "'").strip()
    match = patterns.match(rf"{LEAD}(?P<f>{FORTH})\b|{LEAD}(?P<b>{BACK})\b", text)
    if match is None:
        return None
    said, _, rest = _cut(text[match.start("f" if match.group("f") else "b") :])
    rest = question[len(question) - len(rest) :] if rest else ""
    if match.group("f"):
        return Move(False, _steps(said), rest=rest)
    if patterns.search(TO_START, said) and not patterns.search(r"\blast|previous\b", said):
        return Move(True, 0, rest=rest)
    kind = "" if patterns.match(r"back to\b|take|go back", said) else said
    return Move(True, _steps(said), kind, rest)


def _cut(text: str) -> tuple[str, str, str]:
    """The part of a question that undoes, and what follows."""
    match = patterns.search(
        r"(?:[,;.!]\s*(?:and |then |now )*|\s+(?:and|then|but)\s+(?:then |now )?)(?=\w)", text
    )
    if match is None:
        return text, "", ""
    return text[: match.start()], match.group(), text[match.end() :]


def _steps(said: str) -> int:
    if patterns.search(r"\btwice\b", said):
        return 2
    match = patterns.search(
        rf"\b(\d+|{'|'.join(UNITS)})\b(?: \w+)? (?:steps?|edits?|changes?|times)\b", said
    )
    if match is None:
        return 1
    number = match.group(1)
    return int(number) if number.isdigit() else UNITS[number]


def history(view: View) -> History:
    """The pictures that stand before this question is answered."""
    return versions.history(view.turns, view.images, fresh=view.fresh)


def undo(work: Work) -> tuple[Fragment, History] | None:
    """Undo, redo, back to the original: the answer and the history from then on."""
    wish = move(work.view.question)
    if wish is None:
        return None
    before = history(work.view)
    if not wish.back:
        if not before.future:
            return Fragment("There is nothing to do again", "cannot"), before
        after = before.forth(wish.steps)
        return _told("Done again: {picture} stands again", after), after
    if not before.past:
        if wish.steps == 0 and before.now:
            return _told("This is the original {picture}: nothing has been edited", before), before
        return Fragment("There is no edit in this conversation to undo", "cannot"), before
    if not wish.steps:
        after = before.back(len(before.past))
        return _told("Back to the original {picture}", after), after
    return _undone(work, wish, before)


def _undone(work: Work, wish: Move, before: History) -> tuple[Fragment, History]:
    """The last edit undone, or the one that is named with all others kept."""
    chain = _edits_of(work.view, before)
    meant = _meant(wish.kind, chain)
    if meant is None or meant == len(chain) - 1:
        after = before.back(wish.steps)
        return _told("Undone: {picture} stands again", after), after
    handle = str(chain[meant][1].args["image"])
    ref = Ref(handle, "", handle)
    for _, call in chain[meant + 1 :]:
        ref = work.call(call.tool, **{**call.args, "image": ref})
    work.see(ref, Image)
    given = first(handle, parents_of(work.view), before.now)
    after = before.add({given: ref.name})
    return Fragment("Undone, and the edits after it kept", images=(ref.name,)), after


def _told(sentence: str, after: History) -> Fragment:
    handles = tuple(after.last)
    cites = listed([f"[{h}]" for h in handles])
    noun = "picture" if len(handles) == 1 else "pictures"
    text = sentence.format(picture=f"the {noun} {cites}").replace("original the", "original")
    if len(handles) > 1:
        text = text.replace("stands", "stand")
    return Fragment(text, images=handles)


def _edits_of(view: View, now: History) -> list[tuple[str, Call]]:
    """The edits that led to what stands now, oldest first."""
    calls = {handle: call for _, handle, call in versions.edits(view.turns)}
    handle = (now.last or tuple(now.now.values()))[-1]
    chain: list[tuple[str, Call]] = []
    while handle in calls and handle not in now.now:
        chain.insert(0, (handle, calls[handle]))
        handle = str(calls[handle].args["image"])
    return chain


def _meant(said: str, chain: list[tuple[str, Call]]) -> int | None:
    """The place in the chain of the edit that the words name; None where they name none."""
    kinds = {
        k for pattern, values in KINDS.items() if patterns.search(pattern, said) for k in values
    }
    rows = [i for i, (_, c) in enumerate(chain) if kinds & {c.tool, *map(str, c.args.values())}]
    if kinds and not rows:
        raise Cannot("There is no such edit to undo in what stands now")
    return rows[-1] if rows else None


def parents_of(view: View) -> dict[str, str]:
    """Picture made -> picture it was made from, over the whole conversation."""
    return versions.parents_of(view.turns, view.results)


def origin(view: View, image: Ref) -> Ref:
    """The picture that edits within one frame began from: things are still found there."""
    parents = parents_of(view)
    name = image.name
    while name in parents and _same_frame(view, name, parents[name]):
        name = parents[name]
    return Ref(name, "", name) if name != image.name else image


def _same_frame(view: View, made: str, parent: str) -> bool:
    a, b = view.get(made), view.get(parent)
    if not (isinstance(a, Image) and isinstance(b, Image) and a.size_wh == b.size_wh):
        return False
    return a.frame.root == b.frame.root and bool(np.allclose(a.to_root, b.to_root))
