"""The search terms of a question: its telling words, and what may be written in their stead.

Knows nothing of the picture that is searched, nor of what kind of answer is wanted.
"""

from __future__ import annotations

import re

from agent.planners.offline import patterns
from agent.planners.offline.phrases import DETERMINERS
from agent.planners.offline.quotations import unquote
from agent.planners.offline.scope import Scope
from tools.samewords import tokens

STOP = frozenset(
    "what which who whom whose when where why how much many long far is are was were be been am do does did "
    "done the a an this that these those it its there here of in on at for from to and or by with as than "
    "then i me my we us our you your he him his she her they them their one ones not no any some all each "
    "can could may might must should would will shall have has had s t d ll re ve please tell me give show "
    "find get say says said so if about into out up per number name value word text thing things kind type "
    "exactly currently now written printed mentioned listed stated indicated shown displayed called named".split()
)
"""Words of a question that say nothing about where to look."""
SOFT = frozenset(
    "open opens opened close closes closed start starts begin begins end ends leave leaves depart departs "
    "arrive arrives go goes need needs take takes use apply applies last serve serves served sell buy play "
    "playing run runs come comes make makes pay cost costs price contain contains include includes day date "
    "time times hour hours year shop store place first last next today total amount left right eat drink "
    "want like order read reads mean means valid expire expires stand stands belong got hold train bus flight "
    "people person customer customers car drive driver page line row entry send sent write wrote".split()
)
"""Words that help to find the place but need not be written there."""


def content(scope: Scope, text: str = "") -> list[str]:
    """The words of the clause that may be written in the picture, the most telling first."""
    said = unquote(text or scope.text, scope.clause.quotes)
    said = patterns.sub(r"\b(?:in|to|for) the us\b", " usa ", said)
    nouns = "|".join(re.escape(n) for n in scope.words.list("carriers"))
    said = patterns.sub(rf"\b{DETERMINERS} (?:{nouns})s?\b", " ", said)
    words = [w for w in tokens(said) if w.lower() not in STOP and not scope.words.is_picture(w)]
    return list(dict.fromkeys(w.removesuffix("'s") for w in words))


def expanded(scope: Scope, words: list[str]) -> list[str]:
    """Words with what may be written in their stead: "expiry" with "exp", "use by"."""
    table = scope.words.table("written_as")
    return [*words, *(other for w in words for other in table.get(w, ()))]
