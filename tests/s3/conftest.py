import pytest


@pytest.fixture
def name(bucket: str) -> str:
    return bucket.removeprefix("s3://")
