from collections.abc import Callable

from botocore.exceptions import ClientError


def outcome(call: Callable[..., object], **arguments: object) -> str | tuple[int, str]:
    """`ok`, or the status and the code of the answer."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    return "ok"
