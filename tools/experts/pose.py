"""How people stand, sit or move: the points of their bodies.

Knows nothing of how the points are seen: that is the model's part.
"""

from __future__ import annotations

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.types import Image, Keypoints, Placed


@tool(
    needs="pose",
    verbs=("estimate pose", "estimate the pose", "find joints", "track the body"),
    nouns=("pose", "poses", "posture", "body pose", "keypoints", "key points", "skeleton",
           "skeletons", "joints", "body parts", "limbs", "shoulders", "elbows", "wrists", "hips",
           "knees", "ankles", "arms", "legs"),
)  # fmt: skip
def pose(ctx: ToolContext, image: Image, people: Placed) -> Keypoints:
    """Find the body points of people: eyes, ears, shoulders, elbows, wrists, hips, knees, ankles.

    people: their boxes, as `detect` finds them by "person". Points that are hidden have low
    scores. No people, no points.
    """
    if people.frame.root != image.frame.root:
        raise BadArguments(
            "the people lie in another picture than the one given",
            hint="Find them in the picture they are used on",
        )
    found: Keypoints = ctx.use("pose", image, people=people)
    return found
