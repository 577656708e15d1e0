"""Reading a page as one text, in its order, with its layout if wanted. Knows no models."""

from __future__ import annotations

from tools import geometry
from tools.catalog import tool
from tools.context import ToolContext
from tools.places import check_root
from tools.types import Image, Placed, Text


@tool(
    needs="read_document",
    verbs=("read the document", "read the page", "transcribe the document", "transcribe the page",
           "convert to markdown", "turn into markdown", "convert to latex", "ocr the document",
           "ocr the page", "read the formula", "transcribe the formula"),
    nouns=("markdown", "latex", "formula", "equation", "page text", "document text"),
)  # fmt: skip
def read_document(
    ctx: ToolContext, image: Image, region: Placed | None = None, layout: bool = False
) -> Text:
    """Read a whole page, or each part of it, as one text in reading order.

    With `layout` headings, tables and formulas come as Markdown and LaTeX. Gives no places: to
    cite or to box single lines use `read_text`.
    """
    check_root(image, region)
    views = [image] if region is None else [geometry.crop(image, box) for box in region.xyxy]
    pages = []
    for done, view in enumerate(views):
        ctx.report(f"reading part {done + 1} of {len(views)}", done / len(views))
        page: Text = ctx.use("read_document", view, layout=layout)
        pages.append(page.value)
    return Text("\n\n".join(pages), "document")
