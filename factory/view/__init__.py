"""A clip as a Rerun recording: pictures, camera, tracks, points, and what was decided about it."""
