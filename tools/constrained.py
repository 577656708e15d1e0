"""Replies that keep to a JSON schema: a language model may only write what the schema allows.

llguidance says at each token which may follow; all others are masked. When the reply has to end
before the schema is met, the shortest end that meets it is written without asking the model, so
that even random weights give a whole reply. Knows nothing of plans or of particular models.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from tools import packages
from tools.errors import BadArguments, SetupError

ENDS_WITHIN = 4000
"""Tokens in which any schema must come to its end."""
_CLOSERS = ("}", "]", '"', ",", "0", "a")
"""What brings JSON to an end soonest, in this order; inside a text the quote comes first."""


class Grammars:
    """What one tokenizer can be held to. Made once for a loaded model: it takes a second or two."""

    def __init__(self, tokenizer: Any, size: int) -> None:
        """Read the vocabulary.

        Args:
            tokenizer: a fast tokenizer of ``transformers``.
            size: of the model's output, in tokens.

        Raises:
            SetupError: llguidance is not installed, or cannot read the tokenizer.
        """
        if not packages.installed("llguidance"):
            raise SetupError(
                "replies cannot be held to a schema: package llguidance is not installed",
                hint="pip install 'ocelli[vision]'",
            )
        import llguidance.hf

        try:
            self._tokens = llguidance.hf.from_tokenizer(tokenizer, n_vocab=size)
        except (ValueError, TypeError) as error:
            words = next(iter(str(error).splitlines()), "")[:200]
            raise SetupError(
                f"replies of this tokenizer cannot be held to a schema: {words}"
            ) from None
        self.end = int(tokenizer.eos_token_id)
        self._closers = {c: i for c in _CLOSERS if (i := _single(self._tokens, c)) is not None}

    def held_to(self, schema: Mapping[str, Any]) -> Writing:
        """A reply that has yet to be written.

        Raises:
            BadArguments: the schema has something that cannot be enforced.
        """
        from llguidance import LLMatcher

        options: Any = {"whitespace_flexible": False, "coerce_one_of": True}
        grammar = LLMatcher.grammar_from_json_schema(json.dumps(schema), defaults=options)
        matcher = LLMatcher(self._tokens, grammar, log_level=0)
        if matcher.is_error():
            raise BadArguments(f"the schema cannot be enforced: {matcher.get_error()[:200]}")
        return Writing(matcher, self._closers, self.end)


def _single(tokens: Any, text: str) -> int | None:
    """The token that is this character alone."""
    found = tokens.tokenize_str(text)
    return int(found[0]) if len(found) == 1 else None


class Writing:
    """One reply under way: what may come next, and how it ends."""

    def __init__(self, matcher: Any, closers: Mapping[str, int], end: int) -> None:
        self._matcher, self._closers, self._end = matcher, closers, end

    @property
    def done(self) -> bool:
        """Whether the reply is whole and nothing can follow."""
        return bool(self._matcher.is_stopped())

    def allowed(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """(vocabulary,) whether each token may come next."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        return np.unpackbits(bits, bitorder="little").astype(bool)

    def take(self, token: int) -> None:
        """The token that came next.

        Raises:
            BadArguments: it may not.
        """
        if not self.done and not self._matcher.consume_token(token):
            raise BadArguments(
                f"token {token} breaks the schema: {self._matcher.get_error()[:200]}"
            )

    def ending(self) -> list[int]:
        """The tokens that complete the reply soonest; they are taken.

        Raises:
            BadArguments: the schema has no end.
        """
        added: list[int] = []
        while not self._matcher.is_accepting() and not self.done:
            forced = self._matcher.compute_ff_tokens()
            for token in forced or [self._soonest()]:
                self.take(token)
                added.append(token)
            if len(added) > ENDS_WITHIN:
                raise BadArguments(f"the schema is not met after {ENDS_WITHIN} more tokens")
        return added

    def _soonest(self) -> int:
        allowed = self.allowed()
        able = [c for c, token in self._closers.items() if allowed[token]]
        if "}" in able and "]" in able:  # only inside a text
            able = [c for c in ('"', "a") if c in able] or able
        return self._closers[able[0]] if able else int(np.argmax(allowed))


def processor(writing: Writing, prompt_length: int) -> Any:
    """The logits processor for ``generate``, one reply at a time.

    Args:
        writing: The reply.
        prompt_length: Tokens before it.
    """
    import torch
    from transformers import LogitsProcessor

    class Held(LogitsProcessor):  # type: ignore[misc]
        def __call__(self, input_ids: Any, scores: Any) -> Any:
            if input_ids.shape[1] > prompt_length:
                writing.take(int(input_ids[0, -1]))
            allowed = torch.from_numpy(writing.allowed()).to(scores.device)
            size = scores.shape[1]
            if len(allowed) < size:
                allowed = torch.nn.functional.pad(allowed, (0, size - len(allowed)))
            return scores.masked_fill(~allowed[:size], float("-inf"))

    return Held()
