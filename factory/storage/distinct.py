"""URLs that differ in their query alone have one name; here they get names of their own."""

import re
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa
import pyarrow.compute as pc

from factory.clip import stable_id

# Parameters that sign a URL or let it expire: they change with each list, and what the URL names does not.
_SIGNATURE = re.compile(
    r"x-(amz|goog|oss|cos|ms)-.*|awsaccesskeyid|googleaccessid|ossaccesskeyid|key-pair-id|policy|expir(y|es?)|sig(nature)?"
    r"|(access_|auth_)?token|hdn(ea|ts)|s[eprtv]|spr|srt?|sk(oid|tid|t|e|s|v)",  # the last line: Akamai's and Azure's
    re.IGNORECASE,
)


def told_apart(table: pa.Table) -> pa.Table:
    """Sources (see `sources.SCHEMA`) by name, where several URLs have one name each with a mark of its own: #, which no
    server is ever sent, and a hash of the query without signatures."""
    codes = table["source"].combine_chunks().dictionary_encode()
    counts = pc.value_counts(codes.indices)
    shared = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    doubtful = pc.and_(pc.is_in(codes.indices, value_set=shared), table["location"].combine_chunks().is_valid())
    if not pc.any(doubtful).as_py():
        return table
    rows = table.select(["source", "location"]).filter(doubtful)
    names, marks = rows["source"].to_pylist(), [_mark(url) for url in rows["location"].to_pylist()]
    first: dict[str, str] = {}
    several = {name for name, mark in zip(names, marks, strict=True) if first.setdefault(name, mark) != mark}
    own = [f"{name}#{mark}" if name in several else name for name, mark in zip(names, marks, strict=True)]
    renamed = pc.replace_with_mask(table["source"].combine_chunks(), doubtful, pa.array(own, pa.string()))
    return table.set_column(0, "source", renamed).sort_by("source").combine_chunks()


def _mark(url: str) -> str:
    parameters = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    return stable_id(repr([each for each in parameters if not _SIGNATURE.fullmatch(each[0])]))[:8]
