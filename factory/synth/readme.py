"""The README.md that is written beside what is rendered."""

_HEAD = {
    "sample": """\
# Sample of dynamic videos with exact truth

| clip | camera | what moves | suits pose estimation |
| --- | --- | --- | --- |
| `good` | hand-held, translates | someone walks | yes |
| `static_camera` | on a tripod | someone walks | no: the camera stands still |
| `pure_rotation` | turns about its optical centre | someone walks | no: no parallax |
| `shot_cut` | two shots, each translates | someone walks | not as one clip; each shot alone does |
| `graphics` | none: a drawn slide | a cursor | no, and its truth is only its labels |
| `fast_large_object` | circles, translates | a balloon over half of the picture | yes, and hard |
""",
    "panda": """\
# Labelled videos of every kind a filter meets

`labels.suitable` says whether a pose dataset wants the clip, `labels.flaw` what is wrong with it. Labels are their only
truth: no poses, tracks or masks lie beside them.
""",
    "stereo": """\
# Rectified stereo videos with exact truth

The left eye's picture and to the right of it the right eye's, `stereo.eye_width` wide each.
""",
    "vr180": """\
# VR180 videos with exact truth

The left eye's picture and to the right of it the right eye's, each half of a sphere in equirectangular projection. In
the clips named `misrotated` the right eye is turned a little, as in rigs that are really built.
""",
}

_BODY = """
Rendered by `factory synth`; nothing here was filmed. Equal arguments give equal files.

Conventions: poses are camera-to-world (`world_from_cam`), OpenCV axes (x right, y down, z forward); pixel centres at
integer coordinates; seconds, metres, pixels. The truth of a frame is that of the middle of its exposure. With a rolling
shutter (`film.readout_s` above 0) it is that of the middle row: other rows were read up to half of `readout_s` earlier
or later. Of two eyes it is the left eye's. Shadows do not count as moving.

Beside each `<clip>.mp4` lie:

* `<clip>.json`: size, rate, frame count, `labels`, `tags`, lens, files, and with what it was made (`made_with`).
  * `intrinsics`: `model`, `focal_px`, `cx`, `cy`, `k1`, `k2`, `squeeze` (1 throughout); what changes lists one number a
    frame: `focal_px` of a zoom, `cx` and `cy` where a digital stabiliser cuts out a window that moves.
    pinhole (COLMAP's RADIAL): (x, y) = f (1 + k1 r^2 + k2 r^4) (X/Z, Y/Z) + (cx, cy), r the length of (X/Z, Y/Z).
    fisheye: the distance to (cx, cy) is f times the angle to the axis. equirect180: x = cx + f longitude,
    y = cy + f latitude, in radians. Add 0.5 to cx and cy for tools that put the corner of the picture at 0.
  * `stereo`: `left_from_right`, 4x4, takes points of the right eye's frame into the left eye's; null with one eye.
  * `shots`: of each its frames, files, and `film`: exposure time (`shutter_s`), `readout_s`, noise, exposure (a factor
    on light, one or one a frame).
  * `dynamic_ratio`: mean share of the picture that moves.
  * `objects`: what moves by itself, all parts of it together (a person with the limbs). Of each a `name`; `keyframe`,
    the frame that shows it best: clear of the picture's border if it ever is, least hidden, then largest; `box_px`,
    [x0, y0, x1, y1], the tight box of its pixels there, x1 and y1 exclusive; `shown_ratio`, the share of frames that
    show some of it; `picture_ratio`, its mean share of the picture. What is never seen has null for frame and box. Of
    several shots each has objects of its own, and both shares are of its frames. Of two eyes it is the left eye's view.
* `<clip>.tum.txt`: one line a frame, `time tx ty tz qx qy qz qw`, seconds of the video, metres, quaternion.
  A clip of several shots has one file a shot, `-00`, `-01`, ..., each in a world of its own; so it is with tracks.
* `<clip>_tracks.npz`: K points in T frames. `world_xyz` (K, T, 3); `xy` (K, T, 2), nan where the lens does not see;
  `visible` (K, T): in the picture and not hidden; `is_dynamic` (K,); `body` (K,), number of the thing it is on;
  `first_frame` (K,), where it was picked. Points are picked in every eighth frame where no track shows yet.
* `<clip>_masks/<frame>.png`: 255 where the pixel's centre shows a moving body.
* `<clip>_instances/<frame>.png`, on request (`--truth instances`): 8 bit, n where the pixel's centre shows the n-th of
  `objects`, counted from 1; 0 for what stands still.
* `<clip>_depth/<frame>.png`, on request (`--truth depth`): 16 bit, 6553.5 m / depth rounded, 0 in the sky; from
  0.1 m on, true to 0.02 % at 3 m and 0.15 % at 20 m. Depth is along the optical axis of a pinhole, else along the ray.
* `<clip>_flow/<frame>.npz`, on request (`--truth flow`): `flow` float16 (H, W, 2), from the pixel to where what it
  shows is in the next frame, nan out of the lens's sight; `valid` (H, W): it is in that picture and nothing hides it.
  A shot's last frame has none.
"""


def readme(preset: str) -> str:
    """What the files of a preset's folder mean, in Markdown."""
    return _HEAD.get(preset, f"# Videos of the preset `{preset}` with exact truth\n") + _BODY
