"""What a goal sees while it runs, and how a target becomes a reference to placed things.

The clause, what is in focus, how the conditions narrow what was found. Knows nothing of particular
questions, of what kind of thing a noun names (``kind_scope.py``) nor of how text is read and quoted
(``text_scope.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.planners.offline.chains import reach
from agent.planners.offline.ellipsis import OPPOSITE, completed
from agent.planners.offline.kind_scope import KindScope
from agent.planners.offline.patterns import findall, sub
from agent.planners.offline.phrases import Target, target, targets
from agent.planners.offline.work import Cannot, Ref, cannot_find
from tools.choose import is_code_word
from tools.geometry import centres
from tools.samewords import tokens, written_in
from tools.textkinds import find
from tools.types import Codes, Image, Labels, Placed, Text, TextSpans

NUMBERED = r"(?:\b(?:the|thing|things|number|item|object)\b|#\d{1,6}|\band\b|[\s,.;])+"
"""All there is in a phrase such as "the thing #2 and #5"."""
SURE_TEXT = 0.85
"""Similarity from which a word of the question counts as read in the picture."""


@dataclass(frozen=True)
class Scope(KindScope):
    """One clause about one picture, and what its targets mean there."""

    focus: Ref | None = None
    """What "it" means: the result of the goal before."""
    points: Ref | None = None
    """Points the person clicked."""
    mentioned: Target | None = None
    """The last thing named in the clauses before, for "it"."""
    override: Target | None = None
    """Conditions of a follow-up ("and the one on the right?") that replace those of the clause."""
    confirm: bool = False
    """Whether a second witness must see the things, where one is ready: for yes and no."""

    def target(self, phrase: str) -> Target:
        """A noun phrase of the clause, with the follow-up's conditions where there are any."""
        return self.adapt(target(phrase, self.words, self.clause.quotes))

    def targets(self, phrase: str) -> list[Target]:
        """Noun phrases joined by ``and`` or commas."""
        return [self.adapt(t) for t in targets(phrase, self.words, self.clause.quotes)]

    def adapt(self, said: Target) -> Target:
        """A target of the earlier clause as the follow-up changes it."""
        return completed(said, self.override)

    def find(self, target: Target) -> Ref:
        """The placed things a target means, conditions applied. May be pending, may be empty.

        Raises:
            Cannot: nothing that is ready can find such a thing.
        """
        numbers = findall(r"#(\d{1,6})", target.text)
        if numbers and not sub(NUMBERED, "", target.text.lower()):
            return self._numbered([int(n) for n in numbers])
        if target.pronoun and target.is_plain:
            return self._in_focus(target)
        if target.pronoun and self.mentioned is not None:
            merged = replace(target, head=self.mentioned.head, pronoun=False)
            return self.find(replace(merged, modifiers=self.mentioned.modifiers))
        if target.of is not None and self.part_of_seen(target, target.of):
            return self._of_owner(target, target.of)
        if self.is_surface(target):
            return self._surface(target)
        return self.choose(self.source(target), target)

    def _numbered(self, numbers: list[int]) -> Ref:
        """Things by the numbers that an answer gave them."""
        scene = self.work.view.scene
        unknown = [f"#{n}" for n in numbers if scene.entity(n) is None]
        if unknown:
            known = f"there are #1 to #{len(scene.entities)}" if scene.entities else "none is known"
            raise Cannot(f"I know no {' or '.join(unknown)}: {known}")
        return self.work.call("pick", things=" ".join(f"#{n}" for n in numbers))

    def _of_owner(self, target: Target, owner: Target) -> Ref:
        """A part looked for inside its whole, a person by the clothes: as far as eyes are open."""
        if not self.open_eyed() or self.kind_of(target) or self.field_kind(target):
            return self.find(owner) if owner.head in self.words.lexicon["sights"] else self.find(
                replace(target, of=None)
            )  # fmt: skip
        whole = replace(target, of=None)
        person = ("person", *self.words.lexicon["sorts_of_person"])
        if target.head in person:
            phrase = sub(r"^(?:the|a|an|all|every|each|any|both) ", "", target.text)
            found = self.work.call("detect", image=self.image, phrases=[phrase])
            return self.choose(found, replace(whole, colors=()))
        names = [" ".join([*target.modifiers, target.head])]
        part = self.work.call("detect", image=self.image, phrases=names, region=self.find(owner))
        return self.choose(part, whole)

    def _surface(self, target: Target) -> Ref:
        plate = self.kind_of(target) == "plate"
        if not plate and target.modifiers and not target.contains:
            target = self.by_name(target)
        text = self.choose(self._text_of_kind("plate") if plate else self._text_for(target), target)
        return self.work.call("find_surface", image=self.image, text=text)

    def by_name(self, target: Target) -> Target:
        """Such as the exit sign: the sign that says exit, where one does."""
        name = " ".join(target.modifiers)
        spans = self.work.see(self._text_for(target), TextSpans)
        said = any(score >= SURE_TEXT for _, score in find(spans, name)) if len(name) > 2 else False
        return replace(target, contains=name) if said else target

    def _in_focus(self, target: Target) -> Ref:
        if self.given is not None:
            return self.given
        if self.points is not None:
            return self.work.call("segment", image=self.image, points=self.points)
        if self.focus is not None and self._is_placed(self.focus):
            return self.focus
        if self.mentioned is not None:
            return self.find(self.mentioned)
        raise Cannot(
            f"I do not know what {target.text!r} refers to: name it, or draw a box around it"
        )

    @property
    def has_focus(self) -> bool:
        """Whether "it" means a thing in the picture rather than the picture."""
        drawn = self.given is not None or self.points is not None
        return drawn or (self.focus is not None and self._is_placed(self.focus))

    def _is_placed(self, ref: Ref) -> bool:
        """Whether a result has places in the picture; a pending one may."""
        return not issubclass(self.work.view.kinds.get(ref.name, Placed), Image | Text | Labels)

    def source(self, target: Target) -> Ref:
        """All things of the target's kind in the picture, before any condition."""
        noun = self.noun(target)
        if noun is not None:
            tool, label = noun
            if label:
                return self._detected(tool, label)
            return self._by_tool(tool, target)
        table = self.field_of(target)
        if table is not None:
            return table
        kind = self.kind_of(target)
        if kind:
            return self._text_of_kind(kind)
        if target.contains or (self.is_text(target) and not self.is_object(target)):
            return self._text_for(target)
        seen_only = target.head in self.words.lexicon["sights"] and not target.modifiers
        anchored = None if seen_only else self._written(target)
        if anchored is not None:
            return anchored
        if self.open_eyed():
            phrase = " ".join([*target.colors, *target.modifiers, target.head or target.text])
            return self._detected("detect", phrase)
        raise Cannot(cannot_find(self.work.view, "detect", repr(target.head or target.text)))

    def _detected(self, tool: str, phrase: str) -> Ref:
        """What a tool that is told a name finds."""
        sure = self.confirm and "confirm" in self.work.view.catalog.tool(tool).params
        more = {"confirm": True} if sure else {}
        return self.work.call(tool, image=self.image, phrases=[phrase], region=self.given, **more)

    def _by_tool(self, tool: str, target: Target) -> Ref:
        spec = self.work.view.catalog.tool(tool)
        found = reach(self.work, self.words.graph, self.image, spec)
        format_said = [w for w in target.modifiers if is_code_word(w)]
        if issubclass(spec.returns, Codes) and (target.head != "code" or format_said):
            kind = " ".join([*format_said, target.head])
            return self.work.call("pick", things=found, image=self.image, kind=kind)
        return found

    def field_of(self, target: Target) -> Ref | None:
        """The lines of a receipt or form that the target names, as boxes."""
        kind = self.field_kind(target)
        if not kind:
            return None
        return self.work.call("row_boxes", table=self.row_ref(kind=str(kind)))

    def _text_of_kind(self, kind: str) -> Ref:
        found = self.look_twice("text", kind=kind)
        return found or self.work.call("pick", things=self.spans(), image=self.image, kind=kind)

    def _text_for(self, target: Target) -> Ref:
        level = "word" if target.head in ("word", "letter") else "line"
        spans = self.spans(level=level)
        if not len(self.work.see(spans, TextSpans)):
            spans = self.spans("fine", level=level)
        return spans

    def _written(self, target: Target) -> Ref | None:
        """Text that spells the target's own words: "the Acme", "the exit"."""
        wanted = " ".join([*target.modifiers, target.head]).strip()
        for words in dict.fromkeys((wanted, target.head)):
            if len(words) < 3:
                continue
            spans = self.work.see(self.spans(), TextSpans)
            said = tokens(words)
            if any(len(written_in(said, t)) == len(said) for t in spans.texts):
                return self.work.call("pick", things=self.spans(), image=self.image, contains=words)
        return None

    def choose(self, base: Ref, target: Target) -> Ref:
        """`base` narrowed by the conditions of the target, as one `pick` where there are any."""
        wanted: dict[str, object] = {}
        if target.contains:
            wanted["contains"] = target.contains
        if target.colors:
            wanted["color"] = target.colors[0]
        if target.size:
            wanted["size"] = target.size
        self._place(base, target, wanted)
        if target.relation == "between" and target.to is not None and target.also is not None:
            base = self._amid(base, target.to, target.also)
        elif target.relation and target.to is not None:
            wanted["relation"] = target.relation
            to = target.to
            same = to.head == "one" or (to.pronoun and not to.is_plain)
            wanted["to"] = self.find(replace(to, head=target.head, pronoun=False) if same else to)
        if not wanted:
            return base
        return self.work.call("pick", things=base, image=self.image, **wanted)

    def _amid(self, base: Ref, one: Target, other: Target) -> Ref:
        """What lies between two things: beyond the first of them and short of the second."""
        ends = [self.find(t) for t in (one, other)]
        placed = [self.work.see(end, Placed) for end in ends]
        if not all(len(p) for p in placed):
            return self.work.call("pick", things=base, relation="between", to=ends[0])
        apart = centres(placed[1].xyxy[:1])[0] - centres(placed[0].xyxy[:1])[0]
        axis = int(abs(apart[1]) > abs(apart[0]))
        low, high = ends if apart[axis] > 0 else ends[::-1]
        before, behind = (("left of", "right of"), ("above", "below"))[axis]
        beyond = self.work.call("pick", things=base, relation=behind, to=low)
        return self.work.call("pick", things=beyond, relation=before, to=high)

    def _place(self, base: Ref, target: Target, wanted: dict[str, object]) -> None:
        if target.index:
            wanted["index"] = target.index
            wanted["order"] = target.order or "reading"
        if target.position:
            wanted["position"] = target.position
        elif target.part:
            side = target.part.removesuffix(" half")
            corner = target.part.removesuffix(" quarter").replace(" ", "-")
            place = side if side in OPPOSITE else corner if "-" in corner else ""
            if place and not target.many and self.noun(target) is not None:
                wanted["position"] = place
            else:
                wanted["region"] = target.part
