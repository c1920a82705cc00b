"""Times, numbers and pictures of frames, whatever the container: every frame of the test films bears its number."""

import gc
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from factory.clip import Clip
from factory.errors import VideoError
from factory.video import Damage, clip_frames, decode, decode_span, probe, shown, shrink
from factory.video.complete import is_complete
from factory.video.decode import believed
from tests.conftest import picture, shifted
from tests.videos import FFMPEG, number_of, numbered, remuxed, whole, write, write_as, write_at


def span(path: Path, first: int, count: int) -> Clip:
    """Frames of a video as ingest would describe them."""
    stamps = believed(path)
    damage = Damage()
    found = list(shown(path, stamps, damage))
    info = probe(path)
    ends_s = [*(f.time_s for f in found[1:]), found[-1].time_s + 1 / info.fps]
    start_s, end_s = found[first].time_s, ends_s[first + count - 1]
    pts = found[first].pts if stamps == "pts" and not damage.restarts else None
    size = (info.width, info.height)
    return Clip("x", str(path), start_s, end_s, *size, info.fps, first, count, first_pts=pts, stamps=stamps)


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


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted as Linux lists them")
def test_decoding_leaves_no_threads_behind(tmp_path):
    """Their stacks count as memory: a worker that takes many clips would pass its limit with nothing in its hands."""
    path = tmp_path / "a.mp4"
    write(path, [np.full((64, 96, 3), 9 * n, np.uint8) for n in range(3)])
    kept = [frame.image for frame in decode(path)]
    before = len(list(Path("/proc/self/task").iterdir()))
    gc.disable()  # whatever lies in cycles stays, as it may for long between collections
    try:
        for _ in range(10):
            kept += [frame.image for frame in decode(path)]
            kept += [frame.image for frame in decode(path, grey=True)]
        assert len(list(Path("/proc/self/task").iterdir())) == before
    finally:
        gc.enable()


def test_a_clip_starts_and_ends_at_its_own_frames(tmp_path):
    path = write(tmp_path / "v.mp4", shifted(0, 48), fps=24)
    clip = span(path, 12, 12)
    assert [f.index for f in clip_frames(path, clip)] == list(range(12, 24))
    assert [f.index for f in clip_frames(path, clip, fps=12)] == list(range(12, 24, 2))


def test_crop_comes_before_shrinking(tmp_path):
    path = write(tmp_path / "v.mp4", shifted(0, 3), fps=24)
    clip = Clip(**{**vars(whole(path)), "crop": (40, 20, 80, 60)})
    frame = next(clip_frames(path, clip, max_side_px=40))
    assert frame.image.shape == (30, 40, 3)
    full = next(decode(path)).image
    assert np.abs(frame.image.astype(int) - shrink(full[20:80, 40:120], 40)).max() == 0


CONTAINERS = [
    # name of the file, format, codec, options: containers and codecs that video comes in
    ("v.mp4", "mp4", "libx264", {"g": "48", "bf": "3"}),
    ("open_gop.mp4", "mp4", "libx264", {"g": "24", "bf": "3", "x264-params": "open-gop=1"}),
    ("refresh.mp4", "mp4", "libx264", {"g": "30", "x264-params": "intra-refresh=1"}),
    ("fragments.mp4", "mp4", "libx264", {"g": "24", "movflags": "frag_keyframe+empty_moov"}),
    ("v.mov", "mov", "mpeg4", {"g": "24", "bf": "2"}),
    ("v.3gp", "3gp", "mpeg4", {"g": "30"}),
    ("v.mkv", "matroska", "libx264", {"g": "300", "bf": "3"}),
    ("hevc.mkv", "matroska", "libx265", {"x265-params": "keyint=48:open-gop=1:log-level=none"}),
    ("v.webm", "webm", "libvpx-vp9", {"g": "48", "deadline": "realtime", "cpu-used": "8"}),
    ("vp8.webm", "webm", "libvpx", {"g": "48", "deadline": "realtime", "cpu-used": "8", "auto-alt-ref": "1"}),
    ("av1.webm", "webm", "libsvtav1", {"preset": "6", "g": "48", "crf": "5"}),
    ("v.avi", "avi", "mpeg4", {"g": "48", "bf": "2"}),
    ("mjpeg.avi", "avi", "mjpeg", {}),
    ("v.flv", "flv", "libx264", {"g": "48", "bf": "2"}),
    ("v.ts", "mpegts", "libx264", {"g": "48", "bf": "3"}),
    ("long_gop.ts", "mpegts", "libx264", {"g": "300", "bf": "3"}),
    ("hevc.ts", "mpegts", "libx265", {"x265-params": "keyint=48:log-level=none"}),
    ("v.m2ts", "mpegts", "libx264", {"g": "24", "mpegts_m2ts_mode": "1"}),
    ("mpeg2.ts", "mpegts", "mpeg2video", {"g": "15", "bf": "2"}),
    ("v.mpg", "mpeg", "mpeg2video", {"g": "15", "bf": "2"}),
    ("mpeg1.mpg", "mpeg", "mpeg1video", {"g": "15", "bf": "2"}),
    ("v.vob", "vob", "mpeg2video", {"g": "15", "bf": "2"}),
    ("v.wmv", "asf", "wmv2", {"g": "48"}),
    ("v.nut", "nut", "mpeg4", {"g": "48", "bf": "2"}),
    ("v.mxf", "mxf", "mpeg2video", {"g": "15", "bf": "2"}),
    ("v.y4m", "yuv4mpegpipe", "wrapped_avframe", {}),
    ("v.ogv", "ogg", "libvpx", {"g": "48", "deadline": "realtime", "cpu-used": "8"}),
    ("v.ivf", "ivf", "libvpx-vp9", {"g": "48", "deadline": "realtime", "cpu-used": "8"}),
    ("v.m4v", "m4v", "mpeg4", {"g": "48"}),
    ("bare.h264", "h264", "libx264", {"g": "48", "bf": "0"}),
    ("v.swf", "swf", "flv", {"g": "48"}),
    ("v.wtv", "wtv", "mpeg2video", {"g": "15", "bf": "2"}),
    ("v.rm", "rm", "rv20", {"g": "48"}),
    ("v.mjpeg", "mjpeg", "mjpeg", {}),
    ("v.f4v", "f4v", "libx264", {"g": "48", "bf": "2"}),
    ("v.gif", "gif", "gif", {}),
]


@pytest.mark.parametrize(("name", "form", "codec", "options"), CONTAINERS, ids=[c[0] for c in CONTAINERS])
def test_every_frame_of_a_clip_is_found_again_in_every_container(tmp_path, name, form, codec, options):
    count, first = 144, 72
    fps = 25 if form in ("h264", "mjpeg") else 24  # a bare stream of these does not say: FFmpeg takes 25
    path = write_as(tmp_path / name, numbered(count), form=form, codec=codec, options=options, fps=fps)
    found = list(shown(path, believed(path)))
    assert [number_of(f.image()) for f in found] == list(range(count))
    slack = 0.02 if form in ("gif", "rm", "swf") else 2e-3  # gif counts hundredths
    assert np.allclose([f.time_s for f in found], np.arange(count) / fps, atol=slack)
    for begin, length in ((0, 20), (first, count - first), (61, 5), (count - 3, 3)):
        frames = list(clip_frames(path, span(path, begin, length)))
        assert [f.index for f in frames] == list(range(begin, begin + length))
        assert [number_of(f.image) for f in frames] == list(range(begin, begin + length))
        assert [f.time_s for f in frames] == [f.time_s for f in found[begin : begin + length]]


def test_a_clip_that_cannot_be_decoded_whole_again_says_so(tmp_path):
    path = write(tmp_path / "v.mp4", numbered(48))
    clip = span(path, 24, 24)
    with pytest.raises(VideoError, match="only 24 of the clip's 30 frames"):
        list(decode_span(path, Clip(**{**vars(clip), "frame_count": 30, "end_s": 2.3})))
    with pytest.raises(VideoError, match="only 0 of the clip's 24 frames"):
        list(decode_span(path, Clip(**{**vars(clip), "start_s": 1.013, "first_pts": None})))


def test_a_clock_that_begins_anew_goes_on(tmp_path):
    one = write_as(tmp_path / "one.ts", numbered(48), form="mpegts", codec="libx264", options={"g": "24", "bf": "2"})
    path = tmp_path / "joined.ts"
    path.write_bytes(one.read_bytes() * 2)
    damage = Damage()
    found = list(shown(path, "pts", damage))
    assert np.allclose([f.time_s for f in found], np.arange(96) / 24, atol=1e-3)
    assert [number_of(f.image()) for f in found] == [*range(48), *range(48)]
    assert (damage.restarts, damage.bad_packets, damage.corrupt_frames) == (1, 0, 0)
    frames = list(clip_frames(path, span(path, 60, 10)))
    assert [(f.index, number_of(f.image)) for f in frames] == [(n, n - 48) for n in range(60, 70)]


def test_frames_without_usable_presentation_stamps_are_ordered_by_those_of_decoding(tmp_path):
    """H.264 with B-frames in AVI has none, and stamps rewritten in the order of packets are not in order."""
    plain = write_as(tmp_path / "v.mp4", numbered(96), form="mp4", codec="libx264", options={"g": "48", "bf": "3"})
    swapped = remuxed(plain, tmp_path / "swapped.mkv", stamp=lambda _, n: (n * 512, n * 512))
    for path in (remuxed(plain, tmp_path / "v.avi"), swapped):
        assert believed(path) == "dts"
        found = list(shown(path, "dts"))
        assert [number_of(f.image()) for f in found] == list(range(96))
        assert np.allclose([f.time_s for f in found], np.arange(96) / 24, atol=2e-3)
        assert [number_of(f.image) for f in clip_frames(path, span(path, 50, 40))] == list(range(50, 90))


def test_what_comes_before_the_first_key_frame_is_not_shown_and_no_damage(tmp_path):
    content = write_as(
        tmp_path / "v.ts", numbered(144), form="mpegts", codec="libx264", options={"g": "48", "bf": "3"}
    ).read_bytes()
    path = tmp_path / "tail.ts"
    path.write_bytes(content[len(content) // 4 // 188 * 188 :])
    damage = Damage()
    found = list(shown(path, "pts", damage))
    assert [number_of(f.image()) for f in found] == list(range(48, 144))
    assert (found[0].time_s, damage.bad_packets, damage.corrupt_frames, damage.missing) == (0.0, 0, 0, 0.0)


@pytest.mark.parametrize("name", ["v.mkv", "v.mp4", "v.flv", "v.avi"])
def test_sound_that_goes_on_is_no_missing_picture_and_a_cut_off_file_is(tmp_path, name):
    path = write_as(tmp_path / "silent.mp4", numbered(48), codec="libx264", options={"g": "24", "bf": "0"})
    whole_file = remuxed(path, tmp_path / name, tone_s=8.0)
    damage = Damage()
    assert len(list(shown(whole_file, believed(whole_file), damage))) == 48
    assert damage.missing < 0.02
    cut = tmp_path / f"cut_{name}"
    content = remuxed(path, tmp_path / f"front_{name}", tone_s=2.0, options={"movflags": "faststart"}).read_bytes()
    cut.write_bytes(content[: len(content) // 2])
    damage = Damage()
    assert len(list(shown(cut, believed(cut), damage))) < 30
    assert damage.missing > 0.3


@pytest.mark.parametrize("name", ["v.mkv", "v.mp4", "v.flv", "v.avi", "v.ts"])
def test_a_last_frame_that_stands_is_no_missing_end(tmp_path, name):
    """Recorders of screens show it for as long as nothing changes; most containers keep that in their header alone."""
    plain = write_as(tmp_path / "plain.mp4", numbered(48), codec="libx264", options={"bf": "0"})

    def hold(packet, number):
        packet.duration = 5 * 24 * 512 if number == 47 else 512
        return packet.pts, packet.dts

    held = remuxed(plain, tmp_path / "held.mp4", stamp=hold)
    path = held if name == "v.mp4" else remuxed(held, tmp_path / name)
    damage = Damage()
    assert len(list(shown(path, believed(path), damage))) == 48
    assert damage.missing == 0.0


@pytest.mark.parametrize("name", ["v.mkv", "v.mp4", "v.mov", "v.flv", "v.avi"])
def test_a_file_tells_by_its_structure_whether_it_is_complete(tmp_path, name):
    path = write_as(tmp_path / name, numbered(24), codec="mpeg4" if name == "v.avi" else "libx264", options={})
    content = path.read_bytes()
    assert is_complete(path)
    for length in (len(content) // 2, len(content) - 7):
        path.write_bytes(content[:length])
        assert is_complete(path) is False


@pytest.mark.parametrize("content", [b"", b"RIFF", b"FLV", b"\x1aE\xdf\xa3\x18S\x80g", b"\0\0\0\x08ftyp", bytes(64)])
def test_a_broken_structure_is_no_error(tmp_path, content):
    (tmp_path / "v").write_bytes(content)
    assert is_complete(tmp_path / "v") in (True, False, None)


def test_a_clock_that_starts_late_is_no_missing_picture(tmp_path):
    damage = Damage()
    path = write_at(tmp_path / "v.mkv", numbered(24), [3600.5 + n / 24 for n in range(24)])
    assert [f.time_s for f in shown(path, "pts", damage)][-1] == pytest.approx(23 / 24, abs=2e-3)
    assert damage.missing < 0.1


def test_cover_pictures_are_no_video(tmp_path):
    film = write(tmp_path / "v.mp4", numbered(24))
    both = remuxed(film, tmp_path / "both.mkv", cover=picture(5))
    assert (probe(both).stream, len(list(decode(both)))) == (1, 24)
    sound = remuxed(None, tmp_path / "sound.mp4", cover=picture(5), tone_s=1.0)
    with pytest.raises(VideoError, match="no video stream, only sound or a cover"):
        probe(sound)


@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4", "list.ffconcat", "copy.mp4"])
def test_a_playlist_opens_no_other_file(tmp_path, name):
    write_as(tmp_path / "other.ts", numbered(24), form="mpegts", codec="libx264", options={})
    hls = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\nother.ts\n#EXT-X-ENDLIST\n"
    (tmp_path / name).write_text("ffconcat version 1.0\nfile other.ts\n" if name[-4:] in ("ncat", ".mp4") else hls)
    if name == "copy.mp4":
        (tmp_path / name).write_text(hls)
    with pytest.raises(VideoError, match="cannot be opened as a video"):
        probe(tmp_path / name)


def test_a_name_that_is_no_utf8_is_opened(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp4"))
    path.write_bytes(write(tmp_path / "v.mp4", numbered(12)).read_bytes())
    assert len(list(decode(path))) == 12


@pytest.mark.parametrize(
    ("content", "cause"),
    [(b"", "0 bytes"), (b"plain text, whatever the name says\n" * 40, "cannot be opened as a video")],
)
def test_what_is_no_video_says_so(tmp_path, content, cause):
    path = tmp_path / "v.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoError, match=cause):
        probe(path)


@pytest.mark.parametrize(
    ("ratio", "size"),
    [((4, 3), (160, 96)), ((16, 11), (175, 96)), ((8, 9), (107, 96)), ((1, 1), (120, 96)), ((0, 1), (120, 96))],
)
def test_pixels_are_square_as_displayed(tmp_path, ratio, size):
    path = write_as(tmp_path / "v.mp4", [picture(1, 96, 120)] * 3, codec="libx264", options={}, pixel_ratio=ratio)
    info = probe(path)
    assert (info.width, info.height) == size
    assert info.sample_aspect_ratio == pytest.approx(ratio[0] / ratio[1] if ratio[0] else 1.0)
    image = next(decode(path)).image
    assert image.shape == (size[1], size[0], 3)
    assert next(clip_frames(path, whole(path), grey=True)).image.shape == (size[1], size[0])
    left, right = image[:, : size[0] // 2].astype(int), image[:, size[0] // 2 :].astype(int)
    assert abs(left.mean() - picture(1, 96, 120)[:, :60].mean()) < 4
    assert abs(right.mean() - picture(1, 96, 120)[:, 60:].mean()) < 4


def test_absurd_pixels_are_refused(tmp_path):
    path = write_as(tmp_path / "v.mp4", numbered(3), codec="libx264", options={}, pixel_ratio=(40, 1))
    with pytest.raises(VideoError, match="40 times as wide as high"):
        probe(path)


ONE = 65536
MATRICES = {  # a b c d, and what becomes of the picture
    "as it is": ((ONE, 0, 0, ONE), lambda p: p, 0, False),
    "hflip": ((-ONE, 0, 0, ONE), lambda p: p[:, ::-1], 0, True),
    "vflip": ((ONE, 0, 0, -ONE), lambda p: p[::-1], 180, True),
    "half": ((-ONE, 0, 0, -ONE), lambda p: p[::-1, ::-1], 180, False),
    "clockwise": ((0, ONE, -ONE, 0), lambda p: np.rot90(p, 3), 270, False),
    "counter-clockwise": ((0, -ONE, ONE, 0), lambda p: np.rot90(p), 90, False),
    "transpose": ((0, ONE, ONE, 0), lambda p: p.swapaxes(0, 1), 90, True),
    "transverse": ((0, -ONE, -ONE, 0), lambda p: np.rot90(p, 2).swapaxes(0, 1), 270, True),
}


@pytest.mark.parametrize("name", MATRICES)
def test_a_display_matrix_is_applied_as_players_do(tmp_path, name):
    (a, b, c, d), wanted, rotation_deg, mirrored = MATRICES[name]
    plain = write(tmp_path / "plain.mp4", shifted(0, 3))
    path = with_matrix(plain, tmp_path / "turned.mp4", (a, b, c, d))
    info, image = probe(path), next(decode(path)).image
    assert (info.rotation_deg, info.mirrored) == (rotation_deg, mirrored)
    assert np.array_equal(image, wanted(next(decode(plain)).image))
    assert image.shape[1::-1] == (info.width, info.height)
    raw = tmp_path / "frame.rgb"  # what FFmpeg shows by itself
    command = [FFMPEG, "-v", "error", "-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", raw]
    subprocess.run(command, check=True)
    shown_by_ffmpeg = np.frombuffer(raw.read_bytes(), np.uint8).reshape(image.shape)
    assert np.abs(shown_by_ffmpeg.astype(int) - image).mean() < 4


def test_an_odd_angle_is_refused(tmp_path):
    slanted = tuple(round(ONE * v) for v in (0.985, 0.174, -0.174, 0.985))
    path = with_matrix(write(tmp_path / "plain.mp4", shifted(0, 3)), tmp_path / "slanted.mp4", slanted)
    with pytest.raises(VideoError, match="turned by 10 degrees"):
        probe(path)


def with_matrix(source: Path, target: Path, matrix: tuple[int, ...]) -> Path:
    """A copy of an MP4 file whose track header asks for a display matrix."""
    content = bytearray(source.read_bytes())
    start = content.find(b"tkhd")
    start += 8 + (32 if content[start + 4] == 1 else 20) + 16
    a, b, c, d = matrix
    rows = np.array([a, b, 0, c, d, 0, 0, 0, 1 << 30], ">i4")
    content[start : start + 36] = rows.tobytes()
    target.write_bytes(content)
    return target


def test_large_pictures_are_decoded_shrunk(tmp_path):
    frames = [np.kron(picture(1, 288, 512), np.ones((8, 8, 1), np.uint8))] * 2
    path = write_as(tmp_path / "v.avi", frames, form="avi", codec="mjpeg", options={})
    info = probe(path)
    assert (info.width, info.height) == (4096, 2304)
    assert next(decode(path)).image.shape == (1440, 2560, 3)
    clip = Clip(**{**vars(whole(path)), "crop": (0, 256, 4096, 1792)})
    image = next(clip_frames(path, clip, max_side_px=1280)).image
    assert image.shape == (560, 1280, 3)
    assert np.abs(image[:80].mean((0, 1)) - frames[0][256:512].mean((0, 1))).max() < 3


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
    ("name", "frames", "size"),
    [
        ("av1.mkv", 125, (640, 360)),
        ("vp9_odd_size.webm", 75, (427, 241)),
        ("hevc_10bit.mp4", 30, (200, 200)),
        ("mkv_named.mp4", 89, (640, 480)),
        ("variable_rate.mp4", 68, (640, 360)),
    ],
)
def test_odd_formats_decode_whole(media, name, frames, size):
    damage = Damage()
    found = list(shown(media / "odd" / name, "pts", damage))
    assert (len(found), found[0].size) == (frames, size)
    assert damage == Damage(missing=damage.missing)
    assert damage.missing < 0.02
