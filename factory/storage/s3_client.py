"""Connections to S3, one a process: keys, region and endpoint as boto3 finds them, for boto3, pyarrow and DuckDB."""

from functools import lru_cache
from typing import Any

import boto3
import pyarrow.fs as pafs
from botocore.config import Config


def client() -> Any:
    """boto3's; safe for threads."""
    return _connection()[1]


def forget() -> None:
    """Drops keys and connections; the next request looks for them anew."""
    _connection.cache_clear()
    _region.cache_clear()
    _arrow_with.cache_clear()


@lru_cache(1)
def _connection() -> tuple[boto3.Session, Any]:
    session = boto3.Session()
    options = {"retries": {"mode": "standard"}, "max_pool_connections": 32, "connect_timeout": 10, "read_timeout": 60}
    connected = session.client("s3", config=Config(**options))
    if not connected.meta.endpoint_url.split("/")[2].endswith(".amazonaws.com"):
        # Other stores seldom answer at bucket.host.
        connected = session.client("s3", config=Config(**options, s3={"addressing_style": "path"}))
    return session, connected


def arrow(bucket: str) -> pafs.S3FileSystem:
    """With the keys boto3 found, so that there is one chain; they are asked for each time because they change."""
    session, connected = _connection()
    found = session.get_credentials()
    keys = tuple(found.get_frozen_credentials())[:3] if found else (None, None, None)
    return _arrow_with(keys, connected.meta.endpoint_url, _region(bucket))


@lru_cache(8)
def _region(bucket: str) -> str:
    """Where the bucket lies: boto3 follows it into another region than the client's, pyarrow does not."""
    return client().head_bucket(Bucket=bucket).get("BucketRegion") or client().meta.region_name


@lru_cache(2)
def _arrow_with(keys: tuple[str | None, ...], endpoint: str, region: str) -> pafs.S3FileSystem:
    scheme, _, host = endpoint.partition("://")
    access_key, secret_key, session_token = keys
    return pafs.S3FileSystem(
        access_key=access_key,
        secret_key=secret_key,
        session_token=session_token,
        region=region,
        scheme=scheme,
        endpoint_override=None if host.endswith(".amazonaws.com") else host,
    )


def file_system(bucket: str) -> Any:
    """For DuckDB, which has no S3 of its own without a download: files under `bucket://<bucket>/<key>`."""
    from fsspec.implementations.arrow import ArrowFSWrapper

    class BucketFiles(ArrowFSWrapper):
        protocol = "bucket"

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return path.removeprefix("bucket://")

    return BucketFiles(arrow(bucket))
