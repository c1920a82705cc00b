"""A picture of a clip shows what it is told."""

import numpy as np

from factory.evaluate.sheets import COLOURS, COLUMNS, ROWS, TILE_PX, contact_sheet
from tests.sfm.scenes import HEIGHT, WIDTH, scene, walk


def drawn(sheet: np.ndarray, kind: str) -> int:
    """Pixels near to a kind's colour."""
    return int((np.abs(sheet.astype(int) - COLOURS[kind]).sum(axis=2) < 60).sum())


def test_frames_tracks_and_path_are_drawn():
    poses = walk(20)
    made = scene(poses, 200, 60)
    pictures = [np.zeros((HEIGHT, WIDTH), np.uint8)] * 20
    static = ~made.is_dynamic
    sheet = contact_sheet(pictures, made.tracks, static, made.is_dynamic, poses, lines=["a", "b"])
    assert sheet.shape[1] == (COLUMNS + 1) * TILE_PX
    assert sheet.shape[0] > ROWS * TILE_PX * HEIGHT / WIDTH
    assert drawn(sheet, "background") > 500
    assert drawn(sheet, "dynamic") > 200
    path = sheet[:, COLUMNS * TILE_PX :]
    assert (path != 255).sum() > 300
    other = contact_sheet(pictures, made.tracks, made.is_dynamic, static, np.full_like(poses, np.nan), lines=["a", "b"])
    assert drawn(other, "dynamic") > drawn(sheet, "dynamic")
    assert ((other[:, COLUMNS * TILE_PX :] != 255).sum()) < (path != 255).sum()


def test_masks_and_colour_pictures_are_shown():
    made = scene(walk(3), 50)
    colour = [np.full((HEIGHT, WIDTH, 3), (200, 30, 30), np.uint8)] * 3
    none = np.zeros(made.tracks.count, bool)
    plain = contact_sheet(colour, made.tracks, none, none, None)
    masked = contact_sheet(colour, made.tracks, none, none, None, [np.ones((9, 16), bool)] * 3)
    assert plain[60, 200].tolist() == [30, 30, 200]  # BGR
    assert masked[60, 200].tolist() != plain[60, 200].tolist()
