"""Fetching weights from the hub: only when asked, checked file by file.

Weights are safetensors, or a pickle that a model names and somebody vouches for.

What was fetched before is not fetched again and a cut download is taken up where it ended
(``huggingface_hub`` does both); afterwards every large file must have the SHA-256 that the hub
tells for it. This is the one place that asks a hub for anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from tools import pickles
from tools.catalog import ModelSpec
from tools.errors import SetupError
from tools.pins import note, pins, taken
from tools.weights import cached, hub_cache, patterns

WANTED = ("*.json", "*.txt", "*.model", "*.jinja", "*.safetensors", "*.tiktoken")
"""Configurations, vocabularies and weights; never code and never pickles."""
UNWANTED = ("*.non_ema.*", "*onnx/*", "*openvino*", "*flax*", "original/*")
"""The same weights once more in another form."""
HALF = ".fp16"
"""Marks weights in half precision, which are fetched where a folder has no others."""
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
DISPENSABLE = "safety_checker"
"""The one part of a staged repository that a pipeline can do without."""


def pull(
    spec: ModelSpec,
    *,
    again: bool = False,
    revision: str = "",
    tell: Callable[[str], None] = lambda line: None,
    bar: Any = None,
) -> list[Path]:
    """The folders of a model's weights, fetched where they are not here.

    Args:
        spec: which model.
        again: fetch anew what is here but damaged.
        revision: branch, tag or commit; '' for the pinned commit, else the one that is here, else
            what the branch main is now.
        tell: hears a line for each thing that is done.
        bar: a class like tqdm's that shows the progress of files; None: the hub's own.

    Raises:
        SetupError: it has no weights to fetch, the hub cannot be reached or refuses, it offers no
            safetensors or a pickle nobody vouches for, or a file is not what the hub says it is.
    """
    if not spec.repos:
        raise SetupError(
            f"model {spec.name!r} has no weights to fetch", hint="It is ready as it is"
        )
    return [
        _fetch(repo, revision, patterns(repo, spec.files), again, tell, bar) for repo in spec.repos
    ]


def _fetch(
    repo: str,
    revision: str,
    only: tuple[str, ...],
    again: bool,
    tell: Callable[[str], None],
    bar: Any,
) -> Path:
    try:
        from huggingface_hub import HfApi, snapshot_download
    except ImportError:
        raise SetupError(
            "package huggingface_hub is not installed", hint="pip install 'ocelli[vision]'"
        ) from None
    base = cached(repo)
    wanted = revision or pins().get(repo) or taken(base) or "main"
    try:
        info = HfApi().model_info(repo, revision=wanted, files_metadata=True)
        digests = _digests(info)
        every = [str(s.rfilename) for s in info.siblings or ()]
        names = chosen(every, only)
        _check(repo, every, names, only, digests)
        tell(f"{repo} at {str(info.sha)[:12]}: {len(names)} files")
        more = {"tqdm_class": bar} if bar is not None else {}
        folder = Path(
            snapshot_download(
                repo,
                revision=str(info.sha),
                cache_dir=hub_cache(),
                allow_patterns=names,
                force_download=again,
                **more,
            )
        )
    except SetupError:
        raise
    except Exception as error:  # the hub's library raises what its network library raises
        raise SetupError(
            f"{repo} cannot be fetched: {_said(error)}", hint=_mend(error, repo)
        ) from error
    for name in names:
        if name in digests and pickles.digest(folder / name) != digests[name]:
            raise SetupError(
                f"{name} of {repo} is not what the hub says it is",
                hint=f"ocelli models pull {repo} --again",
            )
    note(base, str(info.sha))
    tell(f"{repo}: checked {sum(name in digests for name in names)} files")
    return folder


def chosen(names: Iterable[str], only: Sequence[str] = ()) -> list[str]:
    """Of the files of a repository those that are loaded.

    A repository in the layout of ``diffusers`` holds each network in a folder of its own; the
    weights beside its ``model_index.json`` are the same ones for other programs.

    Args:
        names: all there are.
        only: patterns of what a model needs of them; () for all that is ever loaded.
    """
    every = list(names)
    if only:
        return [name for name in every if any(_fits(name, pattern) for pattern in only)]
    staged = "model_index.json" in every
    whole = {_folder(n) for n in every if n.endswith(".safetensors") and HALF not in n}
    return [
        name
        for name in every
        if any(fnmatch(name, pattern) for pattern in WANTED)
        and not any(fnmatch(name, pattern) for pattern in UNWANTED)
        and not (staged and "/" not in name and name.endswith(".safetensors"))
        and not (HALF in name and _folder(name) in whole)
    ]


def _check(
    repo: str,
    every: Sequence[str],
    names: Sequence[str],
    only: Sequence[str],
    digests: Mapping[str, str],
) -> None:
    """Refuse to fetch what would not load, or could run code."""
    absent = [p for p in only if not any(_fits(name, p) for name in names)]
    bare = _bare(every, names) if not only else []
    if not only and not any(name.endswith(".safetensors") for name in names):
        absent = ["*.safetensors"]
    if absent or bare:
        what = ", ".join(absent).replace("*.", "") or f"safetensors in {', '.join(bare)}"
        hint = "Weights that could run code are not fetched" if "safetensors" in what else ""
        raise SetupError(f"{repo} offers no {what}", hint=hint)
    for name in names:
        if any(fnmatch(name, pattern) for pattern in PICKLES):
            pickles.check(name, digests.get(name, ""), repo)


def _bare(every: Sequence[str], names: Sequence[str]) -> list[str]:
    """The folders of a staged repository whose only weights are pickles."""
    if "model_index.json" not in every:
        return []
    held = {_folder(name) for name in every if any(fnmatch(name, p) for p in PICKLES)}
    clean = {_folder(name) for name in names if name.endswith(".safetensors")}
    return sorted(held - clean - {"", DISPENSABLE})


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _fits(name: str, pattern: str) -> bool:
    """Whether a file is meant: a star does not reach into folders."""
    return name.count("/") == pattern.count("/") and fnmatch(name, pattern)


def _digests(info: Any) -> dict[str, str]:
    """File name to SHA-256, of the files for which the hub tells it."""
    told = {}
    for file in info.siblings or ():
        lfs = getattr(file, "lfs", None)
        digest = lfs.get("sha256") if isinstance(lfs, dict) else getattr(lfs, "sha256", None)
        if digest:
            told[str(file.rfilename)] = str(digest)
    return told


def _said(error: Exception) -> str:
    words = next(iter(str(error).strip().splitlines()), "")[:160]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _mend(error: Exception, repo: str) -> str:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "GatedRepoError" in kinds:
        return f"Accept its licence at https://huggingface.co/{repo} and set HF_TOKEN"
    if "RevisionNotFoundError" in kinds:
        return f"See what there is now: ocelli models pull {repo} --revision main"
    if "RepositoryNotFoundError" in kinds:
        return "Check the name; a private one needs HF_TOKEN"
    if "OfflineModeIsEnabled" in kinds:
        return "Unset HF_HUB_OFFLINE for this command"
    return "Check the network, or copy the weights into a folder and name it in OCELLI_WEIGHTS"
