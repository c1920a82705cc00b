"""Stereo video in: which half is which eye, what holds the eyes together, where the rig goes, how far things are."""
