"""A preview shows what moves where it moves, tracks where they are, and a way that grows as the camera goes."""

import io

import av
import cv2
import numpy as np
import pytest

from factory.background.choose import Background
from factory.clip import Clip, ClipRecord
from factory.frames import Frames, Passing
from factory.masks.motion import DynamicMasks
from factory.phases.keep import KeepArtifacts
from factory.phases.pose_stages import standing
from factory.preview.make import preview
from factory.preview.overlay import MOVES, PER_FRAME, STANDS, draw_tracks, shown_tracks, tinted
from factory.preview.path import DOT, WAY, path_panel
from factory.storage.output import Storage, artifact_folder
from factory.tracks import tracks_from

FRAMES = 24


def tracks_of(places, width=320, height=180):
    """Tracks seen in every frame, at places (M, F, 2)."""
    count, frames = places.shape[:2]
    track, frame = np.repeat(np.arange(count), frames), np.tile(np.arange(frames), count)
    times_s = np.arange(frames) / 12
    return tracks_from(track, frame, places.reshape(-1, 2), times_s, np.arange(frames), (width, height))


def going_right(frames=FRAMES):
    poses = np.tile(np.eye(4), (frames, 1, 1))
    poses[:, 0, 3] = np.linspace(0, 5, frames)
    return poses


def coloured(picture, colour):
    return np.all(picture == colour, axis=-1)


def test_what_moves_is_red_and_nothing_else_changes():
    picture = np.full((90, 160, 3), 100, np.uint8)
    mask = np.zeros((45, 80), bool)
    mask[10:20, 30:50] = True
    shown = tinted(picture, mask)
    assert np.array_equal(shown[:15], picture[:15])
    assert shown[25, 70] == pytest.approx([169.75, 91, 82], abs=1)
    assert (picture == 100).all()


def test_tracks_are_drawn_where_they_are_with_tails_behind_them():
    places = np.zeros((2, FRAMES, 2))
    places[0] = [20, 60] + np.arange(FRAMES)[:, None] * [4, 0]
    places[1] = [20, 30] + np.arange(FRAMES)[:, None] * [4, 0]
    picture = np.zeros((90, 160, 3), np.uint8)
    draw_tracks(picture, tracks_of(places), np.array([False, True]), 10)
    for row, colour in ((30, STANDS), (15, MOVES)):  # half the size
        columns = np.flatnonzero(picture[row].any(axis=-1))
        assert columns.max() == pytest.approx(30, abs=1)
        assert columns.min() == pytest.approx(22, abs=1)
        assert picture[row, 26].argmax() == np.argmax(colour)


def test_of_many_tracks_some_of_each_kind_are_drawn_at_a_time():
    rng = np.random.default_rng(0)
    tracks = tracks_of(rng.uniform(0, 150, (2000, FRAMES, 2)))
    moves = np.arange(2000) % 10 == 0
    drawn, is_dynamic = shown_tracks(tracks, np.arange(2000) % 3 != 0, moves)
    seen, dynamic = drawn.at(5)[0], is_dynamic
    assert 0.7 * PER_FRAME < dynamic[seen].sum() < 1.4 * PER_FRAME
    assert 0.7 * PER_FRAME < (~dynamic[seen]).sum() < 1.4 * PER_FRAME
    assert drawn.count == len(is_dynamic)


def test_the_way_grows_to_where_the_camera_goes():
    panel = path_panel((320, 128), going_right(), None)
    ends = [np.flatnonzero(coloured(panel.draw(frame), WAY).any(axis=0)) for frame in (2, 12, FRAMES - 1)]
    assert all(columns.min() == ends[0].min() for columns in ends)
    assert ends[0].max() < ends[1].max() < ends[2].max()


def test_forward_is_up_as_the_first_camera_looks():
    turned = np.eye(4)
    turned[:3, :3] = cv2.Rodrigues(np.array([0, 0.8, 0]))[0]
    poses = np.tile(np.eye(4), (FRAMES, 1, 1))
    poses[:, 2, 3] = np.linspace(0, 3, FRAMES)
    poses = turned @ poses
    point = poses[0, :3, :3] @ [0.3, 0.0, 1.5]  # to the right of the way
    panel = path_panel((320, 128), poses, point[None])
    places = panel.places
    assert np.ptp(places[:, 0]) < 1e-6
    assert (np.diff(places[:, 1]) < 0).all()
    assert panel.dots[0, 0] > places[0, 0]
    assert coloured(panel.draw(0), DOT).sum() == 1


def test_a_camera_that_turns_and_one_without_poses_have_no_way():
    poses = np.tile(np.eye(4), (FRAMES, 1, 1))
    for n, pose in enumerate(poses):
        pose[:3, :3] = cv2.Rodrigues(np.array([0, 0.02 * n, 0]))[0]
    panel = path_panel((320, 128), poses, None)
    assert panel.turns
    assert coloured(panel.draw(FRAMES - 1), WAY).any()
    nowhere = path_panel((320, 128), np.full((FRAMES, 4, 4), np.nan), None).draw(3)
    assert not coloured(nowhere, WAY).any()


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [(320, 180, (308, 320)), (640, 360, (308, 320)), (181, 321, (320, 308)), (90, 90, (90, 218))],
)
def test_the_video_has_every_frame_and_the_poster_is_its_last(width, height, size):
    pictures = np.random.default_rng(0).integers(0, 255, (FRAMES, height // 9 + 1, width // 9 + 1, 3), np.uint8)
    pictures = np.stack([cv2.resize(picture, (width, height)) for picture in pictures])
    poses = going_right()
    poses[3] = np.nan
    tracks = tracks_of(np.zeros((1, FRAMES, 2)), width, height)
    shown = preview(
        pictures, np.zeros((FRAMES, 20, 30), bool), tracks, np.ones(1, bool), np.zeros(1, bool), poses, None
    )
    with av.open(io.BytesIO(shown.video)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert float(stream.average_rate) == 12
    assert len(frames) == FRAMES
    assert frames[0].shape[:2] == size
    poster = cv2.imdecode(np.frombuffer(shown.poster, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert poster.shape == frames[-1].shape
    assert np.abs(poster.astype(int) - frames[-1]).mean() < 20


def test_the_pose_phase_keeps_one_of_each_clip(posed):
    rows = posed.arrow("pose").to_pylist()
    assert len(rows) == 2
    for row in rows:
        content = posed.storage.read(posed.storage.artifact(row["preview"]))
        with av.open(io.BytesIO(content)) as container:
            assert sum(1 for _ in container.decode(video=0)) == len(row["timestamps"])
        assert 5_000 < len(content) < 200_000
        assert posed.storage.read(posed.storage.artifact(row["poster"]))[8:12] == b"WEBP"


@pytest.mark.parametrize("previews", [True, False])
def test_who_wants_none_has_none(tmp_path, previews):
    tracks = tracks_of(np.random.default_rng(0).uniform(0, 150, (5, FRAMES, 2)))
    pictures = np.zeros((FRAMES, 90, 160, 3), np.uint8)
    frames = Frames([Passing(n, n / 12, pictures[n, ..., 0], True, pictures[n]) for n in range(FRAMES)])
    values = {
        "storage": Storage.at(tmp_path),
        "artifact_folder": artifact_folder("aaaa", "pose", "f"),
        "frames": frames,
        "tracks": tracks,
        "background": Background(np.ones(5), np.ones(5, bool), np.zeros(5, bool)),
        "trajectory": standing(tracks),
        "dynamic_masks": DynamicMasks(np.zeros((FRAMES, 45, 80), bool), np.zeros(FRAMES)),
    }
    clip = Clip("aaaa", "/v/a.mp4", 0.0, 2.0, 320, 180, 12.0, 0, FRAMES)
    kept = KeepArtifacts(previews=previews)(ClipRecord(clip, values))["artifacts"]
    assert set(kept) == {"tracks", "masks"} | ({"preview", "poster"} if previews else set())
    assert all((tmp_path / path).is_file() for path in kept.values())
