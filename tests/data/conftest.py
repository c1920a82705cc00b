"""Two rendered clips, posed through the Python door."""

import shutil

import pytest

import factory
from factory.synth.sample import render_sample


@pytest.fixture(scope="package")
def posed_videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("posed_videos")
    render_sample(folder, only=("good", "pure_rotation"), seconds=2.5)
    return folder


@pytest.fixture(scope="package")
def output(posed_videos, tmp_path_factory):
    place = tmp_path_factory.mktemp("output")
    yield factory.run(posed_videos, place, {"pose.min_quality": "bronze"}, pipeline="pose", engine="inline")
    shutil.rmtree(place)


def named(output, stem):
    """The clip of one of them."""
    return next(clip for clip in output.clips() if f"/{stem}." in clip["source"])
