"""The objects that a description tells: which bodies are one, where they are seen, what shows them best."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from factory.geometry.lens import pinhole
from factory.synth import camera
from factory.synth.colours import colour_word
from factory.synth.film import camera_at
from factory.synth.mesh import quad
from factory.synth.objects import ObjectWatch
from factory.synth.presets import hard, lightspeed
from factory.synth.produce import Order, produce
from factory.synth.render import Renderer
from factory.synth.scene import UNNAMED, Body, Scene, one_thing, rigid
from factory.synth.take import Take
from factory.synth.textures import Texture

SIZE = (160, 90)
GREY = Texture(np.full((8, 8, 3), 128, np.uint8), 10)
WALL = Body(quad((-9, 4, -9), (18, 0, 0), (0, 0, 18)), GREY)


def patch(left_m, speed_m_s, low_m=0.8, side_m=0.4, far_m=2.0) -> Body:
    """A square before a camera that stands at a height of 1 m: 50 px a metre at 2 m, 79.5 px and 44.5 px the middle."""
    mesh = quad((left_m, far_m, low_m), (side_m, 0, 0), (0, 0, side_m))
    return Body(mesh, GREY, (lambda time_s: rigid((speed_m_s * time_s, 0, 0))) if speed_m_s else None)


def told_of(bodies, times_s):
    still = camera.tripod((0.0, 0.0, 1.0), (0.0, 3.0, 1.0))
    take = Take(Scene(bodies, (0, -5, 9)), still, lambda _time_s: pinhole(100, SIZE))
    renderer = Renderer(take.scene)
    watch, pictures = ObjectWatch(renderer.geometry, SIZE, 10), []
    for time_s in times_s:
        view = camera_at(take, time_s)
        sight, _ = renderer.trace(view.lens, SIZE, view.world_from_cam, time_s)
        pictures.append(watch.saw(sight, view))
    return watch.told(), pictures


def test_bodies_of_one_thing_are_one_object_and_a_body_without_one_is_its_own():
    pair = one_thing("pair", (patch(-1.0, 0.1), patch(-0.4, 0.1)))
    told, (picture,) = told_of((WALL, pair[0], patch(0.6, 0.1), pair[1]), [0.0])
    assert [entry["name"] for entry in told] == ["pair", UNNAMED]
    assert told[0]["box_px"] == [30, 35, 80, 55]  # from -1 m to 0 m, the gap between the two and all
    assert told[0]["picture_ratio"] == pytest.approx(2 * 20 * 20 / (160 * 90), abs=1e-4)
    assert (np.unique(picture) == [0, 1, 2]).all()
    assert (picture == 1).sum() == 800


def test_what_only_stands_is_no_object():
    told, _ = told_of((WALL, *one_thing("post", [patch(0.0, 0.0)])), [0.0])
    assert told == []


def test_the_keyframe_is_clear_of_the_border_and_not_hidden_though_smaller():
    """A square of 0.8 m: cut by the border at 2 m, behind a post at 2 m, whole at 3.2 m."""
    post = Body(quad((-0.15, 1.9, 0), (0.3, 0, 0), (0, 0, 2)), GREY)
    places = {0.0: (-1.8, 2.0, 0.6), 1.0: (-0.4, 2.0, 0.6), 2.0: (0.42, 3.2, 0.62)}
    sign = Body(quad((0, 0, 0), (0.8, 0, 0), (0, 0, 0.8)), GREY, lambda time_s: rigid(places[time_s]))
    told, pictures = told_of((WALL, post, *one_thing("sign", [sign])), [0.0, 1.0, 2.0])
    assert (np.array([(picture > 0).sum() for picture in pictures[:2]]) > (pictures[2] > 0).sum()).all()
    assert told[0]["keyframe"] == 12
    assert told[0]["box_px"] == [93, 32, 118, 57]  # from 79.5 px + 13.1 px to the right on, 25 px wide
    assert told[0]["shown_ratio"] == 1.0


def test_of_clear_views_the_largest_is_the_keyframe():
    def comes(time_s):
        return rigid((0, -0.5 * time_s, 0))

    body = replace(patch(-0.2, 0.0), world_from_object=comes)
    told, _ = told_of((WALL, body), [0.0, 1.0, 2.0, 10.0])  # at last it is behind the camera
    assert told[0]["keyframe"] == 12
    assert told[0]["shown_ratio"] == 0.75


def test_what_is_never_seen_has_no_keyframe():
    told, _ = told_of((WALL, patch(8.0, 0.1)), [0.0, 1.0])
    assert told == [
        {"name": UNNAMED, "keyframe": None, "box_px": None, "shown_ratio": 0.0, "picture_ratio": 0.0},
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("objects")
    produce(path, Order(size=SIZE, fps=2, seconds=2.0, truth=("instances",)), ["shot_cut"])
    return path


def test_pictures_of_instances_agree_with_masks_and_description(folder):
    told = json.loads((folder / "shot_cut.json").read_text())
    instances = [cv2.imread(str(p), -1) for p in sorted((folder / told["instances"]).glob("*.png"))]
    masks = [cv2.imread(str(p), -1) for p in sorted((folder / told["masks"]).glob("*.png"))]
    assert len(instances) == told["frame_count"] == 8
    assert instances[0].dtype == np.uint8
    np.testing.assert_array_equal(np.array(instances) > 0, np.array(masks) == 255)
    assert len(told["objects"]) == 2  # someone walks in either shot
    for number, entry in enumerate(told["objects"], 1):
        assert entry["name"].startswith("walking person in ")
        shots = range(4 * (number - 1), 4 * number)
        assert {t for t in range(8) if (instances[t] == number).any()} <= set(shots)
        rows, columns = np.nonzero(instances[entry["keyframe"]] == number)
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert entry["box_px"] == box
        share = np.mean([(instances[t] == number).mean() for t in shots])
        assert entry["picture_ratio"] == pytest.approx(share, abs=1e-4)


def test_a_clip_whose_description_tells_no_objects_is_made_again(folder):
    order = Order(size=SIZE, fps=2, seconds=2.0)
    made = []
    produce(folder, order, ["shot_cut"], report=made.append)
    path = folder / "shot_cut.json"
    told = json.loads(path.read_text())
    assert told["instances"]  # more truth than wanted stays
    del told["objects"]
    path.write_text(json.dumps(told))
    produce(folder, order, ["shot_cut"], report=made.append)
    assert [clip.took_s is None for clip in made] == [True, False]
    assert "objects" in json.loads(path.read_text())


@pytest.mark.usefixtures("bare_walls")
@pytest.mark.parametrize(
    "preset, name, count, starts",
    [
        (lightspeed, "street_crowd", 9, "walking person in "),
        (lightspeed, "pond_swan", 2, "w"),
        (lightspeed, "table_arm", 1, "arm that holds a printed box"),
        (hard, "hard_carriage", 1, "inside of the carriage"),
    ],
)
def test_actors_are_things(preset, name, count, starts):
    objects = preset.clips(0)[name]().takes[0].scene.objects()
    assert len(objects) == count
    assert all(name.startswith(starts) for name, _ in objects)


@pytest.mark.parametrize(
    "rgb, word",
    [
        ((200, 52, 40), "red"),
        ((190, 120, 60), "orange"),
        ((30, 40, 130), "blue"),
        ((20, 50, 20), "dark green"),
        ((110, 104, 100), "grey"),
        ((235, 235, 230), "white"),
        ((40, 40, 42), "black"),
    ],
)
def test_colours_have_the_words_of_people(rgb, word):
    assert colour_word(Texture(np.full((2, 2, 3), rgb, np.uint8), 1)) == word
