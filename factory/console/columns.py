"""What the columns of an output's tables are: name, type, meaning, as the manifests say."""

import textwrap

import pyarrow as pa

from factory.errors import ConfigError
from factory.manifest.phases import in_order
from factory.manifest.query import query
from factory.storage.output import Storage

MOST_KIND = 24  # characters: of a longer type, a struct's with all its fields, the first word


def columns_text(storage: Storage, table: str, width: int) -> str:
    """Of one table, or of all where none is named. Raises ConfigError where there is no such table."""
    storage.committed_phases()  # says what is wrong where nothing lies
    schemas = in_order(storage)
    if runs := storage.run_files():
        schemas["runs"] = storage.place.schema(runs[0])
    if table and table not in schemas:
        raise ConfigError(f"there is no table '{table}': take one of {', '.join(schemas)}.")
    return "\n\n".join(_text(storage, name, schema, width) for name, schema in schemas.items() if table in ("", name))


def _text(storage: Storage, table: str, schema: pa.Schema, width: int) -> str:
    """Types as SQL calls them. Parts of a table may differ where an older release wrote some: SQL knows all of their
    columns; what they mean is read from one part, `schema`."""
    relation = query(storage, f'SELECT * FROM "{table}" LIMIT 0')
    kinds = [kind if len(kind) <= MOST_KIND else kind.partition("(")[0] for kind in map(str, relation.types)]
    name_width, kind_width = max(map(len, relation.columns)), max(map(len, kinds))
    lines = [table]
    for name, kind in zip(relation.columns, kinds, strict=True):
        meta = (schema.field(name).metadata or {}) if name in schema.names else {}
        meaning = meta.get(b"meaning", b"").decode()
        begin = f"  {name:{name_width}}  {kind:{kind_width}}  "
        indent = " " * len(begin)
        lines += textwrap.wrap(begin + meaning, max(width, len(begin) + 20), subsequent_indent=indent) or [begin]
    return "\n".join(line.rstrip() for line in lines)
