"""A posed clip as a small looping video, for people: what moves, what was tracked, and the camera's way.

overlay   a frame with the moving mask and the tails of tracks      path   the way from above, growing with time
make      both together, as an MP4 and a still
"""
