"""Pure functions on arrays: cameras, epipolar geometry, triangulation, trajectories. No files, no frames, no video."""
