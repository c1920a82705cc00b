"""Pickles of arrays: what numpy writes is read, and nothing in a pickle is run."""

import os
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from factory.errors import StorageError
from factory.pickled import read_pickle, read_texts, write_pickle

NUMBERS = st.sampled_from(["<f4", "<f8", ">f8", "<i4", "<i8", "|u1", "|b1"])
ARRAYS = NUMBERS.flatmap(lambda kind: arrays(kind, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))


@given(ARRAYS, st.integers(0, 5), st.booleans())
def test_arrays_come_back_from_every_protocol(array, protocol, columns_first):
    array = np.asfortranarray(array) if columns_first else array
    told = {"a": array, "n": np.float64(2.5), "text": "x", "list": [1, array]}
    found = read_pickle(pickle.dumps(told, protocol=protocol))
    assert found["a"].dtype == array.dtype
    assert np.array_equal(found["a"], array, equal_nan=array.dtype.kind == "f")
    assert (float(found["n"]), found["text"]) == (2.5, "x")
    assert np.array_equal(found["list"][1], array, equal_nan=array.dtype.kind == "f")


def test_texts_that_numpy_saved_as_objects():
    for array in (np.array("x_1", object), np.array(["a", "b"], object), np.empty(0, object)):
        assert read_texts(pickle.dumps(array, protocol=4)) == array.ravel().tolist()
    for wrong in (np.array([1], object), np.zeros(3), "x", [np.array("x", object)], {"a": "x"}):
        with pytest.raises(StorageError, match="not one of texts"):
            read_texts(pickle.dumps(wrong))
    with pytest.raises(StorageError, match="asks for"):
        read_texts(pickle.dumps(np.array([os.system], object)))


def test_what_is_written_is_read_by_pickle_itself():
    arrays = {"poses": np.arange(24.0).reshape(2, 3, 4)}
    assert np.array_equal(pickle.loads(write_pickle(arrays))["poses"], arrays["poses"])


class Runs:
    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call


def test_nothing_in_a_pickle_is_run(tmp_path):
    mark = tmp_path / "mark"
    for wrong in (Runs(os.system, (f"touch {mark}",)), Runs(eval, ("1",)), Runs(np.load, (str(mark),))):
        with pytest.raises(StorageError, match="asks for"):
            read_pickle(pickle.dumps({"poses": wrong}))
    assert not mark.exists()


def test_no_stand_in_can_be_changed():
    content = b"\x80\x02}U\x01ac_codecs\nencode\nN}U\x0c__defaults__U\x06latin1\x85s\x86bs."
    with pytest.raises(StorageError, match="changes"):
        read_pickle(content)


@given(st.data())
def test_what_is_broken_raises_nothing_else(data):
    content = bytearray(pickle.dumps({"poses": np.arange(6.0).reshape(1, 2, 3)}, protocol=data.draw(st.integers(0, 5))))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    try:
        found = read_pickle(bytes(content))
    except StorageError:
        return
    assert isinstance(found, dict)


@pytest.mark.parametrize(
    "wrong", [b"", b"PK", pickle.dumps([1]), pickle.dumps({"a": np.array(["x"], object)}), pickle.dumps({"a": {1j}})]
)
def test_other_pickles_are_refused(wrong):
    with pytest.raises(StorageError, match="not one of plain arrays"):
        read_pickle(wrong)
