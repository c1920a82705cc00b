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
    "rectified2rig", NUMBERS, "2 x 3 x 3 by rows: rays of the rectified frame to the left and to the right eye's"
)
BASELINE = column("baseline_m", NUMBER, "between the eyes; what gives all lengths their metres: taken, not measured")

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
    column("left_from_right", NUMBERS, "4 x 4 by rows, metres: points of the right eye's frame to the left eye's"),
    RECTIFIED2RIG,
    column("rig_pitch_deg", NUMBER, "turn of the right eye against the left one, as a vector: about x, up"),
    column("rig_yaw_deg", NUMBER, "about y, to the right"),
    column("rig_roll_deg", NUMBER, "about z, clockwise"),
    column("baseline_deg", NUMBER, "angle between the baseline and the left eye's x axis"),
    column("matched_ratio", NUMBER, "share of the left eye's sightings that the right eye finds"),
    column("clear_ratio", NUMBER, "share of those whose parallax is beyond its noise"),
    column("ahead_ratio", NUMBER, "share of these that lie in front of both eyes"),
    column("vertical_px", NUMBER, "median distance of all matches from their epipolar lines, working pixels"),
    column("explained_ratio", NUMBER, "share of the sightings that stand still under the path, in both eyes"),
    column("won_ratio", NUMBER, "share of the picture's cells where most do, of those where points are seen"),
    column("spread_ratio", NUMBER, "the same of all cells of the picture"),
    column("path_m", NUMBER, "length of the way"),
    column("speed_m_s", NUMBER, "of it, the mean"),
    column("distance_m", NUMBER, "median of the points' distances"),
    column("travel_px", NUMBER, "what the way's reach shifts such a point by, working pixels"),
    column("turn_deg", NUMBER, "largest turn from the first frame"),
    column("lag_frames", NUMBER, "by how many frames the right eye is late; null where the clip does not tell"),
    column("lens_ratio", NUMBER, "focal length that the clip asks for by the one taken; null where the camera stands"),
    column("lens_log_sd", NUMBER, "standard deviation of its logarithm: above 0.05 the clip hardly tells"),
    column("half_distance_m", NUMBER, "distance of two solves from disjoint tracks, without any scaling"),
    column("half_px", NUMBER, "what that shifts a point at distance_m by, working pixels"),
    column("half_scale", NUMBER, "length of one's way by the other's; null where the camera stands"),
    column("half_rig_deg", NUMBER, "angle between their rigs"),
    column("ate_m_predicted", NUMBER, "expected position error, without any scaling, metres of the baseline's"),
    column("scale_percent_predicted", NUMBER, "expected error of the scale, but for what the baseline is off"),
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
    column("kept_ratio", NUMBER, "sightings by those before tracks were dropped that slid off or jump in depth"),
    column("track_count", pa.int64(), "points followed and placed in the world"),
    column("static_track_count", pa.int64(), "tracks that stand still within their noise, and would show slow walking"),
    column("moving_track_count", pa.int64(), "tracks that move on their own"),
    column("moving_ratio", NUMBER, "share of the sightings that are of tracks that move"),
    column("tracks_per_frame", NUMBER, "points seen in a frame, the mean"),
    column("sigma_median_m", NUMBER, "median of the standard deviations of the measured distances"),
    column("jitter_before_m", NUMBER, "of static tracks, median root mean square distance from their own mean"),
    column("jitter_m", NUMBER, "the same after the optimisation"),
    artifact("world_tracks.npz", "tracks in the world, measured and optimised, with labels and noise"),
    artifact("depth.npz", "disparity and confidence of every world.depth_every-th frame; null without"),
)
