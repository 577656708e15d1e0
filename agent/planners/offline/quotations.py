"""Quoted text, taken out of a question before it is read and put back where it is needed.

Knows nothing of clauses or of what the quotes are for.
"""

from __future__ import annotations

import re

from agent.planners.offline import patterns


def take_quotes(question: str) -> tuple[str, tuple[str, ...]]:
    """A question in lower case with ⟦0⟧ for its first quote, and the quotes."""
    text = question.strip().replace("’", "'").replace("‘", "'")
    text = patterns.sub(r"[“”„«»]", '"', text)
    quotes: list[str] = []

    def keep(match: re.Match[str]) -> str:
        quotes.append(next(g for g in match.groups() if g))
        return f" ⟦{len(quotes) - 1}⟧ "

    text = patterns.sub(r'"([^"]{1,200})"|(?<!\w)\'([^\']{1,200})\'(?!\w)', keep, text)
    return patterns.sub(r"\s+", " ", text).lower(), tuple(quotes)


def unquote(text: str, quotes: tuple[str, ...]) -> str:
    """Quoted text put back."""
    return patterns.sub(r"⟦(\d+)⟧", lambda m: quotes[int(m.group(1))], text).strip()
