"""Whether a package is installed, without importing it.

Looked up once: what is installed while a process runs is seen by the next. Knows nothing of who
needs it.
"""

from __future__ import annotations

import importlib.util
from functools import cache


@cache
def installed(module: str) -> bool:
    """Whether a module can be imported; a parent package of it is imported to see."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # its parent package is absent
        return False
