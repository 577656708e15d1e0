"""The options that several commands share, as types for their parameters.

Knows nothing of commands or of what an option does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Profile = Annotated[str, typer.Option(help="Which models to use: a name or a TOML file.")]
Planner = Annotated[str, typer.Option(help="Who plans the steps.")]
Seconds = Annotated[float, typer.Option(help="Time for one question.", min=0.1)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")]
Boxes = Annotated[
    list[str], typer.Option("--box", metavar="X1,Y1,X2,Y2", help="A region, in pixels; repeatable.")
]
Points = Annotated[
    list[str],
    typer.Option("--point", metavar="X,Y", help='A click "this"; -X,Y is "not this"; repeatable.'),
]
Out = Annotated[Path | None, typer.Option(help="Folder for what is written.")]
Route = Annotated[str, typer.Option(help="chain, direct or auto.")]
Consent = Annotated[
    str, typer.Option(help="What nobody asked to be changed or sent: ask, allow or refuse.")
]
Folder = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", show_default=False,
        help="Its pictures most like the first picture, or that fit the words best, join the "
        "question.",
    ),
]  # fmt: skip
AllowPickle = Annotated[
    bool,
    typer.Option(
        "--allow-pickle",
        help="Open weights that are pickles nobody has vouched for: reading one runs whatever "
        "code its maker put in it. The same as OCELLI_ALLOW_PICKLE=1.",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="NAME[,NAME]", show_default=False,
        help="Language model that plans; of several the next when one fails. Default: OCELLI_MODEL.",
    ),
]  # fmt: skip
BaseUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL", show_default=False,
        help="Its OpenAI-compatible server, up to /v1. Default: OPENAI_BASE_URL. "
        "The key comes from OPENAI_API_KEY alone.",
    ),
]  # fmt: skip
Sees = Annotated[
    str | None,
    typer.Option(
        show_default=False,
        help="Whether it takes pictures: yes, no or auto, by its name. Default: OCELLI_SEES.",
    ),
]
MaxCost = Annotated[
    float | None,
    typer.Option(min=0, show_default=False, help="What one question may cost; wants --price."),
]
Price = Annotated[
    str | None,
    typer.Option(
        metavar="IN,OUT", show_default=False, help="Cost of a million tokens in, and out."
    ),
]
