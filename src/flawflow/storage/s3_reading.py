"""Reading many objects of S3 from threads, without the event loop that s3fs has for all of them.

An object read through it takes 3.5 ms of processor time and waits for its turn; botocore's own client, which
comes with s3fs and which threads may share, takes 1.4 ms (`benchmarks/archive.py`). Address, credentials and
all other settings are those of the s3fs filesystem.
"""

import functools
from typing import Any

# As many as are fetched ahead.
_CONNECTIONS = 32


def read_object(store: Any, key: str) -> bytes:
    """Read an object.

    Args:
        store: The filesystem of s3fs.
        key: As that names it: the bucket, `/` and the object's key.

    Raises:
        OSError: As s3fs would have it.
    """
    from botocore.exceptions import ClientError
    from s3fs.errors import translate_boto_error

    bucket, _, name = key.partition("/")
    try:
        answer = _client(store).get_object(Bucket=bucket, Key=name, **store.req_kw)
        return bytes(answer["Body"].read())
    except ClientError as error:
        raise translate_boto_error(error) from None


@functools.lru_cache(maxsize=4)
def _client(store: Any) -> Any:
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.session import Session

    session = Session(profile=store.kwargs.get("profile"))
    config = Config(max_pool_connections=_CONNECTIONS, **store.config_kwargs)
    if store.anon:
        config = config.merge(Config(signature_version=UNSIGNED))
    named = {"endpoint_url": store.endpoint_url, "use_ssl": store.use_ssl} | store.client_kwargs
    keys = {
        "aws_access_key_id": store.key,
        "aws_secret_access_key": store.secret,
        "aws_session_token": store.token,
    }
    return session.create_client("s3", config=config, **keys, **named)
