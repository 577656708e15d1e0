"""Goals about films: following things, what happens and when, and one moment as a picture.

A film comes with its first frame among the pictures of the question, so that everything else is
asked of that frame. Knows nothing of how things are followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.planners.offline import patterns
from agent.planners.offline.asking import ready
from agent.planners.offline.films import TRACK
from agent.planners.offline.quotations import unquote
from agent.planners.offline.scope import Scope
from agent.planners.offline.sighted import meant, need
from agent.planners.offline.work import Cannot, Fragment, Ref, listed
from tools.tracks import Seen, by_thing, seen_in
from tools.types import Clip, Image, Placed, Table, Text

OVER_TIME = r"\b(?:when|what (?:happens|happened|is happening|is going on|goes on)|how long|how many times|how often|(?:at )?what (?:time|second|moment)|video|clip|film|movie|footage|recording|afterwards?|eventually|finally|first .* then|(?:begins?|starts?|stops?) to|change[sd]? (?:over|during))\b"
"""Words of questions that one frame does not answer."""
AT = (
    (r",? ?\bat (?:second )?(?P<s>\d+(?:\.\d+)?) ?(?:s|secs?|seconds?)\b(?: (?:in|into|of) the \w+)?", ""),
    (r",? ?\bat (?P<m>\d{1,2}):(?P<s>\d\d)\b", ""),
    (r",? ?\bat second (?P<s>\d+(?:\.\d+)?)\b", ""),
    (r",? ?\b(?:at the (?:very )?end(?: of the (?:video|clip|film|movie|gif|animation))|in the (?:last|final) frame)\b", "last"),
    (r",? ?\b(?:at the (?:very )?(?:beginning|start)(?: of the (?:video|clip|film|movie|gif|animation))|in the (?:first|opening) frame)\b", "first"),
)  # fmt: skip
"""How a clause names a moment, which it is cut out of."""


def at_moment(scope: Scope) -> Scope:
    """The clause about the frame of the moment that it names; unchanged where it names none."""
    clip = _clip(scope)
    if clip is None:
        return scope
    film = scope.work.see(clip, Clip)
    second, text = _moment(scope, film)
    if second is None:
        return scope
    frame = scope.work.call("take_frame", clip=clip, second=round(second, 3))
    scope.work.see(frame, Image)
    about = scope.about(Ref(frame.name, frame.call_id, frame.name))
    return replace(about, clause=replace(scope.clause, text=text.strip(" ,"), pictures=()))


def _moment(scope: Scope, film: Clip) -> tuple[float | None, str]:
    """The second that a clause names, None where it names none, and the clause without it."""
    times = film.seconds
    number = next(iter(scope.clause.pictures), 0)
    if number and patterns.search(r"\bframe\b", scope.work.view.question.lower()):
        inside = 0 < number <= len(times)  # "in the third frame": the parser numbers pictures
        return float(times[number - 1 if inside else -1]), scope.text
    for pattern, place in AT:
        found = patterns.search(pattern, scope.text)
        if found is not None:
            text = scope.text[: found.start()] + scope.text[found.end() :]
            ends = {"first": 0.0, "last": float(times[-1])}
            said = found.groupdict()
            second = float(said.get("s") or 0) + 60 * float(said.get("m") or 0)
            return ends.get(place, second), " ".join(text.split())
    return None, scope.text


def followed(scope: Scope) -> Fragment | None:
    """Things followed through the film: ``track the ball``, ``where does the dog go``."""
    clip = _clip(scope)
    match = next((m for p in TRACK if (m := patterns.match(p, scope.text))), None)
    if clip is None or match is None:
        return None
    need(scope, "track")
    phrase, things = match.group("o"), _things(scope, match.group("o"))
    if not len(scope.work.see(things, Placed)):
        said = scope.absent(f"{_bare(phrase)} in the first frame", things)
        return Fragment(f"{said}, so there is nothing to follow")
    tracks = scope.work.call("track", clip=clip, things=things)
    table = scope.work.see(tracks, Table)
    if not len(table):
        return Fragment(f"I see nothing of {phrase} in the film{scope.work.cite(tracks)}")
    shown = scope.work.call("show_track", clip=clip, tracks=tracks)
    film = scope.work.see(shown, Clip)
    said = _ways(by_thing(seen_in(table)), phrase, len(film.frames))
    text = f"{said}{scope.work.cite(things)}{scope.work.cite(tracks)}. The film [{shown.name}] shows it"
    return Fragment(text, images=(shown.name,), focus=things)


def _bare(phrase: str) -> str:
    return patterns.sub(r"^(?:the|a|an|any|all|every|each) ", "", phrase)


def _things(scope: Scope, phrase: str) -> Ref:
    """What is followed: what the person drew, else what the words name in the first frame."""
    if scope.given is not None:
        return scope.given
    try:
        ref = meant(scope, phrase).ref
        if ref is None and scope.mentioned is not None:
            ref = scope.find(scope.mentioned)
    except Cannot as reason:
        raise Cannot(f"{reason}, or draw a box around it in the first frame") from None
    if ref is None:
        raise Cannot("Tell me what to follow, or draw a box around it in the first frame")
    return ref


def _ways(things: dict[str, list[Seen]], phrase: str, frames: int) -> str:
    """One sentence for each thing: when it was seen first and last, and where."""
    said = []
    for name, seen in list(things.items())[:8]:
        first, last = seen[0], seen[-1]
        label = phrase if len(things) == 1 else f"the {name}"
        when = f"from {first.seconds:.2f} s to {last.seconds:.2f} s"
        move = f"{_middle(first)} to {_middle(last)}"
        said.append(f"{label} in {len(seen)} of {frames} frames, {when}, going from {move}")
    return f"I followed {listed(said)}"


def _middle(seen: Seen) -> str:
    x1, y1, x2, y2 = seen.box
    return f"({(x1 + x2) / 2:.0f}, {(y1 + y2) / 2:.0f})"


def asked(scope: Scope) -> Fragment | None:
    """What one frame cannot tell, put to a model that watches films, where one is ready."""
    clip = _clip(scope)
    if clip is None or not patterns.search(OVER_TIME, scope.text):
        return None
    return watched(scope)


def watched(scope: Scope) -> Fragment | None:
    """The clause as a question about the whole film; None where no model can watch one."""
    clip = _clip(scope)
    if clip is None or not ready(scope.work.view, "ask_video"):
        return None
    said = unquote(scope.text, scope.clause.quotes)
    question = f"{said[:1].upper()}{said[1:]}?"
    ref = scope.work.call("ask_video", clip=clip, question=question)
    answer = scope.work.see(ref, Text).value.strip()
    if not answer:
        raise Cannot("I cannot answer that: the model that watched the film gave no words")
    return Fragment(f"{answer.rstrip('.')}{scope.work.cite(ref)}", focus=ref)


def _clip(scope: Scope) -> Ref | None:
    """The film of the picture that a clause is about; the only one where there is one."""
    clips: Sequence[str] = scope.work.view.clips
    if not clips:
        return None
    if len(clips) == 1:
        return Ref(clips[0], "", scope.image.name)
    names = scope.work.view.names
    own = [c for c in clips if names.get(c) == names.get(scope.image.name)]
    return Ref(own[0], "", scope.image.name) if own else None
