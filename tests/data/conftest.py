"""Two rendered clips, posed through the Python door."""

import pytest


@pytest.fixture(scope="package")
def output(posed_output):
    return posed_output


def named(output, stem):
    """The clip of one of them."""
    return next(clip for clip in output.clips() if f"/{stem}." in clip["source"])
