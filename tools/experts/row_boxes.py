"""Where the rows of a table stand in the picture they were read from."""

from __future__ import annotations

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.rows import row_places
from tools.types import Boxes, Table


@tool()
def row_boxes(ctx: ToolContext, table: Table) -> Boxes:
    """Give the boxes of a table's rows, one a row, label and value together.

    Use to crop, mark or redact a line of a receipt that `find_rows` has chosen.

    Raises:
        BadArguments: the table was not read from a picture.
    """
    placed = row_places(table)
    if placed is None:
        raise BadArguments("this table has no place in a picture", hint="Use read_fields' result")
    return placed
