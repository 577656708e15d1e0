"""Goals about bodies: their points, their skeleton as a drawing, where a wrist or a knee is.

Knows nothing of how points are found.
"""

from __future__ import annotations

import numpy as np

from agent.planners.offline import patterns
from agent.planners.offline.asking import ready
from agent.planners.offline.scope import Scope
from agent.planners.offline.sighted import DRAWN, is_picture, meant, need, picture_of
from agent.planners.offline.work import Fragment, Ref, plural
from tools.types import Image, Keypoints, Placed

NOUN = r"(?:(?:body |human |whole[- ]body )?(?:poses?|postures?|skeletons?|key ?points?|key[- ]points?|joints|stick figures?|landmarks)|body (?:points|parts|joints))"
POSE = (
    rf"^(?:show|draw|estimate|find|detect|mark|get|give|compute|make|predict|locate|extract|trace|plot|overlay|where (?:is|are)|what (?:is|are))(?: me)? (?:(?:the|an?|all|every|each|its|his|her|their) )*(?:[\w']+ )??{NOUN}(?: (?:estimation|map|detection|drawing))?(?: (?:of|for|in|on) (?P<o>.+))?$",
    rf"^(?:(?:the|a) )?{NOUN}(?: (?:estimation|map|detection|drawing))?(?: (?:of|for|in|on) (?P<o>.+))?$",
    r"^how (?:is|are) (?P<o>.+?) (?:posed|posing)$",
    r"^(?:estimate|find|show) how (?P<o>.+?) (?:is|are|stands?|holds?) (?:posed|standing|held|themsel\w+|itself)?$",
)  # fmt: skip
PART = r"(?P<side>left |right )?(?P<part>eye|ear|nose|shoulder|elbow|wrist|hip|knee|ankle)s?"
WHERE = (
    rf"^(?:where (?:is|are)|find|locate|show|point (?:to|at|out)|mark|detect|box) (?:(?:the|a|an?|his|her|their|its|all|both|every|each) )*(?:(?P<o>[\w ]+?)(?:'s|s') )?{PART}(?: of (?P<p>.+))?$",
)  # fmt: skip
DRAWS = r"^(?:show|draw|make|plot|overlay|mark|trace|extract|give|(?:the |a )?(?:pose|skeleton|stick figure))"
PEOPLE = ("people", "persons", "person", "everyone", "everybody", "them", "body", "bodies", "him", "her")  # fmt: skip
SURE = 0.3
"""Score from which a body point counts as seen."""


def posed(scope: Scope) -> Fragment | None:
    """The body points of people: as a drawing where one is to be shown."""
    match = next((m for m in (patterns.match(p, scope.text) for p in POSE) if m), None)
    if match is None or patterns.search(r"⟦|\b(?:card|passport|receipt|page|road)\b", scope.text):
        return None
    if patterns.match(r"^what (?:is|are)|^how ", scope.text) and ready(scope.work.view, "vqa") and not patterns.search(r"points|joints|skeleton", scope.text):  # fmt: skip
        return None  # in words
    found = _bodies(scope, match.group("o") or "it")
    if isinstance(found, Fragment):
        return found
    bodies = scope.work.see(found, Keypoints)
    said = f"{len(bodies)} {plural(len(bodies), 'body')} of {len(bodies.names)} points{scope.work.cite(found)}"  # fmt: skip
    drawn = patterns.match(DRAWS, scope.text) and "control_map" in scope.work.view.catalog.tools
    if not drawn:
        return Fragment(f"I find {said}", focus=found)
    ref = scope.work.call("control_map", image=scope.image, kind="pose", bodies=found)
    scope.work.see(ref, Image)
    return picture_of(scope, ref, f"Here is the pose of {said}")


def _bodies(scope: Scope, phrase: str) -> Ref | Fragment:
    """The points of the people a phrase means; a sentence where there are none."""
    need(scope, "pose")
    plain = patterns.sub(
        r"^(?:the|all|each|every|a|this|that|these|those) (?:of the )?", "", phrase
    )
    drawn = patterns.fullmatch(DRAWN, phrase) and (scope.given or scope.points or scope.has_focus)
    if drawn:
        region = meant(scope, phrase).ref
    elif is_picture(scope, phrase) or plain in PEOPLE or patterns.fullmatch(DRAWN, phrase):
        region = scope.given or scope.find(scope.target("people"))
    else:
        region = meant(scope, phrase).ref
    assert region is not None
    if not len(scope.work.see(region, Placed)):
        return Fragment(scope.absent("person", region))
    return scope.work.call("pose", image=scope.image, people=region)


def body_part(scope: Scope) -> Fragment | None:
    """Where a joint is: "Where is her left wrist?"."""
    match = next((m for m in (patterns.match(p, scope.text) for p in WHERE) if m), None)
    if match is None or not ready(scope.work.view, "pose"):
        return None
    owner = match.group("o") or match.group("p") or "people"
    wanted = scope.target(owner)
    human = wanted.pronoun or wanted.head in ("person", "people", "body") or wanted.head in scope.words.lexicon["sorts_of_person"]  # fmt: skip
    if not human:
        return None
    found = _bodies(scope, "people" if wanted.pronoun and not scope.has_focus else owner)
    if isinstance(found, Fragment):
        return found
    bodies = scope.work.see(found, Keypoints)
    part, side = match.group("part"), (match.group("side") or "").strip()
    said = []
    for row, label in enumerate(bodies.labels):
        for column, name in enumerate(bodies.names):
            plain = name.replace("_", " ").lower()
            if not plain.endswith(part) or (side and side not in plain):
                continue
            if bodies.xy_scores[row, column] < SURE:
                continue
            x, y = (round(float(v)) for v in np.asarray(bodies.xy[row, column]))
            said.append(f"{plain} of the {label or 'person'}: ({x}, {y}){scope.work.cite(found, [row])}")  # fmt: skip
    if not said:
        return Fragment(scope.absent(f"{side} {part}".strip(), found), focus=found)
    return Fragment("; ".join(said[:12]), focus=found)
