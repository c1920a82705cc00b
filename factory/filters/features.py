"""The filter's features: what each is, and in what unit. The columns of the filter manifest."""

FEATURES = {
    "repeat_share": "share of the source's frames that repeat the frame before",
    "sharpness": "standard deviation of the Laplacian over that of the picture, median of the stills",
    "sharpness_low": "the same in blocks, lower quartile",
    "brightness": "median grey, 0-255",
    "clipped_share": "share of pixels that are pure black or white",
    "short_side_px": "pixels of the source's shorter side, bars cropped",
    "frame_rate": "frames per second of the source",
    "flat_share": "share of pixels without any gradient",
    "palette_size": "how many of 4096 colours make up nine tenths of the picture",
    "saturation": "mean saturation where the picture is not dark, 0-255",
    "grain": "grey levels by which pixels differ from a smooth picture where that has no edges",
    "flow_mean": "mean motion between sampled frames, share of the diagonal",
    "flow_peak": "largest motion between sampled frames, share of the diagonal",
    "flow_unexplained": "worst difference of a frame to the one before, warped onto it, in units of the contrast",
    "overlay_share": "share of all edges that never move although the camera does",
    "face_share": "width of the largest frontal face over the longer side, median of the stills",
    "track_loss": "largest share of points lost between two sampled frames",
    "track_count": "points a frame",
    "still_share": "share of the left, right and upper border that rests",
    "camera_speed": "median motion of the border, diagonals per second",
    "paused_share": "share of sampled frames in which the median point rests",
    "shake": "change of the camera's motion within a quarter of a second, share of the diagonal",
    "track_likeness": "correlation of tracked patches 0.75 s apart, worst moment over the usual one",
    "turn_error": "share of the points' motion that the best rotation about a fixed centre leaves",
    "paired_share": "share of the clip in which the camera's motion can be measured",
    "moving_share": "share of points that move against the background",
    "rigid_share": "share of border points that move as one static scene",
    "mover_share": "area of the largest thing that moves against the background and lasts, mean",
    "brief_mover_share": "the same for things found twice in a row",
    "evident_share": "share of the picture that clearly moves otherwise than the static scene",
    "cover_share": "share of the picture's cells that hold textured static background, in all but the worst moments",
    "border_cover_share": "the same of the cells at the left, right and upper border, median",
    "chaos_share": "share of the picture whose motion no homography explains",
    "noise_px": "distance of textured points from the epipolar geometry",
    "parallax": "share of background points that no homography explains",
    "zoom_rate": "change of the logarithm of scale per second, where the picture moves as a sheet",
    "focal_ratio": "self-calibrated focal length over the longer side",
    "focal_spread": "half the distance of the quartiles of its logarithm over frame pairs",
    "barrel_distortion": "strength of barrel distortion in the division model, radius over half the diagonal",
}


def settled(value: float) -> float:
    """The value to six digits. Sums of float32 pictures differ in the ninth from run to run, with the arrays' place in
    memory; manifests must not."""
    return float(f"{value:.6g}")
