"""Plain values to dataclasses. A dataclass is its own schema: names, types and ranges are checked before it is made.

A mapping with `_target_` names its class. Only dataclasses defined in `factory`, or in packages the user allows, are
made: a configuration from somebody else is data, not a program.
"""

import importlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Interval

from factory.errors import ConfigError, FactoryError

T = TypeVar("T")

# Ranges, for the annotations of fields. NaN and infinity are never allowed, and no number may be below 0 unless its
# field's default is.
Positive = Annotated[float, Gt(0)]
NotNegative = Annotated[float, Ge(0)]
Share = Annotated[float, Interval(ge=0, le=1)]
Count = Annotated[int, Ge(1)]

TARGET = "_target_"
OURS = "factory"
BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}  # those of YAML 1.1


@dataclass(frozen=True)
class Maker:
    """allowed: packages whose classes `_target_` may name besides `factory`. text: the settings as they were written,
    whose values stand in messages: what is read from the environment may be secret. Booleans in it become true or
    false."""

    allowed: Sequence[str] = ()
    text: Mapping[str, Any] = field(default_factory=dict)

    def check_targets(self, node: Any, key: str = "") -> None:
        """Raises ConfigError where any `_target_` at any depth names what may not be made. Imports nothing."""
        if isinstance(node, Mapping):
            if TARGET in node:
                self._check_name(node[TARGET], _join(key, TARGET))
            for name, inner in node.items():
                self.check_targets(inner, _join(key, name))
        elif isinstance(node, list | tuple):
            for number, inner in enumerate(node):
                self.check_targets(inner, _join(key, number))

    def make(self, kind: type[T], values: Mapping[str, Any], key: str = "") -> T:
        """An instance of the dataclass `kind`. Raises ConfigError naming the key, its value and what is allowed."""
        hints = get_type_hints(kind, include_extras=True)
        known = {f.name: f for f in fields(kind) if f.init}  # type: ignore[arg-type]
        for name in values:
            if name not in known:
                raise ConfigError(f"{_join(key, name)} is not a setting{near(str(name), known)}")
        for name, f in known.items():
            if name not in values and f.default is MISSING and f.default_factory is MISSING:
                raise ConfigError(f"{_join(key, name)} is missing: give it a value.")
        made = {
            name: self._field(hints[name], values[name], f, _join(key, name))
            for name, f in sorted(known.items(), key=lambda entry: isinstance(values.get(entry[0]), Mapping))
            if name in values  # what is plain first: what is nested may repeat it, under a key that nobody wrote
        }
        try:
            return kind(**made)
        except FactoryError:
            raise
        except Exception as error:  # whatever the class of somebody else raises
            raise ConfigError(f"{key or kind.__name__} cannot be used: {error}.") from error

    def _field(self, hint: Any, value: Any, f: "Field[Any]", key: str) -> Any:
        checked = self.value(hint, value, key)
        default = f.default if f.default_factory is MISSING else None
        if _lowest(checked) < 0 <= _lowest(default):
            raise self._refused(key, "it should not be below 0")
        return checked

    def value(self, hint: Any, value: Any, key: str) -> Any:
        """The value as `hint` wants it; mappings become dataclasses where they name one, or `hint` does."""
        kind, is_mapping = class_in(hint), get_origin(hint) in (dict, Mapping)
        if isinstance(value, Mapping):
            if TARGET in value:
                fields_given = {name: inner for name, inner in value.items() if name != TARGET}
                value = self.make(self.class_of(value[TARGET], _join(key, TARGET)), fields_given, key)
            elif is_dataclass(kind) and not is_mapping:
                value = self.make(kind, value, key)
            elif is_mapping or hint is Any:
                inner_hint = get_args(hint)[1] if is_mapping else Any
                for name, inner in value.items():
                    if _needs_class(inner_hint) and isinstance(inner, Mapping) and TARGET not in inner:
                        others = [other for other in value if other != name]
                        raise ConfigError(f"{_join(key, name)} has no {TARGET}{near(str(name), others)}")
                return {name: self.value(inner_hint, inner, _join(key, name)) for name, inner in value.items()}
        elif isinstance(value, list | tuple):
            value = tuple(self.value(Any, inner, _join(key, number)) for number, inner in enumerate(value))
        if is_mapping:
            raise self._refused(key, "it should be a mapping of names")
        if kind is not None:
            if _serves(value, kind) or (value is None and type(None) in get_args(hint)):
                return value
            raise self._refused(key, f"it should be a {kind.__name__}, with its class as {TARGET}")
        if hint is bool and isinstance(value, str) and value.lower() in BOOLEANS:
            value = BOOLEANS[value.lower()]
            self._correct(key, value)
        return self._typed(hint, value, key)

    def _typed(self, hint: Any, value: Any, key: str) -> Any:
        from pydantic import ConfigDict, TypeAdapter, ValidationError

        config = ConfigDict(strict=True, arbitrary_types_allowed=True, allow_inf_nan=False)
        try:
            return TypeAdapter(hint, config=config).validate_python(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            where = ".".join([key, *(str(part) for part in first["loc"] if isinstance(part, int))])
            raise self._refused(where, _sentence(first["msg"])) from None

    def class_of(self, target: Any, key: str) -> type:
        """The dataclass that `_target_` names. It must be defined where it is named, in an allowed package: what a
        module has merely imported cannot be reached through it."""
        self._check_name(target, key)
        module_name, _, name = str(target).rpartition(".")
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            raise ConfigError(f"{key}={self._shown(key)} is not known: there is no module {error.name}.") from error
        found = vars(module).get(name)
        if found is None:
            classes = [n for n, c in vars(module).items() if isinstance(c, type) and is_dataclass(c)]
            raise ConfigError(f"{key}={self._shown(key)} is not known{near(name, classes)}")
        if not (isinstance(found, type) and is_dataclass(found) and self._permits(found.__module__)):
            raise ConfigError(
                f"{key}={self._shown(key)} is refused: it must name a dataclass, defined in that package."
            )
        return found

    def _check_name(self, target: Any, key: str) -> None:
        if not isinstance(target, str) or not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", target):
            raise ConfigError(f"{key}={self._shown(key)} is refused: give the full name of a class.")
        if not self._permits(target):
            written = self._shown(key)  # not what a reference in it stands for, which may be secret
            package = written.partition(".")[0] if written == target else "PACKAGE"
            raise ConfigError(
                f"{key}={written} is refused, because it would run code that is not factory's: "
                f"if you trust it, allow it with allow_targets=[{package}]."
            )

    def _permits(self, name: str) -> bool:
        return any(name == prefix or name.startswith(f"{prefix}.") for prefix in (OURS, *self.allowed))

    def _refused(self, key: str, why: str) -> ConfigError:
        return ConfigError(f"{key}={self._shown(key)} is not possible: {why}.")

    def _shown(self, key: str) -> str:
        node = self._written(key.split("."))
        return "null" if node is None else str(node)

    def _written(self, parts: Sequence[str]) -> Any:
        node: Any = self.text
        for part in parts:
            if isinstance(node, Mapping) and part in node:
                node = node[part]
            elif isinstance(node, list | tuple) and part.isdigit() and int(part) < len(node):
                node = node[int(part)]
            else:
                break  # below a reference such as ${tracker}
        return node

    def _correct(self, key: str, value: bool) -> None:
        """Others read the text, to whom the string `off` is true."""
        *above, name = key.split(".")
        node = self._written(above)
        if isinstance(node, dict) and str(node.get(name)).lower() in BOOLEANS:
            node[name] = value


def near(name: str, known: Any) -> str:
    """The end of a sentence about a name that is not known."""
    found = get_close_matches(name, [str(k) for k in known], 1, 0.5)
    if found:
        return f": did you mean {found[0]}?"
    return f": take one of {', '.join(sorted(map(str, known)))}." if known else "."


def class_in(hint: Any) -> type | None:
    """The class that `hint` wants an instance of, None where it wants plain values."""
    for kind in (hint, *get_args(hint)):
        if isinstance(kind, type) and (is_dataclass(kind) or _is_protocol(kind)):
            return kind
    return None


def _serves(value: Any, kind: type) -> bool:
    """Whether the object can stand where a `kind` is wanted: one of it, or with its methods (another tracker)."""
    methods = [n for n, m in vars(kind).items() if callable(m) and (n == "__call__" or not n.startswith("_"))]
    if _is_protocol(kind):
        names = {*methods, *(n for n in kind.__annotations__ if not n.startswith("_"))}
        return all(hasattr(value, n) for n in names)
    return isinstance(value, kind) or (bool(methods) and all(callable(getattr(value, n, None)) for n in methods))


def _needs_class(hint: Any) -> bool:
    """Whether a mapping says nothing of what `hint` wants unless it names a class."""
    kind = class_in(hint)
    return kind is not None and _is_protocol(kind)


def _is_protocol(kind: type) -> bool:
    return bool(getattr(kind, "_is_protocol", False))


def _lowest(value: Any) -> float:
    """The lowest number in it; infinity where there is none."""
    if isinstance(value, tuple):
        return min(map(_lowest, value), default=float("inf"))
    return value if isinstance(value, int | float) else float("inf")


def _join(key: str, name: Any) -> str:
    return f"{key}.{name}" if key else str(name)


def _sentence(message: str) -> str:
    words = {"Input should": "it should", "valid tuple": "list", "valid integer": "whole number"}
    words |= {"a valid boolean": "true or false", "a valid": "a"}
    for theirs, ours in words.items():
        message = message.replace(theirs, ours)
    return message
