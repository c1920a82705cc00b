"""A clip with a dynamic prior: a language model behind a real server names what moves, the rest carries the pose."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

import factory
from factory.background.camera_motion import CameraMotion
from factory.clip import ClipRecord
from factory.errors import ModelBudgetError
from factory.frames import Frames, Passing
from factory.geometry.trajectory import pose_errors
from factory.models.roles import Boxes, Told
from factory.models.vlm_server import ServedTeller
from factory.phases.grading import GradeCamera
from factory.phases.naming import NameObjects, Naming
from factory.phases.prior_pose import UsePrior, fills, unclear_turn
from factory.phases.segmenting import SegmentObjects
from factory.prior.choose import ChoosePose
from factory.prior.named import Named, Sighting
from factory.synth.produce import Order, produce
from factory.trust.assess import Signals
from factory.trust.predicted import Predicted
from factory.trust.rule import AcceptRule
from factory.trust.worth import Trust
from factory.tum import read_tum
from tests.oracle import answer
from tests.phases.test_mask_labels import CLIP, masks_of, scene
from tests.seer import seeing

CLIP_NAME = "hard_carried"


@pytest.fixture
def server():
    with seeing() as told:
        yield told


def frames(count=10, height=36, width=64):
    rgb = np.zeros((height, width, 3), np.uint8)
    return Frames([Passing(2 * n, n / 12, rgb[..., 0], True, rgb + n) for n in range(count)])


def named(teller):
    return NameObjects(teller, count=4)(ClipRecord(CLIP, {"frames": frames()}))["naming"]


def test_objects_are_named_by_the_model_in_its_key_frames(server, tmp_path):
    server.reply = '{"objects": [{"object_index": 1, "name": "box", "keyframe": 2, "box": [0, 0, 500, 1000]}]}'
    teller = ServedTeller(url=server.url, model="seer", cache_at=str(tmp_path), usd_per_million_in=1.0)
    found = named(teller)
    assert (found.note, found.key_frames.tolist()) == (None, [0, 3, 6, 9])
    assert [(each.name, each.seen[0].frame) for each in found.objects] == [("box", 3)]
    assert found.said == Told(server.reply, 1000, 100, 0.001)
    (request,) = server.requests
    assert len(request["messages"][0]["content"]) == 5
    assert request["response_format"]["json_schema"]["schema"]["required"] == ["objects"]
    assert named(teller).said == found.said  # of the cache
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "note"),
    [
        ('{"objects": []}', "says that nothing moves"),
        ("I see a box.", "cannot be understood"),
        (None, "refuses to answer"),
        ('[{"name": "box", "keyframe": 9}]', "entry 1 (box) is of picture 9, and 4 were shown."),
    ],
)
def test_answers_of_no_use_leave_the_clip_to_its_motion(server, tmp_path, reply, note):
    server.reply = reply
    found = named(ServedTeller(url=server.url, model="seer", cache_at=str(tmp_path)))
    assert found.objects == ()
    assert note in found.note


def test_a_server_that_is_down_is_told_clip_by_clip(tmp_path):
    found = named(
        ServedTeller(url="http://127.0.0.1:9/v1", model="seer", cache_at=str(tmp_path), tries=1, required=False)
    )
    assert found.objects == ()
    assert "cannot be reached" in found.note


def test_what_was_answered_stands_without_the_server_and_a_spent_budget_fails_the_clip(server, tmp_path):
    server.reply = '{"objects": []}'
    common = {"model": "seer", "cache_at": str(tmp_path), "required": False, "tries": 1}
    first = named(ServedTeller(url=server.url, **common))
    again = named(ServedTeller(url="http://127.0.0.1:9/v1", **common))
    assert (again.said, again.note) == (first.said, first.note)
    prices = {"usd_per_million_in": 1.0, "usd_per_million_out": 1.0, "budget_usd": 1e-9}
    spent = ServedTeller(url=server.url, **common, **prices)
    NameObjects(spent, count=2)(ClipRecord(CLIP, {"frames": frames()}))
    with pytest.raises(ModelBudgetError):
        NameObjects(spent, count=3)(ClipRecord(CLIP, {"frames": frames()}))


def test_who_wants_gold_gets_no_path_that_motion_contradicts():
    trust = solved()[1]
    lenient, strict = UsePrior(), UsePrior(grade=GradeCamera(rule=AcceptRule(min_quality="gold")))
    assert lenient._silver(trust).reasons == ()
    assert strict._silver(trust).reasons[0].startswith("quality: only silver")
    assert strict._silver(trust).quality == "silver"


class Detects:
    """Finds `box` in the two last frames that it is shown."""

    def boxes(self, rgb, words):
        count = len(rgb)
        at = np.array([count - 2, count - 2, count - 1])
        xyxy = np.array([[0, 0, 5, 5], [8, 8, 24, 20], [9, 8, 25, 20]], np.float32)
        assert words == ("box",)
        return Boxes(at, xyxy, np.array([0.4, 0.9, 0.8], np.float32), np.zeros(3, int))


class Follows:
    def propagate(self, rgb, prompts):
        self.prompts = prompts
        masks = np.zeros((len({p.object_id for p in prompts}), *rgb.shape[:3]), bool)
        masks[:, :, 8:20, 8:24] = True
        return masks


@pytest.mark.parametrize(
    "verdict, ratio, rotation_only, unclear",
    [
        ("rotation", 2.6, True, False),
        ("rotation", 3.9, True, True),
        ("parallax", 15.9, True, True),
        ("parallax", 15.9, False, False),
        ("rotation", None, True, False),
    ],
)
def test_a_turn_that_may_as_well_be_a_path_is_not_told(verdict, ratio, rotation_only, unclear):
    trajectory = SimpleNamespace(rotation_only=rotation_only)
    seen = CameraMotion(verdict, parallax_ratio=ratio)
    assert unclear_turn(trajectory, seen, UsePrior().clear_turn) == unclear


def test_a_mask_fills_its_box_where_it_reaches_across_and_covers_half():
    box = np.array([10.0, 5.0, 30.0, 25.0])
    mask = np.zeros((40, 50), bool)
    assert not fills(mask, box)
    mask[5:25, 10:24] = True
    assert not fills(mask, box)  # reaches over 0.7 of it
    mask[5:7, 24:30] = True
    assert fills(mask, box)
    mask[8:22, 12:28] = False  # a frame
    assert not fills(mask, box)
    assert not fills(mask, np.array([60.0, 0.0, 70.0, 10.0]))  # beyond the picture


def test_networks_cut_out_what_has_no_box_and_one_object_under_two_names_is_one():
    tracks, is_box = scene()
    motion = masks_of(tracks, is_box)
    follows = Follows()
    objects = (Named("box", (Sighting(3),)), Named("box", (Sighting(5),)))
    record = ClipRecord(
        CLIP,
        {
            "frames": frames(20),
            "tracks": tracks,
            "background": None,
            "dynamic_masks": motion,
            "naming": Naming(objects, np.arange(4)),
        },
    )
    found = SegmentObjects(Detects(), follows)(record)["object_masks"]
    assert found.names == ("box",)
    assert found.masks.shape == (1, *motion.masks.shape)
    assert [(p.object_id, p.frame) for p in follows.prompts] == [(0, 6), (0, 7), (1, 8), (1, 9)]
    assert follows.prompts[0].box.tolist() == [8, 8, 24, 20]


def test_what_is_named_and_not_found_leaves_the_clip_to_its_motion():
    tracks, is_box = scene()
    given = {"frames": frames(20), "tracks": tracks, "background": None, "dynamic_masks": masks_of(tracks, is_box)}
    given["trust"] = solved()[1]
    naming = Naming((Named("flying pig", (Sighting(3),)),), np.arange(4))
    found = SegmentObjects()(ClipRecord(CLIP, {**given, "naming": naming}))["object_masks"]
    assert (found.by, found.names) == ("clusters", ("object 1",))
    assert found.note == "none of the named objects is found in the pictures."
    record = UsePrior()(ClipRecord(CLIP, {**given, "naming": naming, "object_masks": found}))
    assert (record["pose_from"], record["named_ratio"]) == ("motion", None)


class Path:
    """A trajectory, as far as the choice looks at one."""

    rotation_only = False

    def __init__(self, bend):
        self.world_from_cam = np.tile(np.eye(4), (20, 1, 1))
        self.world_from_cam[:, 0, 3] = np.arange(20) * 0.1
        self.world_from_cam[:, 1, 3] = bend * np.sin(np.arange(20) / 3)
        self.registered = np.ones(20, bool)


def solved(bend=0.0, percent=0.1, refused=False):
    trust = Trust(
        Signals(20, 1.0, False),
        Predicted(percent, 2.2 * percent, None, None, None),
        None if refused else "gold",
        ("halves: none",) if refused else (),
        True,
        True,
    )
    return Path(bend), trust


@pytest.mark.parametrize(
    ("share", "first", "again", "choice"),
    [
        (0.3, solved(percent=0.2), solved(percent=0.1), "prior"),
        (0.3, solved(percent=0.1), solved(percent=0.2), "motion"),
        (0.9, solved(refused=True), solved(bend=0.5), "prior"),
        (0.9, solved(refused=True), solved(refused=True), "motion"),
        (0.3, solved(), solved(bend=0.5), "overruled"),
        (0.3, solved(), solved(refused=True), "motion"),
        (0.6, solved(), solved(refused=True), "conflict"),  # half of what it rests on is named, and nothing confirms it
    ],
)
def test_of_two_solves_the_better_stands_where_they_agree_and_the_prior_where_they_do_not(share, first, again, choice):
    assert ChoosePose()(share, first, again) == choice
    assert ChoosePose().asks(0.01, first[1]) == bool(first[1].reasons)
    assert ChoosePose().asks(share, first[1])


def test_a_clip_that_motion_misreads_is_solved_by_what_a_model_says(server, tmp_path):
    """A box held before the camera, four fifths of the picture: alone, refused; named, right and accepted."""
    order = Order("hard", 0, (320, 180), seconds=2.0)
    (video,) = produce(tmp_path / "clips", order, only=[CLIP_NAME])
    settings = {"pose.stages.frames.colour_side_px": 320, "pose.previews": False, "ingest.cut.min_s": 0.5}
    teller = {"teller.url": server.url, "teller.model": "seer", "teller.cache_at": str(tmp_path / "replies")}
    keys = NameObjects().key_frames(24) * 2
    server.told_by = lambda _: answer(video, keys.tolist())
    words = {**settings, **teller, "prior": "language"}
    out = factory.run(tmp_path / "clips", tmp_path / "out", words, pipeline="dynapo", engine="inline")
    (row,) = out.arrow("pose").to_pylist()
    assert (row["status"], row["prior"], row["pose_from"]) == ("ok", "language", "prior")
    assert row["named_ratio"] > 0.5
    assert row["object_names"] == [json.loads(video.with_suffix(".json").read_text())["objects"][0]["name"]]
    assert (row["prior_tokens_in"], row["prior_usd"]) == (1000, 0.0)
    assert row["object_moving_ratio"][0] > 0.9
    told = json.loads((tmp_path / "out" / row["objects"]).read_text())
    assert told["by"] == "language"
    assert told["raw"].startswith("Here is what moves")
    names, masks = out.clip(row["clip_id"]).objects()
    assert list(names) == row["object_names"]
    assert masks.shape[0] == len(told["objects"]) == 1
    times_s, truth = read_tum(video.with_suffix(".tum.txt"))
    at = np.abs(np.asarray(times_s) - np.array(row["timestamps"])[:, None]).argmin(axis=1)
    poses = np.array(row["world_from_cam"]).reshape(-1, 4, 4)
    assert pose_errors(poses, np.asarray(truth)[at]).ate_percent < 0.5
