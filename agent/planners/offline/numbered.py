"""What a numbered thing of the scene is or says, asked by its number.

Knows nothing of how numbers are told in phrases (``scope.py``) or of edits.
"""

from __future__ import annotations

from agent.planners.offline import patterns
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Fragment

ASKED = (
    r"(?:what (?:does|do|did) )?(?:the )?(?:thing |text |line |word |number )?#(?P<says>\d{1,6})"
    r" (?:say|says|read|reads)|read (?:the )?(?:text |line |word )?#(?P<read>\d{1,6})(?: aloud| out)?"
    r"|(?:what|who)(?: is|'s) (?:the )?(?:thing |number )?#(?P<is>\d{1,6})"
)


def numbered(scope: Scope) -> Fragment | None:
    """What #3 says, or is."""
    match = patterns.fullmatch(ASKED, scope.text.lower().strip(" ?.!"))
    if match is None:
        return None
    scene = scope.work.view.scene
    number = int(next(n for n in match.groups() if n))
    entity = scene.entity(number)
    if entity is None:
        known = f"there are #1 to #{len(scene.entities)}" if scene.entities else "none is known"
        return Fragment(f"I know no #{number}: {known}", "cannot")
    if entity.kind == "thing":
        return Fragment(f"It is a {entity.label} [#{number}]")
    return Fragment(f'It says "{entity.label}" [#{number}]')
