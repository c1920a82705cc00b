"""Rectified views: disparity and distance are exact for both lens models, pictures agree row by row."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from factory.geometry.lens import equirect180, fisheye, pinhole
from factory.stereo.rectify import (
    View,
    depth_from_disparity,
    disparities,
    disparity_from_depth,
    points_from_disparity,
    rectified_view,
)


def rig(turn_deg=(0.0, 0.0, 0.0), baseline=(0.063, 0.0, 0.0)) -> np.ndarray:
    made = np.eye(4)
    made[:3, :3] = Rotation.from_rotvec(turn_deg, degrees=True).as_matrix()
    made[:3, 3] = baseline
    return made


def views() -> list[tuple[View, np.ndarray]]:
    """With the rig that each is of."""
    eyes = [
        (pinhole(90, (128, 72)), (128, 72), rig()),
        (pinhole(90, (128, 72), -0.05), (128, 72), rig((0.3, -0.2, 0.5))),
        (equirect180((96, 96)), (96, 96), rig((0.5, -0.4, 0.8), (0.062, 0.004, -0.008))),
        (equirect180((80, 90), squeezed=True), (80, 90), rig((0.1, 12.0, 0.0))),
        (fisheye(96 / np.pi, (96, 96)), (96, 96), rig((0.5, -0.4, 0.8))),
    ]
    return [(rectified_view(*eye), eye[2]) for eye in eyes]


EACH_VIEW = pytest.mark.parametrize("view, left_from_right", views(), ids=range(5))


@EACH_VIEW
@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.floats(0.3, 1e4)), min_size=1, max_size=20))
def test_a_point_s_disparity_is_where_both_eyes_see_it(view, left_from_right, seen):
    """Against projection through the eyes as built in, which knows nothing of disparity."""
    shares = np.array(seen)
    xy, range_m = shares[:, :2] * view.size - 0.5, shares[:, 2]
    baseline_m = float(np.linalg.norm(left_from_right[:3, 3]))
    in_left = view.lens.rays(xy) @ view.rectified2rig[0].T * range_m[:, None]
    in_right = (in_left - left_from_right[:3, 3]) @ left_from_right[:3, :3]
    there, ahead = view.lens.project(in_right @ view.rectified2rig[1])
    assert ahead.all()
    np.testing.assert_allclose(there[:, 1], xy[:, 1], atol=1e-6)
    found = disparities(view, xy, range_m, baseline_m)
    np.testing.assert_allclose(found, xy[:, 0] - there[:, 0], atol=1e-6)
    assert (found > 0).all()
    np.testing.assert_allclose(points_from_disparity(view, xy, found, baseline_m), in_left, rtol=1e-4)


@EACH_VIEW
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_disparity_to_distance_and_back(view, left_from_right, seed):
    del left_from_right
    range_m = np.random.default_rng(seed).uniform(0.3, 30.0, view.size[::-1])
    disparity = disparity_from_depth(view, range_m, 0.063)
    np.testing.assert_allclose(depth_from_disparity(view, disparity, 0.063), range_m, rtol=1e-7)


def test_what_has_no_disparity_is_infinitely_far_and_what_is_not_known_stays_so():
    view, _ = views()[2]
    disparity = np.full(view.size[::-1], 2.0)
    disparity[0, :3] = 0.0, -1.0, np.nan
    found = depth_from_disparity(view, disparity, 0.063)
    assert np.isinf(found[0, :2]).all()
    assert np.isnan(found[0, 2])
    assert np.isfinite(found[1:]).all()
    assert (found[1:] > 0).all()
    assert disparity_from_depth(view, np.full(view.size[::-1], np.inf), 0.063) == pytest.approx(0.0)


def test_a_rectified_pair_is_not_touched():
    view, _ = views()[0]
    left, right = np.random.default_rng(0).integers(0, 255, (2, 72, 128), np.uint8)
    assert view.rectified(left, right)[0] is left
    assert view.rectified(left, right)[1] is right
    assert view.seen.all()


def test_a_wide_view_is_as_dense_as_its_eye_and_covers_most_of_the_half_sphere():
    view, _ = views()[3]
    assert view.lens.model == "transverse"
    assert view.size == (round(80 * 150 / 180), round(90 * 160 / 180))
    assert view.seen[0].mean() > 0.98  # the left eye is not turned
    assert 0.9 < view.seen[1].mean() < 0.97  # twelve degrees of yaw leave a border
    with pytest.raises(ValueError, match="90 degrees"):
        rectified_view(equirect180((96, 96)), (96, 96), rig(), (181.0, 160.0))


def test_pictures_of_a_turned_rig_agree_row_by_row():
    """Far things, painted on the sphere, are at the same pixel of both rectified pictures."""
    lens, size, left_from_right = equirect180((256, 256)), (256, 256), rig((1.5, -2.0, 2.5))
    far = np.random.default_rng(0).normal((0, 0, 1), 1.0, (400, 3))
    far /= np.linalg.norm(far, axis=1, keepdims=True)
    pictures = []
    for rotation in (np.eye(3), left_from_right[:3, :3]):
        picture = np.zeros((256, 256), np.uint8)
        xy, ahead = lens.project(far @ rotation)
        for x, y in np.round(xy[ahead] * 16).astype(int):
            cv2.circle(picture, (x, y), 40, 255, -1, cv2.LINE_AA, 4)
        pictures.append(picture)
    view = rectified_view(lens, size, left_from_right)
    left, right = view.rectified(*pictures)
    both = view.seen.all(axis=0)
    unlike = np.abs(left.astype(int) - right)[both].mean() / left[both].mean()
    assert unlike < 0.2  # drawn and interpolated twice
    assert np.abs(np.roll(left, 3, axis=0).astype(int) - right)[both].mean() > 3 * unlike * left[both].mean()
