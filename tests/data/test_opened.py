"""An output opened from Python: the rows, the arrays, the pictures, the points in them."""

import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

import factory
from factory.data import Output
from factory.data.result import ClipResult
from factory.errors import ChangedError, ConfigError, StorageError
from factory.geometry.camera import Camera, invert_rigid, project_cam
from factory.storage.output import Storage
from factory.tum import read_tum
from factory.video import clip_frames
from tests.conftest import shifted
from tests.videos import write


def test_phases_are_tables_and_sql(posed):
    assert posed.phases == ("ingest", "pose")
    table = posed.arrow("pose", ["clip_id", "quality"])
    assert table.column_names == ["clip_id", "quality"]
    assert posed.pandas("pose")["clip_id"].tolist() == table["clip_id"].to_pylist()
    assert posed.sql("SELECT count(*) FROM pose WHERE world_from_cam IS NOT NULL").fetchall() == [(2,)]
    ids = posed.ids("rotation_only")
    assert [clip.clip_id for clip in posed.clips("rotation_only")] == ids == [posed.find("pure_rotation.").clip_id]


def test_arrays_are_those_of_the_rows(posed):
    clip = posed.find("good.")
    count = len(clip["timestamps"])
    assert clip.world_from_cam.shape == (count, 4, 4)
    assert clip.world_from_cam[3].ravel().tolist() == clip["world_from_cam"][3]
    assert clip.intrinsics[5].tolist() == [
        [clip["focal_px"], 0, clip["cx_px"]],
        [0, clip["focal_px"], clip["cy_px"]],
        [0, 0, 1],
    ]
    assert clip.registered.all()
    assert clip.masks().shape[0] == count
    assert clip.tracks()[0].frames == count


def test_a_frame_without_a_pose_is_nan_and_a_zoom_has_a_focal_length_a_frame():
    ingest = {"clip_id": "a", "source": "/v.mp4"}
    pose = {"timestamps": [0.0, 0.1], "registered": [True, False], "world_from_cam": [list(range(16)), None]}
    pose |= {"focal_px": 5.0, "focal_per_frame_px": [4.0, 6.0], "cx_px": 1.0, "cy_px": 2.0}
    pose |= {"cx_per_frame_px": [1.5, None], "cy_per_frame_px": None, "k1": 0.1, "k2": None}
    clip = ClipResult(Storage("/nowhere"), {"ingest": ingest, "pose": pose})
    assert clip.world_from_cam[0].ravel().tolist() == list(range(16))
    assert np.isnan(clip.world_from_cam[1]).all()
    assert clip.intrinsics[:, 0, 0].tolist() == clip.intrinsics[:, 1, 1].tolist() == [4.0, 6.0]
    assert clip.intrinsics[0, 0, 2] == 1.5
    assert np.isnan(clip.intrinsics[1, 0, 2])
    assert clip.distortion.tolist() == [0.1, 0.0]


def test_pictures_are_the_sampled_frames_however_they_are_asked_for(posed):
    clip = posed.find("good.")
    with clip.video() as path:
        every = {frame.index: frame.image for frame in clip_frames(path, clip.clip)}
    wanted = np.stack([every[number] for number in clip.frame_index])
    assert np.array_equal(clip.frames(), wanted)
    assert np.array_equal(clip.frames([20, 3, 29]), wanted[[20, 3, 29]])
    assert np.array_equal(clip.frames(slice(7, 19, 4)), wanted[7:19:4])
    assert clip.frames([4], max_side_px=160).shape == (1, 90, 160, 3)
    with pytest.raises(IndexError):
        clip.frames([30])
    with pytest.raises(IndexError):
        clip.frames([])


def test_points_lie_where_the_camera_sees_them_in_their_colours(posed):
    clip = posed.find("good.")
    points, frames = clip.points(), clip.frames()
    scale = points.width / clip.size[0]
    camera = Camera(1.0, 0.0, 0.0, *clip.distortion)
    in_cam = np.einsum(
        "nij,nj->ni",
        invert_rigid(clip.world_from_cam)[points.frame],
        np.column_stack([points.xyz[points.point], np.ones(len(points.point))]),
    )[:, :3]
    intrinsics = clip.intrinsics[points.frame]
    seen = project_cam(in_cam, camera) * intrinsics[:, 0, 0, None] + intrinsics[:, :2, 2]
    errors_px = np.linalg.norm(seen * scale + (scale - 1) / 2 - points.xy, axis=1)
    assert errors_px.mean() == pytest.approx(clip["reprojection_error_px"], rel=0.02)
    assert errors_px[points.frame == 4].mean() == pytest.approx(points.frame_error_px[4], abs=1e-3)
    assert errors_px[points.point == 9].mean() == pytest.approx(points.error_px[9], abs=1e-3)
    x, y = ((points.xy + 0.5) / scale).astype(int).T
    there = frames[points.frame, y, x].astype(float)
    off = np.abs(there - points.rgb[points.point]).mean(axis=1)
    assert np.median(off) < 15  # of 255: another colour would be some 60 off
    assert len(points.xyz) == clip["inlier_count"]


def test_a_source_that_was_copied_is_the_same_and_one_with_other_bytes_is_not(tmp_path):
    video = write(tmp_path / "a.mp4", shifted(0, 40))
    (clip,) = factory.run(video, tmp_path / "out", pipeline="pose", engine="inline").clips("true")
    frames = clip.frames([3])
    video.touch()
    assert np.array_equal(clip.frames([3]), frames)
    write(video, shifted(1, 40))
    with pytest.raises(ChangedError):
        clip.frames([3])


def test_a_camera_that_does_not_move_has_no_points(posed):
    with pytest.raises(StorageError, match="has no points"):
        posed.find("pure_rotation.").points()


def test_tum_is_what_the_poses_say(posed, tmp_path):
    clip = posed.find("good.")
    (tmp_path / "clip.txt").write_text(clip.tum())
    times_s, poses = read_tum(tmp_path / "clip.txt")
    assert np.allclose(times_s, clip.times_s, atol=1e-6)
    assert np.allclose(poses, clip.world_from_cam, atol=1e-7)


def _source_of(output, clip_id):
    return output.clip(clip_id)["source"]


def test_an_output_goes_to_other_processes(posed):
    clip = posed.find("good.")  # by now it holds a connection
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        assert pool.submit(_source_of, posed, clip.clip_id).result() == clip["source"]
    assert pickle.loads(pickle.dumps(clip)).world_from_cam.tolist() == clip.world_from_cam.tolist()


def test_what_is_not_there_is_one_sentence(posed, tmp_path):
    for wrong in (
        lambda: factory.open(tmp_path / "nothing"),
        lambda: posed.arrow("depth"),
        lambda: posed.clip("none"),
        lambda: posed.find("good.").arrays("depth"),
    ):
        with pytest.raises(StorageError):
            wrong()
    for wrong in ("nonsense = 1", "true); DROP TABLE pose; SELECT (true"):
        with pytest.raises(ConfigError):
            posed.ids(wrong)


def test_settings_are_python_s(tmp_path):
    video = write(tmp_path / "a, b [c].mp4", shifted(0, 40))
    cut = {"ingest.cut.min_s": 0.5, "ingest.cut.max_s": 1.0, "pipeline.phases": ["ingest"]}
    output = factory.run(video, tmp_path / "out", cut, engine="inline", workers=None, force=True)
    assert output.phases == ("ingest",)
    assert len(output.ids()) == 2
    with pytest.raises(ConfigError, match="min_s"):
        factory.run(video, tmp_path / "out", {"ingest.cut.min_s": "long"}, engine="inline")


def test_a_bucket_is_read_as_a_folder_is(posed, bucket, monkeypatch, tmp_path):
    import boto3

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    clip = posed.find("good.")
    path, name = Path(clip["source"]), bucket.removeprefix("s3://")
    boto3.client("s3").upload_file(str(path), name, "in/good.mp4")
    there = factory.run(f"{bucket}/in/", f"{bucket}/out", pipeline="pose", engine="inline")
    (found,) = Output.at(f"{bucket}/out").clips()
    assert there.ids() == [found.clip_id]
    assert np.array_equal(found.world_from_cam, clip.world_from_cam)
    assert np.array_equal(found.frames([2]), clip.frames([2]))
    assert np.array_equal(found.masks(), clip.masks())
