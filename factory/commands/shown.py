"""The composed configuration as YAML, with every field that could be set and the comment that stands beside it."""

import ast
import inspect
import io
import textwrap
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import lru_cache
from typing import Any, get_origin, get_type_hints

import yaml

from factory.construct import TARGET, Maker, class_in
from factory.errors import FactoryError


def shown(node: Mapping[str, Any], maker: Maker) -> str:
    """node: the configuration as plain values, references as they are written or replaced. What it does not set is
    shown with its default. maker: says which classes may be looked at."""
    return "\n".join(_lines(node, None, maker, "")) + "\n"


def _lines(node: Mapping[str, Any], kind: type | None, maker: Maker, indent: str) -> Iterator[str]:
    """kind: the dataclass that the node's values are for."""
    about = {} if kind is None else comments(kind)
    hints = {} if kind is None else get_type_hints(kind)
    for name, value in {**node, **({} if kind is None else _defaults(kind, node))}.items():
        comment = _first_sentence(kind) if name == TARGET and kind is not None else about.get(name, "")
        end = f"  # {comment}" if comment else ""
        if isinstance(value, Mapping) and value:
            yield f"{indent}{name}:{end}"
            yield from _lines(value, _class_of(value, hints.get(name), maker), maker, f"{indent}  ")
        else:
            yield f"{indent}{name}: {_inline(value)}{end}"


def _class_of(node: Mapping[str, Any], hint: Any, maker: Maker) -> type | None:
    if TARGET not in node:
        kind = None if get_origin(hint) in (dict, Mapping) else class_in(hint)
        return kind if is_dataclass(kind) else None
    try:
        return maker.class_of(node[TARGET], TARGET)
    except FactoryError:
        return None  # it is shown as it is; a run would refuse it


def _defaults(kind: type, node: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values of the fields that the node leaves to their defaults."""
    unset = [f for f in fields(kind) if f.init and f.name not in node]
    return {f.name: _plain(_default(f)) for f in unset}


def _default(of: "Field[Any]") -> Any:
    if of.default_factory is not MISSING:
        return of.default_factory()
    return None if of.default is MISSING else of.default


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        kind = type(value)
        inner = {f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.init}
        return {TARGET: f"{kind.__module__}.{kind.__qualname__}", **inner}
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def _inline(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True)
    return text.removesuffix("...\n").strip()


def _first_sentence(kind: type) -> str:
    paragraph = (inspect.getdoc(kind) or "").split("\n\n")[0]
    return " ".join(paragraph.split()).split(". ")[0].rstrip(".")


@lru_cache
def comments(kind: type) -> dict[str, str]:
    """What stands behind the fields of a dataclass in its source, its bases' fields included."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__[:-1]):
        try:
            source = textwrap.dedent(inspect.getsource(base))
        except (OSError, TypeError):
            continue
        at = {
            token.start[0]: token.string.lstrip("# ")
            for token in tokenize.generate_tokens(io.StringIO(source).readline)
            if token.type == tokenize.COMMENT
        }
        body = ast.parse(source).body[0]
        for line in body.body if isinstance(body, ast.ClassDef) else ():
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                last = line.end_lineno or line.lineno
                comment = next((at[n] for n in range(line.lineno, last + 1) if n in at), None)
                if comment is not None:
                    found[line.target.id] = comment
    return found
