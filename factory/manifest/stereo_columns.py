"""Columns of the manifests of stereo video: `rig`, where two eyes are and go, and `world`, what was tracked."""

import pyarrow as pa

from factory.manifest.schema import POSE, artifact, column

NUMBER = pa.float64()
NUMBERS = pa.list_(NUMBER)

# What every phase that poses calls the same, so that loaders and evaluation read either. No camera is told, so that
# nothing takes one eye's for that of the whole picture: the lens of the rectified left eye stands in world_tracks.npz.
_SHARED = (
    *("timestamps", "frame_index", "fps", "registered", "rotation_only", "camera_model"),
    *("focal_px", "focal_per_frame_px", "cx_px", "cy_px", "cx_per_frame_px", "cy_per_frame_px", "k1", "k2"),
    *("readout_s", "focal_reliable", "registered_ratio", "reprojection_error_px", "track_count", "inlier_count"),
    *("quality", "ate_percent_predicted", "half_ate_percent", "half_rotation_deg"),
)

LAYOUT = pa.struct(
    [
        pa.field("arrangement", pa.string()),
        pa.field("projection", pa.string()),
        pa.field("swapped", pa.bool_()),
        pa.field("fov_bounds", NUMBERS),
        pa.field("circle", NUMBERS),
        pa.field("fisheye_deg", NUMBER),
        pa.field("across_deg", NUMBER),
        pa.field("across_found", pa.bool_()),
        pa.field("squeeze", NUMBER),
    ]
)

RECTIFIED2RIG = column(
    "rectified2rig",
    NUMBERS,
    "2 x 3 x 3 by rows: two rotations that turn rays of the rectified eyes into those of the left and of the right eye "
    "as filmed",
)
BASELINE = column(
    "baseline_m",
    NUMBER,
    "distance between the eyes, from which all metres come: rig.stages.solve.options.baseline_m, not measured",
)

RIG = (
    column("width", pa.int32(), "pixels of an eye's picture as displayed"),
    column("height", pa.int32(), "pixels of an eye's picture as displayed"),
    column(
        "world_from_cam",
        pa.list_(NUMBERS),
        "4 x 4 by rows, metres, of the rectified left eye: x to the right eye; one a frame, null where not registered",
    ),
    *(field for field in POSE if field.name in _SHARED),
    column(
        "layout",
        LAYOUT,
        "which half is which eye (side_by_side or top_bottom; swapped: the right one first) and how an eye sees: "
        "half_equirect with fov_bounds (yaw and tilt from, to, degrees; null: half of the sphere), fisheye with its "
        "circle (centre and radii as shares of the picture) and what that spans, rectified with what the width spans "
        "(across_found: the clip itself told) and how much denser rows are than columns",
    ),
    column("camera_motion", pa.string(), "moving, turning, or still: the camera, against the noise of its path"),
    column("side_by_side_ratio", NUMBER, "share of the left half's texture that the right half shows too"),
    column("top_bottom_ratio", NUMBER, "the same of the upper and the lower half; null where it was not asked"),
    BASELINE,
    column(
        "left_from_right", NUMBERS, "4 x 4 by rows, metres: takes points from the right eye's frame to the left eye's"
    ),
    RECTIFIED2RIG,
    column("rig_pitch_deg", NUMBER, "rotation vector of the right eye against the left one: its part about x, upwards"),
    column("rig_yaw_deg", NUMBER, "its part about y, to the right"),
    column("rig_roll_deg", NUMBER, "its part about z, clockwise"),
    column("baseline_deg", NUMBER, "angle between the baseline and the left eye's x axis"),
    column("matched_ratio", NUMBER, "share of the left eye's sightings that the right eye finds"),
    column(
        "clear_ratio",
        NUMBER,
        "share of these matches whose shift between the eyes (parallax) is clearly above its noise",
    ),
    column(
        "ahead_ratio",
        NUMBER,
        "share of these that lie in front of both eyes: near 1, and near 0 where the eyes are swapped",
    ),
    column(
        "vertical_px",
        NUMBER,
        "median distance of matches from where the rig says they must lie (their epipolar lines), pixels in which "
        "points are followed",
    ),
    column(
        "explained_ratio",
        NUMBER,
        "share of the sightings that a world at rest explains, in both eyes, under the path that was found",
    ),
    column(
        "won_ratio",
        NUMBER,
        "of the cells of an 8 x 8 grid that hold points, the share where most sightings are explained so",
    ),
    column("spread_ratio", NUMBER, "the same as a share of all 64 cells"),
    column("path_m", NUMBER, "length of the camera's path, metres"),
    column("speed_m_s", NUMBER, "mean speed on the path"),
    column("distance_m", NUMBER, "median distance of the points from the camera"),
    column(
        "travel_px",
        NUMBER,
        "how far the path shifts a point at distance_m in the picture, pixels in which points are followed",
    ),
    column("turn_deg", NUMBER, "largest turn of the camera from the first frame"),
    column("lag_frames", NUMBER, "by how many frames the right eye is late; null where the clip does not tell"),
    column("lens_ratio", NUMBER, "focal length that the clip asks for by the one taken; null where the camera stands"),
    column(
        "lens_log_sd",
        NUMBER,
        "standard deviation of the logarithm of lens_ratio: above 0.05 the clip hardly tells what its lens is",
    ),
    column(
        "half_distance_m",
        NUMBER,
        "how far the paths of two solves from disjoint halves of the tracks lie apart (root mean square), not scaled",
    ),
    column(
        "half_px", NUMBER, "what half_distance_m shifts a point at distance_m by, pixels in which points are followed"
    ),
    column("half_scale", NUMBER, "length of the one half's path by that of the other's; null where the camera stands"),
    column("half_rig_deg", NUMBER, "angle between the right eyes of the two halves' rigs"),
    column("ate_m_predicted", NUMBER, "expected position error, metres, not scaled; baseline_m is taken as right"),
    column("scale_percent_predicted", NUMBER, "expected error of the scale; what baseline_m is off comes on top"),
    artifact("stereo_tracks.npz", "points followed in the left eye, where the right eye sees them, which stand still"),
    artifact("preview.mp4", "small video of the left eye and its way from above; null without rig.previews"),
    artifact("poster.webp", "its last frame"),
)

WORLD = (
    RECTIFIED2RIG,
    BASELINE,
    column(
        "fov_bounds",
        NUMBERS,
        "yaw0, yaw1, tilt0, tilt1, degrees: what the outermost pixels of an eye of VR180 see; null of others",
    ),
    column("confident_ratio", NUMBER, "share of the rectified left pictures' pixels whose depth passes all checks"),
    column(
        "thrown",
        pa.map_(pa.string(), NUMBER),
        "by check, the share of pixels that fail it: unseen by the right eye, vertical flow, the way back, range, "
        "gradient, a second method's opinion",
    ),
    column("sightings", pa.int64(), "of all tracks"),
    column(
        "kept_ratio",
        NUMBER,
        "sightings that are left, as a share of those before tracks were dropped that slide off or jump in depth",
    ),
    column("track_count", pa.int64(), "points followed and placed in the world"),
    column(
        "static_track_count",
        pa.int64(),
        "tracks that stand still within their noise, which is so low that slow walking would show",
    ),
    column("moving_track_count", pa.int64(), "tracks that move on their own"),
    column("moving_ratio", NUMBER, "share of the sightings that are of tracks that move"),
    column("tracks_per_frame", NUMBER, "mean number of tracks seen in a frame"),
    column("sigma_median_m", NUMBER, "median of the standard deviations of the measured distances"),
    column(
        "static_scatter_m",
        NUMBER,
        "metres by which points of static tracks scatter about their mean as measured: median of the root mean squares",
    ),
    artifact("world_tracks.npz", "tracks in the world, measured and optimised, with labels and noise"),
    artifact(
        "depth.npz",
        "disparity and confidence of every n-th frame (world.stages.keep.depth_every); null where that is null",
    ),
)
