"""The README.md that is written beside the sample."""

README = """\
# Sample of dynamic videos with exact truth

Rendered by `factory synth`; nothing here was filmed. The same seed gives the same pixels.

| clip | camera | what moves | suits pose estimation |
| --- | --- | --- | --- |
| `good` | hand-held, translates | someone walks | yes |
| `static_camera` | on a tripod | someone walks | no: the camera stands still |
| `pure_rotation` | turns about its optical centre | someone walks | no: no parallax |
| `shot_cut` | two shots, each translates | someone walks | not as one clip; each shot alone does |
| `graphics` | none: a drawn slide | a cursor | no |
| `fast_large_object` | circles, translates | a balloon over half of the picture | yes, and hard |

Beside each `<clip>.mp4` lie:

* `<clip>.json`: size, rate, seed, labels, intrinsics, shots, mean share of the picture that moves (`dynamic_ratio`).
* `<clip>.tum.txt`: one line a frame, `time tx ty tz qx qy qz qw`: camera-to-world, OpenCV axes (x right, y down,
  z forward), seconds of the video, metres, quaternion with its real part last. `shot_cut` has one file a shot, `-00`
  and `-01`, each in a world of its own. `graphics` has none.
* `<clip>_masks/<frame>.png`: 255 where the pixel's centre shows a moving body. Shadows do not count as moving.

Pixel centres lie at integer coordinates: pixel (u, v) looks along ((u - cx) / f, (v - cy) / f, 1), with
cx = (width - 1) / 2 and cy = (height - 1) / 2. Add 0.5 to cx and cy for tools that put the corner of the picture at 0.
"""
