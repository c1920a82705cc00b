"""Signatures of pictures: what is done to copies changes them little, or in a way that is known."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.near_duplicates.pairs import ALIKE
from factory.near_duplicates.signature import BYTES, COMPARED, MIRROR, WHOLE, seen, signature, windows
from tests.near_duplicates.pictures import natural

SEEDS = st.integers(0, 10_000)


def waves(image, window=WHOLE):
    return seen(np.frombuffer(signature(image), np.uint8)[None], window)[0]


def test_a_signature_is_small_and_read_as_a_unit_vector():
    assert len(signature(natural(0))) == BYTES == 48
    assert np.linalg.norm(waves(natural(0))) == pytest.approx(1)


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_unrelated_pictures_are_told_apart(seed):
    other = waves(natural(seed + 10_001))
    here = [waves(natural(seed), window) * flip for window in windows() for flip in (1, MIRROR)]
    assert max(float(each @ other) for each in here) < ALIKE


@given(SEEDS, st.floats(0.4, 1.0), st.integers(-30, 30), st.integers(36, 300), st.integers(36, 300))
@settings(max_examples=40, deadline=None)
def test_size_shape_contrast_and_brightness_hardly_matter(seed, contrast, brighter, height, width):
    image = natural(seed)
    dimmed = np.clip(128 + contrast * (image.astype(float) - 128) + brighter, 0, 255).astype(np.uint8)
    assert waves(image) @ waves(cv2.resize(dimmed, (width, height), interpolation=cv2.INTER_AREA)) > 0.9


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_a_mirrored_picture_has_its_coefficients_with_other_signs(seed):
    image = natural(seed)
    assert (waves(image) * MIRROR) @ waves(image[:, ::-1]) > 0.98
    assert waves(image) @ waves(image[:, ::-1]) < ALIKE


@given(SEEDS, st.floats(0.9, 1), st.floats(0.9, 1), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=80, deadline=None)
def test_a_crop_is_found_in_a_window_of_the_whole(seed, width, height, x, y):
    image = natural(seed)
    rows, columns = image.shape
    top, left = round(y * (1 - height) * rows), round(x * (1 - width) * columns)
    part = image[top : top + round(height * rows), left : left + round(width * columns)]
    assert max(waves(image, window) @ waves(part) for window in windows()) > ALIKE


def test_the_first_window_is_the_whole_picture():
    assert windows()[0] is WHOLE
    assert np.allclose(WHOLE, np.eye(COMPARED, 2 * BYTES), atol=1e-5)
