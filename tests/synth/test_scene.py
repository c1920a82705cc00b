"""Meshes, motions, waves, lamps, textures of photos: what worlds are made of."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.errors import ConfigError
from factory.synth.camera import orbit
from factory.synth.mesh import box, cylinder, height_field, lump, part
from factory.synth.mipmap import MipMaps
from factory.synth.route import Route, driving, steady
from factory.synth.scene import Body, Lamp, Scene, held, rigid, straight_walk
from factory.synth.sets.actors import arrival, car, crowd, dog, swan, walker, water
from factory.synth.sets.land import hills
from factory.synth.sets.placing import corridor, spots
from factory.synth.textures import Texture, photo

GREY = Texture(np.full((8, 8, 3), 128, np.uint8), 8)


def test_cylinders_are_closed_and_as_large_as_they_should_be():
    tube = cylinder(0.5, 2.0, 96)
    assert np.ptp(tube.vertices, axis=0) == pytest.approx([1.0, 1.0, 2.0], rel=1e-3)
    sides = np.linalg.norm(np.cross(*np.diff(tube.vertices[tube.faces], axis=1).transpose(1, 0, 2)), axis=1) / 2
    assert sides.sum() == pytest.approx(2 * np.pi * 0.5 * 2.0 + 2 * np.pi * 0.25, rel=2e-3)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 100), st.floats(0, 0.15))
def test_lumps_are_about_as_large_as_their_ellipsoid_and_closed(seed, roughness):
    stone = lump(np.random.default_rng(seed), (0.5, 0.4, 0.3), roughness)
    radii = np.linalg.norm(stone.vertices / (0.5, 0.4, 0.3), axis=1)
    assert radii.min() > 1 - 2.1 * roughness - 1e-9
    assert radii.max() < 1 + 2.1 * roughness + 1e-9
    seam = np.linalg.norm(stone.vertices[:29] - stone.vertices[0], axis=1)  # the pole, once for each sector
    assert seam.max() < 1e-12
    np.testing.assert_allclose(np.linalg.norm(stone.normals, axis=2), 1, atol=1e-6)


@pytest.mark.parametrize("mesh", [box((1, 2, 3)), cylinder(0.5, 1.0), lump(np.random.default_rng(0), (1, 1, 1), 0.1)])
def test_normals_point_outwards_for_convex_bodies(mesh):
    centre = mesh.vertices[mesh.faces].mean(axis=1) - mesh.vertices.mean(axis=0)
    face = np.abs(np.einsum("fi,fi->f", mesh.normals.mean(axis=1), centre))
    assert (face > 0).all()


def test_a_height_field_is_level_where_the_ground_is_and_splits_into_parts():
    x, y = np.linspace(0, 4, 9), np.linspace(-2, 2, 5)
    slope = height_field(x, y, np.broadcast_to(0.5 * x, (5, 9)))
    expected = np.array([-0.5, 0, 1]) / np.hypot(0.5, 1)
    np.testing.assert_allclose(slope.normals, np.broadcast_to(expected, slope.normals.shape), atol=1e-12)
    left = slope.vertices[slope.faces].mean(axis=1)[:, 0] < 2
    both = part(slope, left), part(slope, ~left)
    assert sum(len(mesh.faces) for mesh in both) == len(slope.faces) == 2 * 8 * 4


def test_a_body_knows_whether_it_moves_and_where_it_is():
    still = Body(box((1, 1, 1)), GREY)
    walks = Body(box((1, 1, 1)), GREY, straight_walk((1, 2), (0, 2)))
    pond = water(np.random.default_rng(0), (-2, -2), (2, 2), 12)
    scene = Scene((still, walks, pond), (0, 0, 9))
    np.testing.assert_array_equal(scene.moving(), [1, 2])
    assert walks.at(1.5).vertices.mean(axis=0) == pytest.approx([1, 5, 0])
    assert still.at(1.5) is still.mesh


def test_waves_move_every_place_its_own_way_and_bend_the_normals():
    pond = water(np.random.default_rng(0), (-4, -4), (4, 4), 30)
    moved = pond.at(0.4).vertices - pond.at(0.0).vertices
    speeds_m = np.linalg.norm(moved, axis=1)
    assert 0.01 < np.median(speeds_m) < 0.5
    directions = moved[:, :2] / np.linalg.norm(moved[:, :2], axis=1, keepdims=True)
    assert np.linalg.norm(directions.mean(axis=0)) < 0.5  # no common drift
    np.testing.assert_array_equal(pond.at(0.4).faces, pond.mesh.faces)
    assert pond.at(0.4).normals.std() > 0
    np.testing.assert_allclose(np.linalg.norm(pond.at(0.4).normals, axis=2), 1, atol=1e-9)


@pytest.mark.parametrize("time_s", [0.0, 0.7, 2.3])
def test_all_actors_move_rigidly(time_s):
    rng = np.random.default_rng(0)
    walk, route = straight_walk((0, 0), (1, 0)), Route([(0, 0), (4, 0), (8, 3), (9, 9)])
    everyone = [*walker(rng, walk), *dog(rng, walk), *swan(rng, walk), *crowd(rng, 3, (0, 0), (4, 4))]
    for body in [*everyone, *car(rng, 0.4, route, steady(2.0))]:
        pose = body.world_from_object(time_s)
        np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)
        assert np.linalg.det(pose[:3, :3]) == pytest.approx(1)


def test_wheels_roll_as_far_as_the_car_drives():
    route = Route([(0, 0), (5, 0), (10, 0), (15, 0)])
    wheel = car(np.random.default_rng(0), 1.0, route, steady(2.0))[-1].world_from_object
    angle = [np.arctan2(wheel(t)[0, 2], wheel(t)[0, 0]) for t in (0.0, 0.02)]
    assert angle[1] - angle[0] == pytest.approx(0.04 / 0.085, rel=1e-6)
    # The lowest point of a wheel that rolls stands still.
    low = [
        (wheel(t) @ np.linalg.inv(wheel(0.01)) @ np.append(wheel(0.01)[:3, 3] - (0, 0, 0.085), 1))[:3]
        for t in (0.0099, 0.0101)
    ]
    assert np.linalg.norm(low[1] - low[0]) < 1e-6


def test_who_arrives_stands_from_then_on():
    walk, vigour = arrival(np.array([2.0, 0.0]), np.array([0.0, 1.0]), 1.5)
    np.testing.assert_allclose(walk(0.0)[:2, 3], (2, 0))
    np.testing.assert_array_equal(walk(1.5), walk(2.7))
    np.testing.assert_allclose(walk(1.5)[:2, 3], (0, 1))
    assert vigour(0.0) == 1
    assert vigour(1.6) == 0


def test_what_a_camera_carries_stays_where_it_is_in_the_picture():
    path = orbit(np.random.default_rng(0), (0, -2, 1.5), (0, 1, 1.0), 20.0)
    motion = held(path, lambda _time_s: rigid((0.1, 0.0, 0.5)))
    for time_s in (0.0, 1.1, 2.9):
        in_cam = np.linalg.inv(path(np.array([time_s]))[0]) @ motion(time_s)
        np.testing.assert_allclose(in_cam, rigid((0.1, 0.0, 0.5)), atol=1e-12)


def test_a_carried_lamp_goes_with_its_carrier():
    lamp = Lamp((1.0, 0, 0.5), 1.0, 2.0, 30.0, driving(Route([(0, 0), (0, 4), (0, 8), (0, 12)]), steady(1.0)))
    position, axis = lamp.at(2.0)
    np.testing.assert_allclose(position, (0, 3, 0.5), atol=1e-9)
    np.testing.assert_allclose(axis, (0, 1, 0), atol=1e-9)
    np.testing.assert_allclose(Lamp((1, 2, 3), 1.0, 2.0).at(5.0)[0], (1, 2, 3))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_things_keep_away_from_the_way_and_from_each_other(seed):
    rng = np.random.default_rng(seed)
    path = orbit(rng, (0, -2, 1.5), (0, 1, 1.0), 20.0)
    clear = corridor(path, 3.0, [straight_walk((1, 1), (0.3, 0))], sight_m=1.0)
    placed = spots(rng, 12, (-3, -3), (3, 3), clear, 0.9, 0.7)
    assert len(placed) > 3
    apart = np.linalg.norm(placed[:, None] - placed, axis=2) + 9 * np.eye(len(placed))
    assert apart.min() >= 0.7
    camera = path(np.linspace(0, 3, 25))[:, :2, 3]
    assert np.linalg.norm(placed[:, None] - camera, axis=2).min() >= 0.9


def test_heights_are_those_of_the_ground():
    bodies, height = hills(np.random.default_rng(2), 2.0)
    vertices = np.concatenate([body.mesh.vertices[np.unique(body.mesh.faces)] for body in bodies])
    inside = np.abs(vertices[:, :2]).max(axis=1) < 69
    np.testing.assert_allclose(height(vertices[inside, :2]), vertices[inside, 2], atol=1e-9)
    assert np.std(vertices[:, 2]) == pytest.approx(2.0, rel=0.1)


def test_a_photo_is_a_texture_of_its_width(tmp_path):
    image = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), image)
    texture = photo(tmp_path / "a.png", 2.0)
    np.testing.assert_array_equal(texture.image, image[..., ::-1])
    assert texture.texels_per_m == 20
    (tmp_path / "b.png").write_bytes(b"no picture")
    with pytest.raises(ConfigError, match=r"b\.png is not a picture"):
        photo(tmp_path / "b.png", 2.0)


def test_bodies_that_share_a_texture_share_its_memory_and_look_the_same():
    rng = np.random.default_rng(0)
    one, other = (Texture(rng.integers(0, 255, (32, 32, 3), np.uint8), 32) for _ in range(2))
    shared, alone = MipMaps([one, other, one]), MipMaps([one, other])
    assert len(shared._texels) == len(alone._texels)
    uv_m, size_m = rng.uniform(0, 1, (50, 2)).astype(np.float32), np.full(50, 0.02)
    np.testing.assert_array_equal(
        shared.sample(np.full(50, 2), uv_m, size_m), alone.sample(np.zeros(50, int), uv_m, size_m)
    )
    assert (
        np.abs(shared.sample(np.ones(50, int), uv_m, size_m) - shared.sample(np.zeros(50, int), uv_m, size_m)).max() > 5
    )
