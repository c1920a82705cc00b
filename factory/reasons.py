"""Short names, for people, of why clips are rejected and of what makes them fail. Manifests hold the whole sentences.

A sentence in a manifest is led by the name of its rule, `still_share (C3): 74% of the border ...`; two rules that say
the same of a clip share their words here, so that it is counted once.
"""

REJECTED = {
    # ingest
    "too_short": "the shot is too short",
    "too_sparse": "too few frames a second: a time lapse, or photos",
    "trimmed": "the beginning or end of the source, where titles stand",
    "gap": "no frames for a while: a pause, or an interrupted recording",
    "duplicate": "the same content as another source",
    # filter, as in conf/filter/
    "frame_rate": "the frame rate is too low",
    "short_side_px": "the picture is too small",
    "brightness": "almost black",
    "clipped_share": "mostly pure black or white",
    "flat_share": "no texture: drawn, or a screen",
    "palette_size": "few colours: drawn, or a screen",
    "repeat_share": "frames repeat: a screen recording or a false frame rate",
    "overlay_share": "an overlay, or the own vehicle in view",
    "paused_share": "the picture rests at times: freeze frames or a screen",
    "barrel_distortion": "a fisheye lens",
    "flow_unexplained": "a cut or a fade inside the clip",
    "track_likeness": "a dissolve inside the clip",
    "track_count": "too few points to track",
    "moving_most": "most of the picture moves on its own",
    "turn_error": "the camera only turns",
    "zoom_rate": "a zoom",
    "focal_ratio": "the focal length is too long to see depth",
    "face_share": "a face fills the picture: presenting",
    "flow_mean": "almost nothing moves",
    "still_share": "the camera does not move",
    "camera_speed": "the camera hardly moves",
    "score": "not like what is wanted: the score is too low",
    # pose
    "named_ratio": "rests on what is said to move, and nothing else is solved",
    "two_eyes": "stereo video: two eyes have no one camera",
    "registered_ratio": "too few frames could be placed",
    "halves": "too few tracks: half of them give no solution",
    "quality": "the solve is not good enough",
    "border_rival": "another motion explains the border: a wrong translation",
    "lower_rival": "two bodies fill the picture: which is the world is not clear",
    "explained_ratio": "said to turn, and most tracks do otherwise",
    "ring_win": "the solve may follow a moving object",
    "weakest_win": "the solve may go over to a moving object at one place",
    "supported_ratio": "some frames see too few points that fit",
    "bridge": "too few points join two parts of the clip",
    "moving_crop": "a digital stabiliser moved the picture",
    # rig and world
    "across_deg": "rectified video that does not tell how wide it sees",
    "lens_ratio": "not the lens that it is said to be",
    "not_stereo": "not stereo video",
    "untrackable": "points cannot be followed for long enough",
    "frames": "too few frames",
    "matched": "the eyes do not see the same",
    "clear": "no parallax between the eyes",
    "ahead": "the eyes do not fit together",
    "vertical_px": "the eyes do not fit together",
    "kept_ratio": "too little stands still",
    "won_ratio": "too little stands still",
    "spread_ratio": "points in too small a part of the picture",
    "baseline_deg": "the eyes do not fit together",
    "lag_frames": "the eyes are not of one moment",
    "speed_m_s": "a speed that no camera has",
    "world_tracks": "too few points could be followed and placed",
    "static_scene": "nothing moves",
    # depth
    "mono_depth": "nothing is seen from beside: no depth",
}

FAILED = {
    "VideoError": "cannot be decoded",
    "SourceError": "not a video file",
    "StorageError": "cannot be read or written",
    "GoneError": "does not exist",
    "ChangedError": "the file changed during the run",
    "ClipTimeoutError": "took longer than its time limit",
    "ClipMemoryError": "needs more memory than a worker has",
    "WorkerDiedError": "crashed a library twice",
    "ModelError": "a model could not answer",
    "ModelAnswerError": "a model's answer was none",
    "ModelMemoryError": "a model's card has too little memory",
    "ModelBudgetError": "a model has spent what it may",
    "ModelDiedError": "killed a model twice",
}


def rejected_because(reason: str) -> str:
    """Of a sentence `name: ...` or `name (C2): ...`: its short form. A rule of one's own goes by its name."""
    name = reason.partition(":")[0].partition(" (")[0]
    return REJECTED.get(name, name.replace("_", " "))


def failed_because(error_type: str) -> str:
    """Of the class of an exception, which stays beside it: queries ask for it."""
    return f"{FAILED.get(error_type, 'unexpected error')} ({error_type})"
