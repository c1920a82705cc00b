"""What a language model answers about moving objects is understood however it is wrapped, and nothing is made up."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.prior.asking import read, schema, words

KEYS = np.array([0, 7, 14, 21])
CAR = {"object_index": 1, "name": "red car", "keyframe": 2, "box": [100, 200, 500, 900]}
DOG = {"object_index": 2, "name": "dog", "keyframe": 4, "box": [0, 0, 1000, 1000]}


def told(*entries):
    return json.dumps({"objects": list(entries)})


@pytest.mark.parametrize(
    "reply",
    [
        told(CAR, DOG),
        f"Sure! Two things move.\n```json\n{told(CAR, DOG)}\n```\nI hope that helps {{:-)}}.",
        json.dumps([CAR, DOG]),
        # As Dynapo's public prompt has it: no JSON, other names.
        'Output list: [{object_index: 1, keyframe: 2, object_description: "red car", box: [100, 200, 500, 900]}, '
        '{object_index: 2, keyframe: 4, object_description: "dog", box: [0, 0, 1000, 1000]}]',
        "{'objects': [{'name': 'red car', 'keyframe': 2, 'bbox': [100, 200, 500, 900],}, "
        "{'label': 'dog', 'frame': '4', 'bbox_2d': [0, 0, 1000, 1000]}]}",
        told(CAR, DOG)[:-2] + ', {"object_index": 3, "name": "bird", "keyfr',  # broken off
        told(CAR, DOG, {**DOG, "name": "puppy"}),  # the same box twice
    ],
)
def test_wrapped_answers_say_the_same(reply):
    found = read(reply, KEYS).objects
    assert [(each.name, [s.frame for s in each.seen]) for each in found] == [("red car", [7]), ("dog", [21])]
    np.testing.assert_allclose(found[0].seen[0].box, [0.1, 0.2, 0.5, 0.9])
    np.testing.assert_allclose(found[0].seen[0].box_px(200, 100), [19.5, 19.5, 99.5, 89.5])


@pytest.mark.parametrize("reply", ['{"objects": []}', "```\n[]\n```", "Output list: [ ]"])
def test_nothing_moves_is_an_answer(reply):
    found = read(reply, KEYS)
    assert found.objects == ()


NONE = ("", "I cannot see anything moving.", '{"objects": [', "{}", "[1, 2]", '{"a": {"b": 1}}')


@pytest.mark.parametrize("reply", NONE)
def test_what_cannot_be_understood_is_none(reply):
    assert read(reply, KEYS).objects is None


def test_an_object_that_comes_back_is_one_and_wrong_entries_are_dropped_with_a_reason():
    again = {**CAR, "keyframe": 4, "box": [600, 200, 900, 900]}
    wrong = ({**DOG, "keyframe": 5}, {**DOG, "keyframe": 0}, {**DOG, "keyframe": "last"}, {**DOG, "name": " "})
    found = read(told(CAR, again, *wrong), KEYS)
    (car,) = found.objects
    assert [s.frame for s in car.seen] == [7, 21]
    assert len(found.dropped) == 4
    assert "(dog) is of picture 5, and 4 were shown" in found.dropped[0]


BOXES = (None, [1, 2, 3], "left", [0, 0, 1001, 5], [5, 5, 5, 9], [-1, 0, 5, 5], [0, 0, float("nan"), 1])


@pytest.mark.parametrize("box", BOXES)
def test_a_box_that_is_none_leaves_the_object(box):
    (found,) = read(told({**CAR, "box": box}), KEYS).objects
    assert found.seen[0].box is None


VALUES = st.recursive(
    st.none() | st.integers() | st.text(), lambda some: st.lists(some) | st.dictionaries(st.text(), some)
)


@given(st.text(max_size=200) | VALUES.map(json.dumps))
def test_any_text_is_read_without_an_error(reply):
    found = read(reply, KEYS)
    assert all(s.frame in KEYS for each in found.objects or () for s in each.seen)


def test_boxes_in_shares_are_boxes_and_specks_are_none():
    (found,) = read(told({**CAR, "box": [0.1, 0.2, 0.5, 0.9]}), KEYS).objects
    np.testing.assert_allclose(found.seen[0].box, [0.1, 0.2, 0.5, 0.9])
    (found,) = read(told({**CAR, "box": [100, 200, 101, 900]}), KEYS).objects
    assert found.seen[0].box is None


def test_names_can_be_written_whatever_they_hold():
    (found,) = read('{"name": "a \\ud83d", "keyframe": 1}', KEYS).objects
    assert found.name.encode()


def test_the_question_says_what_the_form_holds():
    (entry,) = [schema()["properties"]["objects"]["items"]]
    assert all(f'"{name}"' in words(4) for name in entry["properties"])
    assert "These 4 pictures" in words(4)
