"""Which place a URI lies in."""

from factory.storage.places import Place, is_s3


def place_of(uri: str, patience_s: float = 120.0) -> Place:
    """`patience_s`: how long S3 may be away before an operation gives up."""
    if is_s3(uri):
        from factory.storage.s3 import S3

        return S3(patience_s)
    from factory.storage.local import Local

    return Local()
