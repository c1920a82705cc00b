"""The renderer against geometry that is known without it: what is seen where, how far, and how it moves."""

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from factory.errors import ConfigError
from factory.geometry.camera import invert_rigid, transform_points
from factory.geometry.lens import equirect180, fisheye, pinhole
from factory.synth import camera, moment, sets
from factory.synth.mesh import box, ellipsoid, placed, quad
from factory.synth.mipmap import MipMaps
from factory.synth.render import Band, Renderer, View, pixel_grid
from factory.synth.scene import Body, Lamp, Scene, rigid, straight_walk, tumbling
from factory.synth.textures import Texture

SIZE = (320, 180)
LENS = pinhole(0.85 * SIZE[0], SIZE)
PIXELS = np.stack(np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1])), -1).astype(float)
WHITE = Texture(np.full((8, 8, 3), 200, np.uint8), 10)
AHEAD = camera.look_at(np.array([0.0, -2.0, 1.0]), np.array([0.0, 3.0, 1.0]))  # looks along +y


def carried(view: View, world_from_cam: np.ndarray) -> np.ndarray:
    """World points (H, W, 3) of a view's pixels."""
    rays = LENS.rays(pixel_grid(SIZE)).reshape(SIZE[1], SIZE[0], 3)
    return transform_points(world_from_cam, rays * view.sight.distance_m[..., None])


def projected(points_cam: np.ndarray) -> np.ndarray:
    """Pixels (..., 2) of points (..., 3)."""
    return LENS.project(points_cam.reshape(-1, 3))[0].reshape(*points_cam.shape[:-1], 2)


@pytest.fixture(scope="module")
def walk() -> tuple[Renderer, np.ndarray, list[View]]:
    """Two frames, 1/8 s apart, of a walker in a room seen by a hand-held camera."""
    rng = np.random.default_rng(5)
    renderer = Renderer(sets.room(rng, sets.walker(rng, straight_walk((-0.5, 0.8), (0.9, 0.0)))))
    times_s = np.array([0.0, 0.125])
    poses = camera.handheld(rng, (-0.6, -1.6, 1.4), (0.5, 0.1, 0.0), (0.0, 2.4, 1.1), (0.2, 0.0, 0.0))(times_s)
    return renderer, poses, [renderer.view(LENS, SIZE, pose, t) for pose, t in zip(poses, times_s, strict=True)]


def test_a_pixel_sees_a_quad_exactly_when_its_centre_lies_inside():
    corners = np.array([[-0.613, 1.5, 0.71], [0.437, 1.5, 0.71], [0.437, 1.5, 1.29], [-0.613, 1.5, 1.29]])
    mesh = quad(corners[0], corners[1] - corners[0], corners[3] - corners[0])
    view = Renderer(Scene((Body(mesh, WHITE),), (0, 0, 9))).view(LENS, SIZE, AHEAD, 0.0)
    expected = projected(transform_points(invert_rigid(AHEAD), corners))
    (left, top), (right, bottom) = expected.min(axis=0), expected.max(axis=0)
    inside = (PIXELS[..., 0] > left) & (PIXELS[..., 0] < right) & (PIXELS[..., 1] > top) & (PIXELS[..., 1] < bottom)
    np.testing.assert_array_equal(view.sight.body == 0, inside)
    assert np.isinf(view.depth_m[~inside]).all()


def test_depth_is_along_the_optical_axis_not_along_the_ray():
    wall = Body(quad((-9, 2, -9), (18, 0, 0), (0, 0, 18)), WHITE)
    view = Renderer(Scene((wall,), (0, 0, 9))).view(LENS, SIZE, AHEAD, 0.0)
    np.testing.assert_allclose(view.depth_m, 4.0, rtol=1e-5)


def test_points_of_a_sphere_lie_on_the_sphere():
    centre, radius = np.array([0.3, 1.5, 1.2]), 0.6
    ball = Body(placed(ellipsoid((radius,) * 3, 96, 192), rigid(centre)), WHITE)
    view = Renderer(Scene((ball,), (0, -5, 9))).view(LENS, SIZE, AHEAD, 0.0)
    seen = view.sight.body == 0
    assert seen.sum() > 2000
    distance = np.linalg.norm(carried(view, AHEAD)[seen] - centre, axis=1)
    np.testing.assert_allclose(distance, radius, atol=1.5e-3)  # the facets' sagitta


def test_depth_and_poses_carry_one_frame_onto_the_next(walk):
    renderer, poses, (first, second) = walk
    at = projected(transform_points(invert_rigid(poses[1]), carried(first, poses[0]))).astype(np.float32)
    grey, target = (view.rgb.mean(axis=2) for view in (first, second))
    shown = cv2.remap(target, at, None, cv2.INTER_CUBIC, borderValue=-1)
    still = ~np.isin(
        cv2.remap(second.sight.body.astype(np.float32), at, None, cv2.INTER_NEAREST), renderer.scene.moving()
    )
    still &= ~np.isin(first.sight.body, renderer.scene.moving())
    expected_depth = transform_points(invert_rigid(poses[1]), carried(first, poses[0]))[..., 2]
    there = cv2.remap(second.depth_m, at, None, cv2.INTER_NEAREST, borderValue=-1)
    visible = still & (np.abs(there / expected_depth - 1) < 0.01)
    visible = cv2.erode(visible.astype(np.uint8), np.ones((5, 5))) > 0  # outlines mix two surfaces
    assert visible.mean() > 0.4
    error, unmoved = np.abs(shown - grey)[visible], np.abs(target - grey)[visible]
    assert np.median(error) < 3.0
    assert np.median(error) < 0.3 * np.median(unmoved)

    # What shift of the whole picture would explain the rest? None: Lucas-Kanade's normal equations say how much.
    gradient = np.stack([cv2.Sobel(shown, cv2.CV_32F, *d, scale=1 / 8)[visible] for d in ((1, 0), (0, 1))], axis=1)
    shift_px = np.linalg.lstsq(gradient, (grey - shown)[visible], rcond=None)[0]
    assert np.abs(shift_px).max() < 0.02


def test_moving_pixels_follow_the_motion_of_their_body(walk):
    renderer, poses, (first, second) = walk
    head = renderer.scene.moving()[1]  # unlike the torso, no arm swings before it
    motion = renderer.scene.bodies[head].world_from_object
    points = carried(first, poses[0])[first.sight.body == head]
    assert len(points) > 300
    moved = transform_points(motion(0.125) @ invert_rigid(motion(0.0)), points)
    cam_from_world = invert_rigid(poses[1])

    def agrees(world: np.ndarray) -> float:
        in_cam = transform_points(cam_from_world, world)
        at = projected(in_cam).astype(np.float32)
        body = cv2.remap(second.sight.body.astype(np.float32), at[None], None, cv2.INTER_NEAREST, borderValue=-1)[0]
        depth = cv2.remap(second.depth_m, at[None], None, cv2.INTER_NEAREST)[0]
        return float(np.mean((body == head) & (np.abs(depth - in_cam[:, 2]) < 0.03)))

    assert agrees(moved) > 0.9  # the rest is past the outline
    assert agrees(points) < 0.4


@pytest.mark.parametrize("lens", [fisheye(60, (120, 120)), equirect180((120, 120))], ids=lambda lens: lens.model)
def test_wide_lenses_see_a_ball_all_round_at_one_distance(lens):
    """From inside a sphere about the camera, every pixel is as far, and looks where the lens says."""
    askew = Rotation.from_euler("xyz", (0.3, 0.2, 0.1))  # rays through the very edges of faces may slip between them
    ball = Body(placed(ellipsoid((2.0, 2.0, 2.0), 96, 192), rigid(AHEAD[:3, 3], askew)), WHITE)
    view = Renderer(Scene((ball,), (0, 0, 9))).view(lens, (120, 120), AHEAD, 0.0)
    np.testing.assert_allclose(view.depth_m, 2.0, atol=3e-3)
    renderer = Renderer(Scene((ball,), (0, 0, 9)))
    world = renderer.geometry.at(0.0).points(view.sight.face.ravel(), view.sight.barycentric.reshape(-1, 2))
    xy, seen = lens.project(transform_points(invert_rigid(AHEAD), world))
    assert seen.all()
    np.testing.assert_allclose(xy, pixel_grid((120, 120)), atol=1e-3)


def test_face_and_barycentric_follow_a_surface_that_bends():
    """A sheet whose height swings: what a pixel sees at one time is on the sheet's new height at another."""
    sheet = quad((-3, 0, 0.5), (6, 0, 0), (0, 4, 0))

    def waves(time_s: float) -> tuple[np.ndarray, np.ndarray]:
        return sheet.vertices + np.array([0, 0, 0.3 * np.sin(time_s)]), sheet.normals

    renderer = Renderer(Scene((Body(sheet, WHITE, waves=waves),), (0, -5, 9)))
    assert renderer.geometry.moving.tolist() == [0]
    sight, _ = renderer.trace(LENS, SIZE, AHEAD, 0.0)
    hit = sight.face >= 0
    before, after = (renderer.geometry.at(t).points(sight.face[hit], sight.barycentric[hit]) for t in (0.0, 1.0))
    np.testing.assert_allclose(before[:, 2], 0.5, atol=1e-6)
    np.testing.assert_allclose(after - before, np.broadcast_to((0, 0, 0.3 * np.sin(1)), before.shape), atol=1e-6)
    assert renderer.view(LENS, SIZE, AHEAD, 1.0).sight.distance_m[-1, 160] > 0


def test_what_stands_before_a_moving_body_hides_it():
    wall = Body(quad((-9, 2, -9), (18, 0, 0), (0, 0, 18)), WHITE)
    behind = Body(ellipsoid((0.5,) * 3), WHITE, lambda time_s: rigid((time_s, 3, 1)))
    sight, depth_m = Renderer(Scene((behind, wall), (0, -5, 9))).trace(LENS, SIZE, AHEAD, 0.0)
    assert np.unique(sight.body).tolist() == [1]
    np.testing.assert_allclose(depth_m, 4.0, rtol=1e-5)


def test_a_body_that_turns_is_lit_as_one_that_stands_so():
    pose = rigid((0.1, 1.5, 1.0), Rotation.from_euler("xyz", (0.4, 0.7, 1.9)))
    lamp, mesh = (3.0, -4.0, 5.0), ellipsoid((0.6, 0.4, 0.5))
    turning = Body(mesh, WHITE, lambda time_s: pose if time_s == 2.0 else rigid((0, 0, -99)))
    views = [
        Renderer(Scene((body,), lamp)).view(LENS, SIZE, AHEAD, 2.0)
        for body in (turning, Body(placed(mesh, pose), WHITE))
    ]
    np.testing.assert_allclose(views[0].rgb, views[1].rgb, atol=0.01)
    assert np.ptp(views[0].rgb[views[0].sight.body == 0]) > 30


def test_bands_put_each_row_in_its_time():
    ball = Body(ellipsoid((0.3,) * 3), WHITE, lambda time_s: rigid((time_s, 1.5, 1.0)))
    renderer = Renderer(Scene((ball,), (0, -5, 9)))
    bands = [Band(0, 90, 0.0, AHEAD), Band(90, 180, 0.2, AHEAD)]
    rgb, sight = renderer.expose(LENS, SIZE, bands)
    early, late = (renderer.view(LENS, SIZE, AHEAD, t) for t in (0.0, 0.2))
    np.testing.assert_array_equal(sight.body, np.vstack([early.sight.body[:90], late.sight.body[90:]]))
    np.testing.assert_array_equal(rgb[:88], early.rgb[:88])
    np.testing.assert_array_equal(rgb[92:], late.rgb[92:])
    assert np.any(early.sight.body != late.sight.body)


def test_a_lamp_lights_by_its_law_within_its_cone():
    """A torch 2 m over the floor, cone of 30 degrees, at night: brightness b / (1 + (d / reach)^2) times the cosine."""
    floor = Body(quad((-9, -9, 0), (18, 0, 0), (0, 18, 0)), WHITE)
    down = camera.look_at(np.array([0.0, -0.5, 4.0]), np.array([0.0, 0.0, 0.0]))
    hold = np.eye(4)
    hold[:3, :3], hold[:3, 3] = [[0, 0, 1], [0, 1, 0], [-1, 0, 0]], (0, 0, 2)  # its x axis points down
    torch = Lamp((0, 0, 0), 0.6, 2.0, 30.0, lambda time_s: hold + 0 * time_s)
    night = Scene((floor,), (0, 0, 9), daylight=0.0, lamps=(torch,))
    view = Renderer(night).view(LENS, SIZE, down, 0.0)
    where = carried(view, down)
    radius = np.hypot(where[..., 0], where[..., 1])
    light = (view.rgb[..., 0] / 200) ** 2.2
    squared = 4 + radius**2
    expected = 0.6 / (1 + squared / 4) * 2 / np.sqrt(squared)
    inner = radius < 2 * np.tan(np.radians(24))
    np.testing.assert_allclose(light[inner], expected[inner], rtol=0.01)
    assert light[radius > 2 * np.tan(np.radians(30.5))].max() == 0


def test_pictures_are_the_same_whatever_was_rendered_before():
    rng = np.random.default_rng(5)
    scene = sets.room(rng, sets.walker(rng, straight_walk((-0.5, 0.8), (0.9, 0.0))))
    small, used = (80, 46), Renderer(scene)
    for time_s in (0.4, 0.1, 0.4):
        used.view(pinhole(60, small), small, AHEAD, time_s)
    np.testing.assert_array_equal(
        used.view(pinhole(60, small), small, AHEAD, 0.1).rgb,
        Renderer(scene).view(pinhole(60, small), small, AHEAD, 0.1).rgb,
    )


def test_motions_are_rigid():
    motion = tumbling((0, 0, 1), (0.3, 0, 0), 0.9, (25, 40, 110))
    for time_s in (0.0, 0.4, 1.7):
        rotation = motion(time_s)[:3, :3]
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(rotation) == pytest.approx(1)


def test_a_box_throws_a_shadow_on_the_floor():
    floor = Body(quad((-5, -5, 0), (10, 0, 0), (0, 10, 0)), WHITE)
    block = Body(placed(box((0.4, 0.4, 0.2)), rigid((0, 2, 1.6))), WHITE)
    lamp = (0.0, 2.0, 3.2)
    down = camera.look_at(np.array([0.0, -2.0, 1.0]), np.array([0.0, 2.0, 0.0]))
    bare, shaded = (Renderer(Scene(b, lamp)).view(LENS, SIZE, down, 0.0) for b in ((floor,), (floor, block)))
    ratio = shaded.rgb.mean(axis=2) / bare.rgb.mean(axis=2)
    where = carried(bare, down)
    ours = cv2.erode((shaded.sight.body == 0).astype(np.uint8), np.ones((3, 3))) > 0  # no pixel mixed with the block's
    # Similar triangles: the block's lower side, 0.4 m wide at height 1.5, is thrown to 0.4 * 3.2 / 1.7 on the floor.
    half_m = 0.2 * 3.2 / 1.7
    away = np.maximum(np.abs(where[..., 0]), np.abs(where[..., 1] - 2.0))
    assert ratio[ours & (away < half_m - 0.1)].max() < 0.8
    assert ratio[ours & (away > half_m + 0.1)].min() > 0.999


def test_far_textures_are_averaged_not_aliased():
    chequers = np.kron(np.indices((128, 128)).sum(axis=0) % 2 * 255, np.ones((2, 2)))
    texture = Texture(np.repeat(chequers[..., None], 3, axis=2).astype(np.uint8), 100)
    rng = np.random.default_rng(0)
    uv_m = rng.uniform(0, 20, (500, 2)).astype(np.float32)
    mipmaps, number = MipMaps([texture]), np.zeros(500, int)
    near = mipmaps.sample(number, uv_m, np.full(500, 0.001))
    far = mipmaps.sample(number, uv_m, np.full(500, 0.08))
    assert near.std() > 80
    np.testing.assert_allclose(far, 127.5, atol=2)


def test_near_textures_are_read_where_they_lie():
    """A ramp of 2 grey levels a texel: texel i is centred at (i + 0.5) texels."""
    ramp = np.broadcast_to(np.arange(0, 200, 2, dtype=np.uint8)[None, :, None], (16, 100, 3))
    mipmaps = MipMaps([WHITE, Texture(np.ascontiguousarray(ramp), 50)])
    u_m = np.array([0.3, 0.5, 1.01], np.float32)
    got = mipmaps.sample(np.ones(3, int), np.stack([u_m, np.full(3, 0.1, np.float32)], 1), np.full(3, 0.001))
    np.testing.assert_allclose(got[:, 0], 2 * (u_m * 50 - 0.5), atol=0.01)


def test_without_embreex_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr(moment, "EmbreeScene", None)
    with pytest.raises(ConfigError, match=r"pip install .*(embreex|\[synth\])"):
        Renderer(Scene((Body(box((1, 1, 1)), WHITE),), (0, 0, 9)))
