"""Goals about what only neural models can see, and the honest end for everything not understood.

Asked early, so that nobody waits for a reading that cannot matter. Knows nothing of the wording of
other goals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent.planners.offline import patterns
from agent.planners.offline.asking import asked, described, lacking, ready
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Cannot, Fragment

FAMILIES = (
    ("edit_by_instruction", "a diffusion model",
     r"\b(watercolou?r|oil painting|cartoon|anime|van gogh|comic|generate|imagine|add an?|replace|swap|put an?)\b"),
    ("depth", "a depth model",
     r"\b(how (?:near|far away|deep)|depth|closer to (?:the camera|us|me)|nearer to (?:the camera|us|me)|"
     r"in front of|behind)\b"),
    ("pose", "a pose model",
     r"\b(poses?|posture|(?:left|right|both|raised|her|his|their) (?:arms?|legs?|hands?|knees?|elbows?)|arms? (?:up|raised|crossed|folded)|hands? up)\b"),
    ("caption", "a captioner or a multimodal model",
     r"\b(descri(?:be|ption)|what (?:is|was) (?:happening|going on)|what happens|what do you see|what can (?:you|i) see|summari[sz]e (?:the|this) (?:picture|photo|image|scene)|(?:write|make|suggest|invent) (?:\w+ )*(?:caption|title|story)|"
     r"odd|strange|funny|unusual|weird|wrong with|mood|atmosphere|what is (?:this|that|it|in (?:the|this) \w+)$)\b"),
    ("vqa", "a multimodal model",
     r"\b((?:is|are|was|were) .*\b(?:smiling|laughing|crying|sleeping|asleep|awake|running|walking|sitting|standing|"
     r"lying|jumping|playing|eating|drinking|riding|driving|flying|swimming|dancing|fighting|looking at|pointing at|talking|raining|snowing|wearing|holding|carrying)|"
     r"what (?:is|are|was|were) .*\b(?:doing|wearing|holding|carrying|eating|drinking|looking at|riding|pulling|pushing|throwing|catching|made of|playing(?: with)?)|"
     r"what (?:does|do|did) .*\b(?:wear|hold|carry|eat|feel|look like|think)|"
     r"who (?:is|are|was) (?:this|that|she|he|they|it|in (?:the|this) \w+|the (?:man|woman|person|people|boy|girl|lady|guy|actor|actress|player)\b.*|pointing.*|\w+ing\b.*)$|"
     r"how old|what age|age of|happy|sad|angry|afraid|scared|surprised|tired|bored|emotions?|facial expression|feeling|"
     r"good[- ]looking|pretty|beautiful|attractive|male or female|female or male|(?:man|boy) or a? ?(?:woman|girl)|(?:woman|girl) or a? ?(?:man|boy)|gender|ethnicity|nationality|race of|"
     r"breed|species|weather|indoors?|outdoors?|outside or|season|(?:what )?time of (?:the )?day|day or night|night or day|daytime|night ?time|sunny|cloudy|"
     r"(?:switched|turned) (?:on|off)|full or empty|empty or full|dead or alive|ripe|dirty|broken|"
     r"facing|know each other|kind of (?:animal|dog|cat|bird|car|food|fruit|flower|tree|plant|vehicle|building|room|place|sport|weather)s?|which (?:animal|fruit|vegetable|food|vehicle|sport|room|plant|flower|bird|insect)s?|"
     r"what (?:animal|fruit|vegetable|food|vehicle|sport|room|plant|flower|bird|insect)s?|in the (?:background|foreground)|same person|look alike|resembl\w+)\b"),
)  # fmt: skip
"""(ability, who has it, what asks for it)."""
READ_INSTEAD = (
    r"\b(says?|said|reads?|written|printed|text|words?|letters?|title|heading|name[ds]?|called|sign|label|"
    r"receipt|menu|poster|page|according to|mention(?:s|ed)?|caption (?:say|read|at|on)|brand|logo|number|price|cost|code)\b|⟦"
)
"""Words with which a question may well be answered from lettering."""
COUNTED = r"^(?:how many|are there|is there|where|any)\b"
TOLD_IN_WORDS = ("", "detect", "caption", "vqa", "read_text", "answer_grounded")
"""Abilities whose orders may end in an answer in words; other orders want what only they make."""
ORDERED = r"^(?:make|turn|blur|crop|cut|draw|put|remove|replace|add|paint|rotate|hide|cover|black|erase|mark|circle|highlight)\b"


def beyond(scope: Scope) -> Fragment | None:
    """What only a model that sees can tell: actions, moods, ages, kinds of animals, descriptions.

    Raises:
        Cannot: it is asked for, and no such model is ready.
    """
    text = scope.text
    if (
        patterns.search(READ_INSTEAD, text)
        or patterns.search(COUNTED, text)
        or patterns.search(ORDERED, text)
    ):
        return None
    ability, who = _wanted(scope, FAMILIES[1:])
    if not ability:
        return None
    if ability in TELLERS and ready(scope.work.view, ability):
        return TELLERS[ability](scope)
    if ability not in TELLERS and ready(scope.work.view, ability):
        return None  # a tool of its own, which the clause may name
    raise lacking(scope.work.view, ability, who)


def unknown(scope: Scope) -> Cannot:
    """The honest end: which ability the clause would need."""
    ability, who = _wanted(scope, FAMILIES)
    return lacking(scope.work.view, ability or "vqa", who or "a multimodal model")


def ask(scope: Scope) -> Fragment | None:
    """What the experts cannot tell, put to a model that sees, where one is ready; never an order."""
    if patterns.search(ORDERED, scope.text) or not ready(scope.work.view, "vqa"):
        return None
    catalog = scope.work.view.catalog
    verb = next((v for v in scope.words.verbs if patterns.match(rf"{v}\b", scope.text)), "")
    if verb and catalog.tools[scope.words.verbs[verb]].needs not in TOLD_IN_WORDS:
        return None
    return asked(scope)


def _wanted(scope: Scope, families: Sequence[tuple[str, str, str]]) -> tuple[str, str]:
    """The ability that a clause asks for and who has it; '' where it asks for none."""
    return next(
        ((a, w) for a, w, pattern in families if patterns.search(pattern, scope.text)), ("", "")
    )


TELLERS: dict[str, Callable[[Scope], Fragment]] = {"caption": described, "vqa": asked}
"""Abilities whose models are asked in the words of the clause."""
