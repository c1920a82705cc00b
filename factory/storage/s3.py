"""Amazon S3 and stores that speak its protocol: boto3 for objects and listings, pyarrow.fs for parts of Parquet files.

Keys, region and endpoint come from boto3's own chain (environment, AWS configuration files, roles), looked for on the
machine that asks: nothing secret travels. A custom endpoint is given as AWS_ENDPOINT_URL_S3.
"""

import io
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, Any, TypeVar

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError

from factory.errors import StorageError
from factory.storage.digest import file_digest
from factory.storage.places import Entry, split
from factory.storage.s3_client import arrow, client, forget
from factory.storage.s3_errors import Fault, fault_of

RANGE_BYTES = 16 * 2**20  # one GET of a download; a guess: long enough to hide a request's latency
RANGES_AT_ONCE = 4
SINGLE_PUT_BYTES = 64 * 2**20  # larger content goes up in parts; either way it appears whole or not at all

T = TypeVar("T")


@dataclass(frozen=True)
class S3:
    """See `places.Place`. A store that is away or overloaded is asked again for `patience_s`, expired keys once."""

    patience_s: float

    def entries(self, folder: str) -> Iterator[Entry]:
        bucket = split(folder)[0]
        for page in self._pages(folder):
            for found in page.get("Contents", ()):
                if not found["Key"].endswith("/"):  # a marker of an empty folder
                    yield Entry(f"s3://{bucket}/{found['Key']}", found["Size"], found["ETag"].strip('"'))

    def folders(self, folder: str) -> list[str]:
        pages = self._pages(folder, Delimiter="/")
        return [found["Prefix"].split("/")[-2] for page in pages for found in page.get("CommonPrefixes", ())]

    def entry(self, uri: str) -> Entry:
        head = self._head(uri)
        return Entry(uri, head["ContentLength"], head["ETag"].strip('"'))

    def read(self, uri: str) -> bytes:
        bucket, key = split(uri)
        return self._do("read", uri, lambda c: c.get_object(Bucket=bucket, Key=key)["Body"].read())

    def table(self, entry: Entry, columns: list[str] | None) -> pa.Table:
        if entry.size <= RANGE_BYTES:  # one request instead of one for the footer and one for each column
            # On this thread alone: one of Arrow's that still held Python's bytes at exit would abort the process.
            return pq.ParquetFile(pa.BufferReader(self.read(entry.uri))).read(columns=columns, use_threads=False)

        def read(_client: Any) -> pa.Table:
            with arrow(split(entry.uri)[0]).open_input_file(entry.uri.removeprefix("s3://")) as file:
                return pq.ParquetFile(file, pre_buffer=True).read(columns=columns)

        return self._do("read", entry.uri, read)

    def schema(self, entry: Entry) -> pa.Schema:
        if entry.size <= RANGE_BYTES:
            return pq.ParquetFile(pa.BufferReader(self.read(entry.uri))).schema_arrow

        def read(_client: Any) -> pa.Schema:
            with arrow(split(entry.uri)[0]).open_input_file(entry.uri.removeprefix("s3://")) as file:
                return pq.ParquetFile(file).schema_arrow

        return self._do("read", entry.uri, read)

    def write(self, uri: str, content: bytes) -> None:
        bucket, key = split(uri)
        if len(content) <= SINGLE_PUT_BYTES:
            self._do("write", uri, lambda c: c.put_object(Bucket=bucket, Key=key, Body=content))
        else:
            self._do("write", uri, lambda c: c.upload_fileobj(io.BytesIO(content), bucket, key))

    def upload(self, uri: str, path: Path) -> None:
        """A large file, in parts."""
        bucket, key = split(uri)
        self._do("write", uri, lambda c: c.upload_file(str(path), bucket, key))

    def create(self, uri: str, content: bytes) -> bool:
        bucket, key = split(uri)
        try:
            self._do("write", uri, lambda c: c.put_object(Bucket=bucket, Key=key, Body=content, IfNoneMatch="*"))
        except FileExistsError:
            return False
        return True

    def delete(self, uri: str) -> None:
        bucket, key = split(uri)
        self._do("delete", uri, lambda c: c.delete_object(Bucket=bucket, Key=key))

    def age_s(self, uri: str) -> float:
        head = self._head(uri)
        now = parsedate_to_datetime(head["ResponseMetadata"]["HTTPHeaders"]["date"])
        return (now - head["LastModified"]).total_seconds()

    def download(self, entry: Entry, file: IO[bytes]) -> None:
        """The content of exactly this version into a local file, by ranges. Raises ChangedError when it is another now.

        Each range is asked for under the ETag; where the ETag is the content's MD5 (one part, not under a key of one's
        own) the file is compared with it. OSError when the disk is full.
        """
        bucket, key = split(entry.uri)

        def fetch(begin: int) -> bool:
            length = min(RANGE_BYTES, entry.size - begin)
            asked = {"Bucket": bucket, "Key": key, "IfMatch": f'"{entry.tag}"'}

            def get(client: Any) -> bool:
                answer = client.get_object(**asked, Range=f"bytes={begin}-{begin + length - 1}")
                content = answer["Body"].read()
                if len(content) != length:
                    raise StorageError(f"{entry.uri} came with {len(content)} of {length} bytes: run again.")
                os.pwrite(file.fileno(), content, begin)
                return "SSECustomerAlgorithm" in answer or "kms" in answer.get("ServerSideEncryption", "")

            return self._do("read", entry.uri, get)

        with ThreadPoolExecutor(RANGES_AT_ONCE) as pool:
            sealed = any(list(pool.map(fetch, range(0, entry.size, RANGE_BYTES))))
        if len(entry.tag) == 32 and not sealed and file_digest(file.name, "md5") != entry.tag:
            raise StorageError(f"{entry.uri} came with other bytes than its ETag says: run again.")

    def _pages(self, folder: str, **options: str) -> Iterator[dict[str, Any]]:
        bucket, key = split(folder)
        asked = {"Bucket": bucket, "Prefix": f"{key}/" if key else "", **options}
        while True:
            page = self._do("list", folder, lambda c: c.list_objects_v2(**asked))
            yield page
            if not page["IsTruncated"]:
                return
            asked["ContinuationToken"] = page["NextContinuationToken"]

    def _head(self, uri: str) -> dict[str, Any]:
        bucket, key = split(uri)
        return self._do("read", uri, lambda c: c.head_object(Bucket=bucket, Key=key))

    def _do(self, verb: str, uri: str, call: Callable[[Any], T]) -> T:
        give_up = time.monotonic() + self.patience_s
        wait_s, renewed = 0.5, False
        while True:
            try:
                return call(client())
            except (BotoCoreError, ClientError, boto3.exceptions.Boto3Error, OSError) as error:
                fault, told = fault_of(error, verb, uri)
                if fault is Fault.EXPIRED and not renewed:
                    renewed = True
                    forget()  # fresh keys, from wherever the old ones came
                elif fault is Fault.AWAY and time.monotonic() + wait_s < give_up:
                    time.sleep(wait_s)
                    wait_s = min(2 * wait_s, 8.0)
                else:
                    raise told from error
