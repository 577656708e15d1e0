"""What a goal reads of its picture: text and fields, and how their parts are quoted and cited.

Knows nothing of targets, nor of particular questions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from agent.planners.offline.splitting import Clause
from agent.planners.offline.words import Words
from agent.planners.offline.work import Ref, Work, listed, quoted
from tools.textkinds import values
from tools.types import Placed, Table, TextSpans


@dataclass(frozen=True)
class TextScope:
    """One clause, and the text of the one picture it is about."""

    work: Work
    words: Words
    clause: Clause
    image: Ref
    """The picture the clause is about."""
    edited: Ref
    """The picture that edits go on from: `image`, or what edits of the same frame made of it."""
    images: tuple[Ref, ...]
    """All pictures of the question, in order."""
    given: Ref | None = None
    """Boxes the person drew."""

    @property
    def text(self) -> str:
        """The clause in lower case."""
        return self.clause.text

    def about(self, image: Ref) -> Self:
        """The same clause about another picture."""
        return replace(self, image=image, edited=image)

    def spans(self, detail: str = "normal", level: str = "line") -> Ref:
        """The text of the picture."""
        args: dict[str, str] = {} if detail == "normal" else {"detail": detail}
        if level != "line":
            args["level"] = level
        return self.work.call("read_text", image=self.image, region=self.given, **args)

    def grouped(self, text: Ref, by: str = "row") -> Ref:
        """Pieces of text joined to rows or paragraphs."""
        return self.work.call("group_text", text=text, by=by)

    def fields(self, detail: str = "normal") -> Ref:
        """The fields of the text of the picture."""
        return self.work.call("read_fields", text=self.spans(detail))

    def rows(self, detail: str = "normal", **wanted: str) -> list[dict[str, str]]:
        """Rows of the fields table, chosen by `find_rows`."""
        return list(self.work.see(self.row_ref(detail, **wanted), Table))

    def row_ref(self, detail: str = "normal", **wanted: str) -> Ref:
        """The call that chooses rows of the fields table."""
        return self.work.call("find_rows", table=self.fields(detail), **wanted)

    def looks(self, first: Ref) -> Iterator[Ref]:
        """`first`, then all the text, then the second look; each only asked for when reached."""
        yield first
        if first != self.spans():
            yield self.spans()
        yield self.spans("fine")

    def look_twice(self, find_in: str, **wanted: str) -> Ref | None:
        """Text chosen by `pick`, in the normal reading and then in the fine one; None if neither."""
        for detail in ("normal", "fine"):
            spans = self.spans(detail)
            if not len(self.work.see(spans, TextSpans)):
                continue
            found = self.work.call("pick", things=spans, image=self.image, **wanted)
            if len(self.work.see(found, Placed)):
                return found
        return None

    def where(self) -> str:
        """`` in picture 2`` where there are several."""
        if len(self.images) < 2 or self.image not in self.images:
            return ""
        return f" in picture {self.images.index(self.image) + 1}"

    def say_text(self, ref: Ref, rows: list[int] | None = None, limit: int = 12) -> str:
        """Quoted texts of an artefact with its cites."""
        placed = self.work.see(ref, Placed)
        chosen = list(range(len(placed))) if rows is None else rows
        shown = quoted(placed.labels[r] for r in chosen[:limit])
        more = f" and {len(chosen) - limit} more" if len(chosen) > limit else ""
        return f"{shown}{more}{self.work.cite(ref, chosen[:limit])}"

    def say_kind(self, ref: Ref, kind: str, rows: list[int] | None = None, digits: int = 0) -> str:
        """The parts of the texts that are of a kind (and have so many digits), quoted, with cites."""
        texts = self.work.see(ref, TextSpans).texts
        chosen = list(range(len(texts))) if rows is None else rows
        parts = [(r, v) for r in chosen for v in (values(texts[r], kind) or [texts[r]])]
        counted = [p for p in parts if digits == sum(c.isdigit() for c in p[1])]
        parts = counted if digits and counted else parts
        return quoted(dict.fromkeys(v for _, v in parts)) + self.work.cite(
            ref, [r for r, _ in parts]
        )

    def witnesses(self, ref: Ref) -> str:
        """``; dfine-large and owlv2-base looked``: the models behind a result; '' for none."""
        made = self.work.view.of_call(ref.call_id) if ref.call_id else None
        names = [name for name in (made.model if made else "").split(", ") if name]
        return f"; {listed(names)} looked" if names else ""

    def absent(self, what: str, *where: Ref) -> str:
        """The sentence that says what was looked for and not found, citing the empty results."""
        cites = "".join(self.work.cite(ref) for ref in where)
        return f"I find no {what}{self.where()}{cites}"
