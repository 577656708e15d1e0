"""Calls that a network answers several at a time: taken apart into questions, put together again.

A model says what a call asks and how questions are answered; one call alone goes the same way as
many. Knows nothing of what is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from tools.context import CancelToken
from tools.errors import ToolError
from tools.neural import Network


@dataclass(frozen=True)
class Ask:
    """One call, as a model is asked."""

    questions: Sequence[Any]
    """Pictures with words, of the form that the model's own ``_say`` takes."""
    read: Callable[[list[Any]], Any]
    """Makes the result out of what is said to each question."""


class Batched(Network):
    """A network that answers questions together."""

    batch_size = 8
    """Calls that the host may hand over together, and questions that are answered at once."""

    def batch(
        self, calls: Sequence[tuple[str, tuple[Any, ...]]], *, cancel: CancelToken, **named: Any
    ) -> list[Any]:
        """Several calls in one generation, each answered as alone; for a host with many callers.

        Args:
            calls: (ability, positional arguments) of each.
            cancel: ends all of them: a host cancels it once every caller has gone.
            **named: arguments that all of them have.

        Returns:
            In order, what each call answers, or the error it would have raised.
        """
        asks: list[Ask | ToolError] = []
        for ability, args in calls:
            try:
                asks.append(self._ask(ability, *args, **named))
            except ToolError as error:
                asks.append(error)
        answers = iter(self._answers([ask for ask in asks if isinstance(ask, Ask)], cancel))
        return [next(answers) if isinstance(ask, Ask) else ask for ask in asks]

    def _one(self, ability: str, *args: Any, cancel: CancelToken) -> Any:
        (answer,) = self._answers([self._ask(ability, *args)], cancel)
        return answer

    def _answers(self, asks: Sequence[Ask], cancel: CancelToken) -> list[Any]:
        """What each call answers, as many questions at once as fit and go together."""
        cancel.check()
        questions = [question for ask in asks for question in ask.questions]
        alike: dict[Hashable, list[int]] = {}
        for row, question in enumerate(questions):
            alike.setdefault(self._kind(question), []).append(row)
        said: dict[int, Any] = {}
        for rows in alike.values():
            for start in range(0, len(rows), self.batch_size):
                some = rows[start : start + self.batch_size]
                cancel.check()
                replies = self._say([questions[row] for row in some], cancel)
                said |= zip(some, replies, strict=True)
        rest = iter(range(len(questions)))
        return [ask.read([said[next(rest)] for _ in ask.questions]) for ask in asks]

    def _ask(self, ability: str, *args: Any, **named: Any) -> Ask:
        """How a call is put to the model.

        Raises:
            BadArguments: it cannot be asked so.
        """
        raise NotImplementedError

    def _kind(self, question: Any) -> Hashable:
        """Questions of one kind may be answered together; all are, unless a model says otherwise."""
        return None

    def _say(self, questions: Sequence[Any], cancel: CancelToken) -> Sequence[Any]:
        """The replies to at most `batch_size` questions of one kind, in order."""
        raise NotImplementedError
