"""Pickles of plain numpy arrays, as DynPose-100K's cameras are, and of texts, as Stereo4D's names may be. To read one
is to run no code of it: names that it asks for lead to the few stand-ins below, and to nothing else."""

import io
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

from factory.errors import StorageError

KINDS = "fiub"  # of numbers an array may hold
BROKEN = (
    *(pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError),
    *(OverflowError, MemoryError, RecursionError),
)


def write_pickle(arrays: dict[str, np.ndarray]) -> bytes:
    """Arrays by name."""
    return pickle.dumps(arrays, protocol=4)


def read_pickle(content: bytes) -> dict[str, Any]:
    """A dict of arrays, numbers, text and lists of such. Raises StorageError for anything else, before it is run."""
    try:
        found = _plain(_Reader(io.BytesIO(content)).load())
        if not isinstance(found, dict):
            raise TypeError(f"it holds a {type(found).__name__}")
    except BROKEN as error:
        raise StorageError(f"a pickle is not one of plain arrays ({error}): leave it out.") from error
    return found


def read_texts(content: bytes) -> list[str]:
    """The texts of a pickled array of objects, as numpy.save writes it behind its header. Raises StorageError for
    anything else, before it is run."""
    try:
        found = _Reader(io.BytesIO(content)).load()
        texts = found.objects if isinstance(found, _Array) else None
        if not (isinstance(texts, list) and all(isinstance(text, str) for text in texts)):
            raise TypeError("it holds something else than an array of texts")
    except BROKEN as error:
        raise StorageError(f"a pickle is not one of texts ({error}): leave it out.") from error
    return texts


class _Type:
    """Of numbers: what a pickle makes of numpy.dtype."""

    def __init__(self, code: str, *_: Any) -> None:
        self.kind = np.dtype(str(code))
        if self.kind.kind not in KINDS and not self.kind.hasobject:
            raise TypeError(f"it has values of type {code}")

    def __setstate__(self, state: tuple) -> None:
        if state[1] in ("<", ">"):
            self.kind = self.kind.newbyteorder(state[1])


class _Array:
    """What a pickle makes of numpy.ndarray: numbers are read from its bytes, and their count is compared."""

    def __init__(self, *_: Any) -> None:
        self.array: np.ndarray = np.empty(0)
        self.objects: Any = None  # of an array of objects

    def __setstate__(self, state: tuple) -> None:
        _, shape, of, columns_first, content = state
        if of.kind.hasobject:
            self.objects = content
            return
        self.array = _numbers(content, of, shape, "F" if columns_first else "C").array


def _numbers(content: bytes | bytearray, of: _Type, shape: tuple[int, ...], order: str = "C") -> _Array:
    made = _Array()
    made.array = np.frombuffer(bytes(content), of.kind).reshape(shape, order="F" if order == "F" else "C")
    return made


def _number(of: _Type, content: bytes) -> _Array:
    return _numbers(content, of, ())


def _latin1(text: str, encoding: str) -> bytes:
    """How old protocols keep bytes."""
    if encoding != "latin1":
        raise ValueError(f"it has text in {encoding}")
    return text.encode("latin1")


def _nothing() -> bytes:
    """How they keep none."""
    return b""


STAND_INS: dict[tuple[str, str], Callable[..., Any]] = {
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _number for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _numbers for core in ("core", "_core")},
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _latin1,
    ("__builtin__", "bytes"): _nothing,
}


class _StandIn:
    """What a name leads to: it can be called and passed on, and has no attribute that a pickle could set."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *arguments: Any) -> Any:
        return self._make(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise TypeError("it changes what it calls")


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _StandIn(STAND_INS[module, name])
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, _Array):
        if value.objects is not None:
            raise TypeError("it has values that are objects")
        return value.array
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"it holds a {type(value).__name__}")
