"""Tokens of a request: guessed where a server does not count, doubted where it counts too few.

Knows nothing of servers or connections.
"""

from __future__ import annotations

CHARS_PER_TOKEN, TOKENS_PER_PICTURE = 4, 800
"""For servers that do not count."""
MOST_PER_TOKEN, DOUBTED_FROM = 6, 12_000
"""Bytes of text that one counted token stands for at most, in requests of at least so many."""


def guess(wordy: int, shown: int, said: int) -> tuple[int, int]:
    """Tokens in and out.

    Args:
        wordy: Bytes of the request without its pictures.
        shown: Pictures.
        said: Characters of the reply, thoughts and calls included.
    """
    into = wordy // CHARS_PER_TOKEN + shown * TOKENS_PER_PICTURE
    return max(1, into), max(1, said // CHARS_PER_TOKEN)


def doubt(wordy: int, counted: int) -> str:
    """What to tell of a server that read less than it was sent; empty where it read all.

    Ollama cuts a request that is longer than its context without a word, the question with it.
    """
    if wordy < DOUBTED_FROM or counted * MOST_PER_TOKEN >= wordy:
        return ""
    about = round(wordy / CHARS_PER_TOKEN, -3)
    return (
        f"read {counted} tokens of a request of about {about:.0f}, so its context may be too "
        "short: serve it with a longer one (Ollama: OLLAMA_CONTEXT_LENGTH=32768)"
    )
