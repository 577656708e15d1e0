"""Which tool's result fits which tool's parameter, computed from the signatures alone.

Nodes are the classes of artefacts and the names of tools; an edge leads from a class to a tool
that takes it and from a tool to the class it returns. Subclasses fit: a parameter typed `Placed`
takes boxes, masks, texts and codes. The graph offers tools, fills and inserts what is plainly
missing, words the refusal, and is searched for chains (``tools/graph_search.py``) and drawn
(``tools/graph_svg.py``). Knows nothing of plans, runs or models, except whether a tool is ready.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tools.catalog import Catalog, Param, ToolSpec
from tools.graph_search import chains, passes_on, required
from tools.types import ARTEFACTS, Artefact, Image, Placed

if TYPE_CHECKING:
    import networkx as nx

INSERT_DEPTH = 3
"""Longest chain that counts as plainly missing."""
Held = Mapping[str, "Artefact | type[Artefact]"]
"""Handle to artefact, oldest first; a class stands for the result of a call still to come."""


class ToolGraph:
    """Tools joined by what they take and give."""

    def __init__(
        self, catalog: Catalog, ready: Callable[[ToolSpec], str] = lambda spec: ""
    ) -> None:
        """Compute the graph.

        Args:
            catalog: the tools.
            ready: why a tool cannot run here, '' when it can.
        """
        self.catalog = catalog
        self.ready = ready

    @cached_property
    def graph(self) -> nx.DiGraph[Any]:
        """What joins what.

        Made when a chain or a maker is first looked for: its library is slow to import, and most
        plans name what they need.
        """
        return _graph(self.catalog)

    def offer(self, held: Iterable[type]) -> list[ToolSpec]:
        """The ready tools whose required artefacts can be had from `held`.

        A set says which classes there are, any number of each; in a list every entry is one
        artefact and serves one parameter (comparing wants two pictures).
        """
        endless = isinstance(held, AbstractSet)
        kinds = list(held)

        def fires(spec: ToolSpec) -> bool:
            wants = required(spec)
            if endless:
                return all(any(p.takes(k) for k in kinds) for p in wants)
            return _seated(wants, kinds)

        return [s for s in self.catalog.tools.values() if not self.ready(s) and fires(s)]

    def producers(self, kind: type) -> list[ToolSpec]:
        """The tools that make a `kind`, ready or not, those that only look first.

        Tools that hand on what they are given (a choice among things) make nothing.
        """
        names = {
            name
            for node in self.graph.nodes
            if isinstance(node, type) and issubclass(node, kind)
            for name in self.graph.predecessors(node)
        }
        makers = [self.catalog.tools[n] for n in names]
        return sorted(
            (s for s in makers if passes_on(s) is None), key=lambda s: (s.effect == "edit", s.name)
        )

    def missing(self, spec: ToolSpec, args: Mapping[str, Any]) -> list[Param]:
        """The required artefacts that `args` does not name."""
        return [p for p in required(spec) if args.get(p.name) is None]

    def fill(self, spec: ToolSpec, args: Mapping[str, Any], held: Held) -> dict[str, Any]:
        """`args` with the handles of missing artefacts put in where only one choice is sensible.

        Optional parameters and those already given are left alone, and a handle is used once.
        Things must lie in the root picture of what is given (two pictures need not share one).
        A missing parameter is filled when

        1. exactly as many unused artefacts fit as parameters of its class are missing
           (two pictures for a comparison are taken in the order they came), or
        2. it wants a picture, all that fit show one root, and one covers that root whole: the
           newest of those. An edit goes on where the last one stopped; a crop is only a look.
        """
        filled = dict(args)
        for param in self.missing(spec, filled):
            alike = [p for p in self.missing(spec, filled) if p.type is param.type]
            if param not in alike:
                continue
            given = {v for v in filled.values() if isinstance(v, str) and v in held}
            fits = _fitting(param, given, held)
            if len(fits) == len(alike):
                filled |= {p.name: h for p, h in zip(alike, fits, strict=True)}
            elif len(alike) == 1 and (newest := _newest_whole(param, fits, held)):
                filled[param.name] = newest
        return filled

    def insert(self, spec: ToolSpec, missing_param: str, held: Iterable[type]) -> list[ToolSpec]:
        """The shortest chain that plainly makes a missing artefact; [] where none or several do.

        Only ready tools that need no plain argument come into question; of equally long chains
        the one that edits less is plainer.
        """
        plain = [
            s
            for s in self.catalog.tools.values()
            if s is not spec and not self.ready(s) and not _needs_words(s)
        ]
        wanted = spec.params[missing_param].type
        found = chains(plain, held, wanted, depth=INSERT_DEPTH, most=2)
        return list(found[0]) if len(found) == 1 else []

    def refusal(self, spec: ToolSpec, missing: str) -> str:
        """Why `spec` cannot run without `missing`, and which tools would make it."""
        kind = spec.params[missing].type
        wants = f"`{missing}` wants {self._words(kind)}"
        makers = [s for s in self.producers(kind) if not any(p.takes(kind) for p in required(s))]
        ready = [s.name for s in makers if not self.ready(s)]
        if ready:
            return f"{wants}; made by {', '.join(ready)}"
        if makers:
            reasons = "; ".join(f"{s.name} ({self.ready(s)})" for s in makers)
            return f"{wants}; made by {reasons}, not ready here"
        return f"{wants}; no tool makes it, it must be given"

    def path(
        self, held: AbstractSet[type], wanted: type, *, via: Sequence[str] = ()
    ) -> list[ToolSpec] | None:
        """The shortest chain of ready tools from `held` to a `wanted`, None where there is none.

        Every result on the way is used by a later tool. A tool that chooses among things hands on
        their class. The chain is [] when `wanted` is held and nothing is asked for on the way.

        Args:
            held: classes of the artefacts there are.
            wanted: class of the last result.
            via: names of tools that must be on the way, in this order.

        Raises:
            BadArguments: `via` names a tool that does not exist.
        """
        for name in via:
            self.catalog.tool(name)
        ready = [s for s in self.catalog.tools.values() if not self.ready(s)]
        found = chains(ready, held, wanted, via=via)
        return list(found[0]) if found else None

    def to_svg(self) -> str:
        """A picture of the graph for people."""
        from tools.graph_svg import draw

        return draw(self)

    def _words(self, kind: type) -> str:
        if kind is not Placed:
            return "a picture" if kind is Image else str(getattr(kind, "KIND", kind.__name__))
        made = {s.returns for s in self.producers(kind)}
        kinds = ", ".join(a.KIND for a in ARTEFACTS if a in made)
        return f"a placed thing ({kinds})" if kinds else "a placed thing"


def _graph(catalog: Catalog) -> nx.DiGraph[Any]:
    import networkx as nx

    graph: nx.DiGraph[Any] = nx.DiGraph()
    kinds: set[type] = set(ARTEFACTS)
    for spec in catalog.tools.values():
        kinds |= {spec.returns, *(p.type for p in spec.params.values() if p.is_artefact)}
    for kind in sorted(kinds, key=lambda k: k.__name__):
        graph.add_node(kind, kind="type")
    for spec in catalog.tools.values():
        graph.add_node(spec.name, kind="tool")
        graph.add_edge(spec.name, spec.returns)
        for kind in kinds:
            if slots := [p.name for p in spec.params.values() if p.takes(kind)]:
                graph.add_edge(kind, spec.name, params=tuple(slots))
    return graph


def _needs_words(spec: ToolSpec) -> bool:
    return any(p.required and not p.is_artefact for p in spec.params.values())


def _seated(wants: Sequence[Param], kinds: Sequence[type]) -> bool:
    """Whether each of `wants` can have one of `kinds` of its own."""
    if not wants:
        return True
    first, *rest = wants
    return any(
        first.takes(kind) and _seated(rest, [*kinds[:at], *kinds[at + 1 :]])
        for at, kind in enumerate(kinds)
    )


def _kind(thing: Artefact | type[Artefact]) -> type:
    return thing if isinstance(thing, type) else type(thing)


def _root(thing: Artefact | type[Artefact] | None) -> str:
    frame = getattr(thing, "frame", None)
    return str(getattr(frame, "root", ""))


def _fitting(param: Param, given: AbstractSet[str], held: Held) -> list[str]:
    """The handles that `param` takes and that agree with the root of what is given."""
    fits = [h for h, a in held.items() if h not in given and param.takes(_kind(a))]
    bound = [held[h] for h in given if param.type is not Image or _kind(held[h]) is not Image]
    roots = {_root(a) for a in bound} - {""}
    return [h for h in fits if not roots or _root(held[h]) in {*roots, ""}]


def _newest_whole(param: Param, fits: Sequence[str], held: Held) -> str:
    """The newest picture of one root that covers it; '' where the choice would be a guess."""
    pictures = {h: a for h in fits if isinstance(a := held[h], Image)}
    roots = {_root(a) for a in pictures.values()}
    if param.type is not Image or len(pictures) < len(fits) or len(roots) != 1:
        return ""
    return next((h for h in reversed(fits) if pictures[h].is_root), "")
