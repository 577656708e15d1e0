"""Which commit of a hub repository is the one to fetch and to load.

``tools/pins.toml`` names a commit for the repositories that models come from; of any other the one
that was fetched first stays until somebody asks for another. What was fetched is noted beside the
branches of the hub's own cache, as a ref of our name, so that no other program that fetches the
same repository changes what is loaded. ``python -m tools.pins`` asks the hub and writes the file
anew. Knows nothing of models.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

from tools.locks import write_whole

FILE = Path(__file__).with_name("pins.toml")
REF = "ocelli"
"""Name of the ref that tells what was fetched."""
COMMIT = re.compile(r"[0-9a-f]{40}")


@cache
def pins() -> dict[str, str]:
    """Commit of 40 hex digits by hub id, as the file has them."""
    return {repo: str(commit) for repo, commit in tomllib.loads(FILE.read_text("utf-8")).items()}


def taken(base: Path) -> str:
    """The commit that was fetched into a repository's folder of the hub's cache; '' if none."""
    return ref(base, REF)


def ref(base: Path, name: str) -> str:
    """What a branch or tag stands for in a repository's folder; '' where that is not known."""
    try:
        said = (base / "refs" / name).read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""
    return said if COMMIT.fullmatch(said) else ""


def note(base: Path, commit: str) -> None:
    """Load this commit of a repository from now on."""
    (base / "refs").mkdir(parents=True, exist_ok=True)
    write_whole(base / "refs" / REF, commit.encode())


def main() -> None:
    """Ask the hub for the newest commit of every repository of the catalogue; write the file."""
    argparse.ArgumentParser(prog="python -m tools.pins", description=main.__doc__).parse_args()
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    from tools.catalog import discover

    found = dict(pins())
    for repo in sorted({r for m in discover().models.values() for r in m.repos}):
        try:
            found[repo] = str(HfApi().model_info(repo).sha)
        except (HfHubHTTPError, OSError) as error:  # one that is gone or closed keeps its pin
            sys.stderr.write(f"{repo}: {type(error).__name__}; left as it is\n")
    head = FILE.read_text("utf-8").partition('"')[0]
    lines = "".join(f'"{repo}" = "{commit}"\n' for repo, commit in sorted(found.items()))
    write_whole(FILE, (head + lines).encode())
    sys.stdout.write(f"{len(found)} repositories in {FILE}\n")


if __name__ == "__main__":
    main()
