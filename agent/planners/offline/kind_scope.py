"""What kind of thing a noun names: what a tool finds, a field, a kind of text, a sign, an object.

Knows nothing of where such things are in a picture (``scope.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.planners.offline.phrases import Target
from agent.planners.offline.text_scope import TextScope
from tools.catalog import ANY
from tools.types import Placed, TextSpans


@dataclass(frozen=True)
class KindScope(TextScope):
    """One clause about one picture, and what its nouns name."""

    def noun(self, target: Target) -> tuple[str, str] | None:
        """The tool (and label) that finds the target's head noun."""
        full = " ".join([*target.modifiers, target.head])
        for noun in (full, target.head):
            found = self.words.nouns.get(noun)
            if found is not None:
                spec = self.work.view.catalog.tools[found[0]]
                if issubclass(spec.returns, Placed) and spec.returns is not TextSpans:
                    return found
        return None

    def field_kind(self, target: Target) -> str:
        """The kind of field a noun names; '' for none."""
        if target.head in ("shop", "store", "restaurant"):
            return ""
        return str(self.words.table("fields").get(target.head, ""))

    def kind_of(self, target: Target) -> str:
        """The kind of text a noun phrase asks for; '' for none."""
        said = " ".join([*target.modifiers, target.head]).split()
        for start in range(len(said)):
            kind = self.words.table("kinds").get(" ".join(said[start:]))
            if kind is not None:
                return str(kind)
        return ""

    def is_text(self, target: Target) -> bool:
        """Whether the target is writing, or a thing known by the writing on it."""
        head = target.head
        return head in self.words.lexicon["text_nouns"] or self.words.is_carrier(head)

    def is_object(self, target: Target) -> bool:
        """Whether the target is a thing that bears text but is more than its text."""
        return target.head in self.words.lexicon["objects"]

    def is_surface(self, target: Target) -> bool:
        """Whether the target is a plate, sign or label: known by its text, larger than it."""
        if self.noun(target) is not None or self.field_kind(target):
            return False
        sign = self.words.is_carrier(target.head) and not self.is_object(target)
        return self.kind_of(target) == "plate" or sign

    def part_of_seen(self, thing: Target, owner: Target) -> bool:
        """Whether a thing and what it belongs to, or is told by, are seen rather than read."""
        lexicon = self.words.lexicon
        if self.is_text(thing) and not self.is_object(thing):
            return False
        if owner.head in lexicon["sights"]:
            return True
        seen = owner.head in lexicon["objects"] or owner.head in lexicon["sorts_of_person"]
        return seen and self.open_eyed()

    def open_eyed(self) -> bool:
        """Whether a model is ready that finds whatever it is told to."""
        models = self.work.view.catalog.of_ability("detect")
        return any(m.labels == ANY and not m.missing() for m in models)
