"""What ingest keeps of each clip, by which its copies are found; and copies of real videos."""

from pathlib import Path

import numpy as np
import pytest

from factory.clip import Clip, ClipRecord
from factory.ingest.cut import CutClips
from factory.ingest.sign import SignClips
from factory.ingest.survey import SurveySource
from factory.near_duplicates.pairs import ALIKE
from factory.near_duplicates.signature import BYTES, WHOLE, seen
from tests.bench import near_duplicates as bench
from tests.near_duplicates.pictures import natural
from tests.videos import write

FPS = 24


def cut(path):
    record = ClipRecord(Clip("s", str(path), 0.0, 0.0, 0, 0, 0.0, 0, 0), {"path": Path(path), "content_hash": "h"})
    return CutClips()(SurveySource()(record))


def spans(path):
    return cut(path)["spans"]


def signed(path, **settings):
    """The signatures of each clip of a video, uint8 (K, BYTES), in time order."""
    record = cut(path)
    found = SignClips(**settings)(record)["signatures"]
    usable = [span.clip.clip_id for span in record["spans"] if not span.reasons]
    assert set(found) == set(usable)
    return [np.frombuffer(b"".join(found[name]), np.uint8).reshape(-1, BYTES) for name in usable]


def in_colour(grey):
    return np.repeat(grey[..., None], 3, axis=2)


def passing(seed, count, step_px=4, width=192):
    """Frames of a window that slides over one wide picture."""
    wide = natural(seed, 144, width + step_px * count)
    return [in_colour(wide[:, step_px * i : step_px * i + width]) for i in range(count)]


def correlation(a, b):
    return seen(a, WHOLE) @ seen(b, WHOLE).T


def test_a_picture_that_stands_has_one_signature_and_one_that_passes_several(tmp_path):
    (still,) = signed(write(tmp_path / "still.mp4", [in_colour(natural(0))] * 72))
    assert len(still) == 1
    (moving,) = signed(write(tmp_path / "moving.mp4", passing(0, 72)))
    assert 4 <= len(moving) <= 12
    assert np.diag(correlation(moving, moving), 1).max() < 0.93  # each differs from the one before, kept or not


def test_there_are_no_more_than_may_be(tmp_path):
    (few,) = signed(write(tmp_path / "v.mp4", passing(1, 96, 8)), most=3)
    assert len(few) == 3


def test_what_shows_nothing_has_none(tmp_path):
    """Black, flat, faint: else all fades of the world were one clip."""
    rng = np.random.default_rng(0)
    noise = [np.clip(rng.normal(128, 3, (144, 192, 3)), 0, 255).astype(np.uint8) for _ in range(60)]
    faint = in_colour((128 + (natural(3).astype(float) - 128) / 12).astype(np.uint8))
    for name, frames in {
        "black": [np.zeros((144, 192, 3), np.uint8)] * 60,
        "flat": [np.full((144, 192, 3), 90, np.uint8)] * 60,
        "faint": [faint] * 60,
        "noise": noise,
    }.items():
        (found,) = signed(write(tmp_path / f"{name}.mp4", frames))
        assert len(found) == 0, name


def test_bars_do_not_enter_whether_ingest_has_found_them_or_not(tmp_path):
    frames = passing(4, 72)
    (plain,) = signed(write(tmp_path / "plain.mp4", frames))
    boxed = [np.pad(frame, ((25, 25), (0, 0), (0, 0))) for frame in frames]
    blurred = [frame.copy() for frame in boxed]
    for frame in blurred:
        frame[22:25, 80:96], frame[-25:-22, 80:96] = 27, 27  # as low quality leaves it in a bar
    for name, copy, crop in (("boxed", boxed, True), ("blurred", blurred, False)):
        path = write(tmp_path / f"{name}.mp4", copy)
        assert (spans(path)[0].clip.crop is not None) == crop
        (found,) = signed(path)
        assert np.median(correlation(plain, found).max(axis=0)) > ALIKE, name


def test_each_clip_has_those_of_its_own_pictures(tmp_path):
    first, second = signed(write(tmp_path / "two.mp4", [*passing(5, 60), *passing(6, 60)]))
    assert correlation(first, second).max() < ALIKE


@pytest.mark.media
def test_copies_of_real_videos_are_found_and_nothing_else(media, tmp_path):
    """Of four videos each kind of copy, among a dozen others. More: `python -m tests.bench.near_duplicates`."""
    from factory.near_duplicates.pairs import Signed, near_pairs

    names = ("cycling_behind", "dog_kitchen", "jeep_drives_off", "dog_on_grass")
    originals = [media / "clips" / f"{name}.mp4" for name in names]
    others = sorted((media / "web").glob("panda_[0-9A-H]*.mp4"))[:12]
    copies = [(i, bench.made(path, kind, tmp_path)) for i, path in enumerate(originals) for kind in bench.KINDS]
    clips, owner = [], []
    for number, path in enumerate([*originals, *others]):
        for found in signed(path):
            clips.append(found)
            owner.append(number)
    for number, path in copies:
        (found,) = signed(path)
        clips.append(found)
        owner.append(number)
    first = np.cumsum([0, *map(len, clips)])
    pairs = near_pairs(Signed(np.concatenate(clips), first, np.arange(len(clips))))
    across = [(a, b) for a, b in pairs.tolist() if owner[a] != owner[b]]
    assert across == []
    found = {b for a, b in pairs.tolist() if a < len(originals)}
    assert found >= set(range(len(clips) - len(copies), len(clips)))
