"""Known answers: drawn and filmed pictures, overlays, blur and exposure, decoding."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from filter_scenes import HEIGHT, WIDTH, record, shifted, texture

from factory.clip import Clip, ClipRecord
from factory.errors import VideoError
from factory.filters.drawn import DrawnLook
from factory.filters.overlay import StaticOverlay
from factory.filters.presenting import Presenting
from factory.filters.quality import ImageQuality
from factory.filters.sample import SampleFrames
from factory.video import clip_frames
from tests.videos import whole


def film(path: Path, frames: list[np.ndarray], fps: int = 24) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=fps)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv444p"
        for image in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path


def sampled(path: Path, seconds: float, crop: tuple[int, int, int, int] | None = None) -> ClipRecord:
    clip = Clip("id", str(path), 0.0, seconds, WIDTH, HEIGHT, 24.0, 0, round(24 * seconds), crop)
    return SampleFrames(grey_side_px=160)(ClipRecord(clip, {"path": path}))


def drawing() -> np.ndarray:
    picture = np.full((HEIGHT, WIDTH, 3), (90, 200, 90), np.uint8)
    cv2.circle(picture, (100, 90), 50, (250, 220, 40), -1)
    cv2.rectangle(picture, (200, 40), (280, 150), (200, 30, 30), -1)
    return picture


def test_sampling_gives_the_rate_the_size_and_the_stills(tmp_path):
    result = sampled(film(tmp_path / "a.mkv", list(shifted(48, 2))), 2.0)
    assert [grey.shape for grey in result["frames"].grey] == [(90, 160)] * 24
    assert np.diff(result["frames"].times_s) == pytest.approx(np.full(23, 1 / 12), abs=1e-3)
    assert [still.shape for still in result["stills"]] == [(HEIGHT, WIDTH, 3)] * 5
    assert result["repeat_share"] == 0


def test_sampling_honours_the_crop(tmp_path):
    result = sampled(film(tmp_path / "a.mkv", list(shifted(24, 2))), 1.0, crop=(40, 30, 240, 120))
    assert result["frames"].grey[0].shape == (80, 160)
    assert result["stills"][0].shape == (120, 240, 3)


def test_frames_shown_twice_are_counted(tmp_path):
    result = sampled(film(tmp_path / "a.mkv", list(shifted(12, 4).repeat(2, axis=0))), 1.0)
    assert result["repeat_share"] == pytest.approx(12 / 23, abs=0.1)


def test_a_stream_that_ends_early_is_an_error(tmp_path):
    with pytest.raises(VideoError, match="only 12 of the clip's 72 frames"):
        sampled(film(tmp_path / "a.mkv", list(shifted(12, 2))), 3.0)


def test_one_frame_is_an_error(tmp_path):
    with pytest.raises(VideoError, match="the clip has 1 frame"):
        sampled(film(tmp_path / "a.mkv", list(shifted(12, 2))), 0.03)


def test_a_drawing_is_flat_and_has_few_colours():
    drawn = DrawnLook()(record(stills=[drawing()]))
    filmed = DrawnLook()(record(stills=[texture(0)]))
    assert drawn["flat_share"] > 0.8
    assert drawn["palette_size"] <= 3
    assert filmed["flat_share"] < 0.1
    assert filmed["palette_size"] > 50


def test_blur_lowers_sharpness_at_any_size():
    sharp = texture(0, 2 * HEIGHT, 2 * WIDTH)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 8)
    quality = [ImageQuality()(record(stills=[picture]))["sharpness"] for picture in (sharp, blurred)]
    assert quality[0] > 4 * quality[1]
    half = ImageQuality()(record(stills=[cv2.resize(sharp, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)]))
    assert half["sharpness"] == pytest.approx(quality[0], rel=0.05)


def test_exposure_size_and_rate():
    half_black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    half_black[: HEIGHT // 2] = 120
    result = ImageQuality()(record(stills=[half_black]))
    assert result["clipped_share"] == pytest.approx(0.5)
    assert (result["short_side_px"], result["frame_rate"]) == (HEIGHT, 24.0)


def test_an_overlay_on_a_moving_picture_is_found_and_motion_alone_is_not():
    plain = shifted(24, 4)
    covered = plain.copy()
    covered[:, 120:170, 10:110] = texture(9, 50, 100)
    overlay, nothing = (StaticOverlay()(record(frames=f, flow_mean=0.01)) for f in (covered, plain))
    assert overlay["overlay_share"] == pytest.approx(5000 / (WIDTH * HEIGHT), rel=0.3)
    assert nothing["overlay_share"] < 0.005


def test_overlay_abstains_when_the_picture_stays():
    assert StaticOverlay()(record(frames=shifted(8, 0), flow_mean=0.0001))["overlay_share"] is None


def test_there_is_no_face_in_noise():
    stage = Presenting()
    stage.setup()
    assert stage(record(stills=[texture(s) for s in range(3)]))["face_share"] == 0


@pytest.mark.parametrize("sizes", [(0, 0, 0, 0.3, 0.4), (0.3, 0, 0.2, 0.4, 0), (0.1, 0.2), (0, 0.2), (0.3,)])
def test_the_face_is_the_median_of_all_stills_also_where_not_all_are_looked_at(monkeypatch, sizes):
    shown = iter(sizes)
    monkeypatch.setattr(Presenting, "_largest", lambda *_: float(next(shown)))
    assert Presenting()(record(stills=[texture(0)] * len(sizes)))["face_share"] == np.median(sizes)


@pytest.mark.media
def test_a_talking_head_has_a_large_face(media):
    path = media / "negatives" / "talking_comedian.mp4"
    clip = whole(path, 3.0)
    stills = [frame.image for frame in clip_frames(path, clip, fps=2)]
    stage = Presenting()
    stage.setup()
    assert 0.2 < stage(record(stills=stills))["face_share"] < 0.4


def test_a_background_out_of_focus_shows_in_the_low_sharpness_only():
    sharp = texture(0, 240, 320)
    behind = cv2.GaussianBlur(sharp, (0, 0), 8)
    behind[60:180, 110:210] = sharp[60:180, 110:210]
    low = [ImageQuality()(record(stills=[picture]))["sharpness_low"] for picture in (sharp, behind)]
    assert low[1] < 0.7 * low[0]


def test_pictures_smaller_than_a_block_have_a_sharpness():
    assert ImageQuality()(record(stills=[texture(0, 12, 12)]))["sharpness_low"] > 0
