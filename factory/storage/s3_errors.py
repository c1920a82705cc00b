"""What an error of boto3 or pyarrow means, and the sentence the user reads."""

import re
from enum import Enum, auto

from botocore import exceptions as aws
from botocore.exceptions import ClientError

from factory.errors import ChangedError, GoneError, StorageError
from factory.storage.places import split


class Fault(Enum):
    """What can be done about it: ask again with fresh keys, ask again later, or nothing."""

    EXPIRED = auto()
    AWAY = auto()
    FINAL = auto()


EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired", "EXPIRED_TOKEN"}
EXPIRED |= {"400"}  # what a HEAD, which has no body, says of expired keys
AWAY = {
    *("SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "RequestTimeoutException", "Throttling"),
    *("ThrottlingException", "RequestLimitExceeded", "500", "502", "503", "504", "OperationAborted"),
    *("SLOW_DOWN", "SERVICE_UNAVAILABLE", "INTERNAL_FAILURE", "NETWORK_CONNECTION", "REQUEST_TIMEOUT", "UNKNOWN"),
}
REFUSED = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "AuthorizationHeaderMalformed"}
GONE = {"NoSuchKey", "404", "NotFound", "RESOURCE_NOT_FOUND", "InvalidRange", "416"}
FORBIDDEN = {"AccessDenied", "403", "AllAccessDisabled", "ACCESS_DENIED", "AccountProblem"}
UNREACHABLE = (
    *(aws.EndpointConnectionError, aws.ConnectTimeoutError, aws.ReadTimeoutError, aws.ConnectionClosedError),
    *(aws.HTTPClientError, aws.ResponseStreamingError, aws.IncompleteReadError, aws.ProxyConnectionError),
)
NO_KEYS = (aws.NoCredentialsError, aws.PartialCredentialsError, aws.CredentialRetrievalError, aws.ProfileNotFound)


def fault_of(error: Exception, verb: str, uri: str) -> tuple[Fault, Exception]:
    """What `error`, met when one tried to `verb` (read, write, list, delete) `uri`, allows; and what to raise."""
    bucket = split(uri)[0]
    if isinstance(error, NO_KEYS):
        told = f"no keys for {uri} are found ({_in_short(error)}): set AWS_ACCESS_KEY_ID, AWS_PROFILE or a role."
        return Fault.FINAL, StorageError(told)
    if isinstance(error, UNREACHABLE):
        told = f"no S3 server answers for {uri} ({_in_short(error)}): mend AWS_ENDPOINT_URL_S3 or wait for it."
        return Fault.AWAY, StorageError(told)
    code = _code(error)
    if code in EXPIRED:
        return Fault.EXPIRED, StorageError(f"the keys for {uri} have expired: renew them and run again.")
    if code in AWAY:
        return Fault.AWAY, StorageError(f"S3 cannot {verb} {uri} for now ({code}): run again later.")
    if code in ("PreconditionFailed", "412", "ConditionalRequestConflict"):
        if verb == "write":
            return Fault.FINAL, FileExistsError(uri)
        return Fault.FINAL, ChangedError(f"{uri} has changed since it was listed: run again.")
    if code == "NoSuchBucket":
        return Fault.FINAL, StorageError(f"there is no bucket {bucket}: create it, or mend its name.")
    if isinstance(error, FileNotFoundError) or code in (
        "NoSuchKey",
        "404",
        "NotFound",
        "RESOURCE_NOT_FOUND",
        "InvalidRange",
        "416",
    ):
        return Fault.FINAL, GoneError(f"{uri} is gone: put it back, or run again without it.")
    if code in REFUSED:
        told = f"the keys for {uri} are refused ({code}): mend AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        return Fault.FINAL, StorageError(told)
    if code == "RequestTimeTooSkewed":
        return Fault.FINAL, StorageError(f"S3 refuses {uri} because this machine's clock is wrong: set it.")
    if code in FORBIDDEN:
        told = (
            f"S3 does not let these keys {verb} {uri} ({code}): have it allowed for bucket {bucket}, or mend the keys."
        )
        return Fault.FINAL, StorageError(told)
    if isinstance(error, OSError) and error.errno is not None:
        return Fault.FINAL, error  # this machine's disk, not S3
    return Fault.FINAL, StorageError(f"S3 cannot {verb} {uri}: {_in_short(error)}")


def _code(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    # How pyarrow tells it; of an answer without a body it knows the status alone.
    found = re.search(r"AWS Error ([A-Z_]+)(?: \(HTTP status (\d+)\))?", str(error))
    return "" if found is None else (found[2] or found[1]) if found[1] == "UNKNOWN" else found[1]


def _in_short(error: Exception) -> str:
    """Two lines: of some errors the first is only a heading (`Parameter validation failed:`)."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2]).rstrip(".") if lines else type(error).__name__
