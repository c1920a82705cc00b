"""Renders dynamic scenes whose camera, depth and masks are known exactly."""
