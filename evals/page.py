"""The page of an evaluation: every question with its picture, answer and score, in one file.

Made from the records alone; all text is escaped, pictures are small and inside the page, nothing
is loaded from elsewhere. Knows nothing of running or judging.
"""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals.results import Record

THUMB_PX = 180
MAX_THUMBS = 1500
"""Past so many pictures the page would be too heavy: the rest goes without."""

TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{{ name }}: {{ percent }}</title><style>
:root { color-scheme: light dark; --line: #8884; --good: #2a9d5c; --bad: #d1495b; --mid: #c98a1b; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem }
h1 { font-size: 1.5rem; margin: 0 } .sub { opacity: .7; margin: .2rem 0 1.2rem }
.bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: .25rem .8rem;
  max-width: 36rem; margin-bottom: 1.5rem; align-items: center }
.bar { background: var(--line); border-radius: 4px; height: .7rem; overflow: hidden }
.bar i { display: block; height: 100%; background: var(--good) }
.task { display: grid; grid-template-columns: {{ thumb }}px 1fr; gap: 1rem; padding: .9rem 0;
  border-top: 1px solid var(--line) }
.task img { max-width: 100%; border-radius: 6px; display: block; margin-bottom: 4px }
.q { font-weight: 600 } .k { opacity: .6 } .tag { border-radius: 9px; padding: 0 .5em; color: #fff }
.right { background: var(--good) } .wrong { background: var(--bad) } .failed { background: #7a1fa2 }
.cannot { background: var(--mid) } p { margin: .15rem 0; overflow-wrap: anywhere }
</style></head><body>
<h1>{{ name }}: {{ percent }} right</h1>
<p class="sub">{{ s.n }} questions, 95 % interval {{ "%.1f"|format(100 * s.ci95[0]) }}–{{
 "%.1f"|format(100 * s.ci95[1]) }} %, {{ s.cannot }} honest “cannot”, {{ s.failed }} failed,
 {{ "%.2f"|format(s.seconds.median) }} s in the median</p>
<div class="bars">{% for key, part in s.by_need.items() %}<span>{{ key }}</span>
<span class="bar"><i style="width: {{ (100 * part.accuracy)|round(1) }}%"></i></span>
<span>{{ "%.0f"|format(100 * part.accuracy) }} % of {{ part.n }}</span>{% endfor %}</div>
{% for row in rows %}<div class="task"><div>{% for uri in row.thumbs %}
<img src="{{ uri }}" alt="">{% endfor %}</div><div>
<p class="q">{{ row.r.question }}</p>
<p><span class="tag {{ row.verdict }}">{{ row.verdict }}</span>
 <span class="k">{{ row.r.reason }}</span></p>
<p><span class="k">answer</span> {{ row.r.answer or "–" }}</p>
<p><span class="k">expected</span> {{ row.r.expected }}</p>
<p class="k">{{ row.r.id }} · {{ row.r.answer_type }} · {{ "%.2f"|format(row.r.seconds) }} s ·
 {{ row.r.tools|join(" → ") or "no tool" }}{% if row.link %} ·
 <a href="{{ row.link }}">steps and evidence</a>{% endif %}</p></div></div>
{% endfor %}</body></html>
"""


def page(name: str, summary: dict[str, Any], records: Sequence[Record], folder: Path) -> str:
    """The page as HTML; links to the reports are relative to `folder`."""
    import jinja2

    rows, room = [], MAX_THUMBS
    for record in sorted(records, key=lambda r: (r.score, r.id)):
        paths = [*record.pictures, *record.images][: max(0, min(6, room))]
        thumbs = [uri for uri in map(thumbnail, paths) if uri]
        room -= len(thumbs)
        rows.append({
            "r": record, "thumbs": thumbs, "verdict": verdict(record),
            "link": _link(record.report, folder),
        })  # fmt: skip
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(TEMPLATE).render(
        name=name,
        s=summary,
        rows=rows,
        thumb=THUMB_PX,
        percent=f"{100 * summary['accuracy']:.1f} %",
    )


def verdict(record: Record) -> str:
    """``right``, ``cannot``, ``wrong`` or ``failed``."""
    if record.status == "failed":
        return "failed"
    if record.score >= 1:
        return "right"
    return "cannot" if record.status == "cannot" else "wrong"


def thumbnail(path: str) -> str:
    """A small picture as a data address; '' where there is none to show."""
    import PIL.Image

    try:
        with PIL.Image.open(path, formats=("PNG", "JPEG", "WEBP")) as picture:
            picture.draft("RGB", (THUMB_PX * 2, THUMB_PX * 2))
            small = picture.convert("RGB")
            small.thumbnail((THUMB_PX, THUMB_PX * 2))
            data = io.BytesIO()
            small.save(data, "JPEG", quality=80)
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError):
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()


def _link(report: str, folder: Path) -> str:
    if not report:
        return ""
    relative = os.path.relpath(report, folder)
    return "" if relative.startswith("..") else Path(relative).as_posix()
