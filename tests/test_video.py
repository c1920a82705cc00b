from pathlib import Path

import numpy as np
import pytest

from factory.clip import Clip
from factory.errors import VideoError
from factory.video import Damage, clip_frames, decode, probe, shrink
from tests.conftest import picture, shifted
from tests.videos import write, write_at


def whole(path: Path, **changes) -> Clip:
    info = probe(path)
    fields = {"clip_id": "x", "source": str(path), "start_s": 0.0, "end_s": 1e9, "width": info.width}
    rest = {"height": info.height, "fps": info.fps, "first_frame": 0, "frame_count": 0}
    return Clip(**{**fields, **rest, **changes})


def test_frames_and_times(tmp_path):
    frames = shifted(0, 12)
    path = write(tmp_path / "v.mp4", frames, fps=24)
    decoded = list(decode(path))
    assert [f.index for f in decoded] == list(range(12))
    assert np.allclose([f.time_s for f in decoded], np.arange(12) / 24, atol=1e-3)
    assert max(np.abs(d.image.astype(int) - f).mean() for d, f in zip(decoded, frames, strict=True)) < 12


def test_variable_rate_and_start_offset_come_from_time_stamps(tmp_path):
    times_s = [2.0, 2.04, 2.08, 2.5, 3.1]
    path = write_at(tmp_path / "v.mkv", shifted(0, 5), times_s)
    assert np.allclose([f.time_s for f in decode(path)], np.array(times_s) - 2.0, atol=2e-3)


def test_a_clip_starts_and_ends_at_its_own_frames(tmp_path):
    path = write(tmp_path / "v.mp4", shifted(0, 48), fps=24)
    clip = whole(path, start_s=0.5, end_s=1.0, first_frame=12)
    assert [f.index for f in clip_frames(path, clip)] == list(range(12, 24))
    assert [f.index for f in clip_frames(path, clip, fps=12)] == list(range(12, 24, 2))


def test_crop_comes_before_shrinking(tmp_path):
    path = write(tmp_path / "v.mp4", shifted(0, 3), fps=24)
    frame = next(clip_frames(path, whole(path, crop=(40, 20, 80, 60)), max_side_px=40))
    assert frame.image.shape == (30, 40, 3)
    full = next(decode(path)).image
    assert np.abs(frame.image.astype(int) - shrink(full[20:80, 40:120], 40)).max() == 0


@pytest.mark.parametrize(
    ("content", "cause"),
    [(b"", "0 bytes"), (b"plain text, whatever the name says\n" * 40, "cannot be opened as a video")],
)
def test_what_is_no_video_says_so(tmp_path, content, cause):
    path = tmp_path / "v.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoError, match=cause):
        probe(path)


def test_a_file_cut_off_in_the_middle_is_seen_by_its_times(tmp_path):
    path = write_at(tmp_path / "v.mkv", [picture(i) for i in range(48)], [i / 24 for i in range(48)])
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert 0 < len(list(decode(path))) < 30


@pytest.mark.media
def test_rotation_is_applied(media):
    info = probe(media / "odd" / "rotated_flag_90_long.mp4")
    assert (info.width, info.height, info.rotation_deg) == (360, 640, 90)
    assert next(decode(media / "odd" / "rotated_flag_90_long.mp4")).image.shape == (640, 360, 3)
    # The same phone film stored upright and turned: the decoded pictures must agree in which way is up.
    turned = next(decode(media / "odd" / "rotation_90.mov", grey=True)).image
    assert turned.shape == (568, 320)


@pytest.mark.media
@pytest.mark.parametrize(
    ("name", "frames", "shape"),
    [
        ("av1.mkv", 125, (360, 640)),
        ("vp9_odd_size.webm", 75, (241, 427)),
        ("hevc_10bit.mp4", 30, (200, 200)),
        ("mkv_named.mp4", 89, (480, 640)),
        ("variable_rate.mp4", 68, (360, 640)),
    ],
)
def test_odd_formats_decode_whole(media, name, frames, shape):
    damage = Damage()
    decoded = list(decode(media / "odd" / name, grey=True, damage=damage))
    assert (len(decoded), decoded[0].image.shape, damage) == (frames, shape, Damage())
