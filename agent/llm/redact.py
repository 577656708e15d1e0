"""Keeps secrets out of whatever is said: keys, passwords in addresses, and their echoes.

Knows nothing of requests or replies.
"""

from __future__ import annotations

import base64
import logging
import re
from urllib.parse import quote, quote_plus, urlsplit

from agent.words import clean

MASK = "***"
SHORTEST = 4
"""Secrets of fewer characters are words like ``x``, which servers without keys are given."""
PART = 8
"""Characters of the start or end of a long key that show it, as an error message may quote it."""
FORMS = re.compile(
    r"(?i)\bbearer\s+[^\s\"',;]+"
    r"|\b(?:sk|pk|rk|gsk|xai|hf|nvapi|glpat|ghp|or)[-_][A-Za-z0-9_\-]{10,}"
    r"|\bAIza[A-Za-z0-9_\-]{10,}"
    r"|(?<=://)[^/\s@\"']*@"
    r"|(?<![A-Za-z])(?:api[-_]?key|access[-_]?token|token|password|secret|signature|sig)=[^\s&\"']+"
)
"""What looks like a secret, whosoever it is."""


class Redactor:
    """Masks the secrets it is told, in every form in which they come back."""

    def __init__(self, *secrets: str) -> None:
        forms: set[str] = set()
        parts: list[str] = []
        for secret in secrets:
            if len(secret) >= SHORTEST:
                forms |= _forms(secret)
            if len(secret) >= 2 * PART:
                start, end = re.escape(secret[:PART]), re.escape(secret[-PART:])
                parts += [rf"{start}[\w.*\-]*", rf"[\w.*\-]*{end}"]
        whole = [re.escape(form) for form in sorted(forms, key=len, reverse=True)]
        self._secrets = re.compile("|".join(whole + parts)) if whole else None

    def __call__(self, text: str, limit: int = 0) -> str:
        """The text on one line, without secrets and control characters, cut to `limit`."""
        if self._secrets is not None:
            text = self._secrets.sub(MASK, text)
        text = clean(" ".join(FORMS.sub(MASK, text).split()))
        if self._secrets is not None:  # it may have been hidden by line breaks
            text = self._secrets.sub(MASK, text)
        return text if not limit or len(text) <= limit else f"{text[: limit - 2]} …"


LOGGERS = (
    "openai", "openai._base_client", "openai._response", "httpx2", "httpcore2.connection",
    "httpcore2.http11", "httpcore2.http2", "httpcore2.proxy", "httpcore2.socks",
)  # fmt: skip
"""Of the libraries that see a request; a filter holds for what is logged at its logger alone."""


class _Quiet(logging.Filter):
    """Masks secrets in what libraries log, of all servers that were ever asked."""

    def __init__(self) -> None:
        super().__init__()
        self.safe: dict[tuple[str, ...], Redactor] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        for safe in tuple(self.safe.values()):
            text = safe(text)
        record.msg, record.args = text, ()
        return True


_QUIET = _Quiet()


def guard_logs(*secrets: str) -> None:
    """Mask these secrets in what the libraries that see them log from now on."""
    _QUIET.safe.setdefault(secrets, Redactor(*secrets))
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_QUIET)


def _forms(secret: str) -> set[str]:
    """A secret as it is, and as addresses, JSON and headers write it."""
    raw = secret.encode("utf-8", "replace")
    coded = base64.b64encode(raw).decode()
    escaped = secret.encode("unicode_escape").decode()
    return {secret, quote(secret, safe=""), quote_plus(secret), escaped, coded, coded.rstrip("=")}


def safe_url(url: str) -> str:
    """An address without what may be secret in it: user, password, query and fragment."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if not parts.scheme or not host:
        return FORMS.sub(MASK, url.strip().split("?", 1)[0].rpartition("@")[2])
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{port}{parts.path}"


def secrets_of(url: str) -> tuple[str, ...]:
    """What is secret in an address: password, ``user:password``, and the values of its query."""
    try:
        parts = urlsplit(url.strip())
        user, password = parts.username or "", parts.password or ""
    except ValueError:
        return ()
    values = [pair.partition("=")[2] for pair in parts.query.split("&")]
    both = (password, f"{user}:{password}") if password else ()
    return tuple(v for v in (*both, *values) if v)
