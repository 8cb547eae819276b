"""Strings as base64, hashed into buckets, and tensors put into text, on the host."""

import base64
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core.farmhash import fingerprint64
from onevar.core.infer import same_shape
from onevar.core.kernel import kernel
from onevar.core.siphash import siphash24
from onevar.core.summary import format_tensor


def _mapped(function: Callable[[bytes], bytes], array: np.ndarray) -> np.ndarray:
    out = np.empty(array.shape, object)
    out.reshape(-1)[:] = [function(item) for item in array.reshape(-1)]
    return out


@kernel("EncodeBase64", on_host=True, infer=same_shape)
def _encode_base64(k: Any, input: np.ndarray, *, pad: bool) -> np.ndarray:
    encode = base64.urlsafe_b64encode
    return _mapped(lambda item: encode(item) if pad else encode(item).rstrip(b"="), input)


@kernel("DecodeBase64", on_host=True, infer=same_shape)
def _decode_base64(k: Any, input: np.ndarray) -> np.ndarray:
    def decode(item: bytes) -> bytes:
        if not re.fullmatch(rb"[A-Za-z0-9_-]*={0,2}", item):
            raise ValueError("Invalid character found in base64.")
        bare = item.rstrip(b"=")
        return base64.urlsafe_b64decode(bare + b"=" * (-len(bare) % 4))

    return _mapped(decode, input)


def _buckets(input: np.ndarray, hashed: Callable[[bytes], int], count: int) -> np.ndarray:
    return np.array([hashed(item) % count for item in input.reshape(-1)], np.int64).reshape(input.shape)


@kernel("StringToHashBucketFast", on_host=True, infer=same_shape)
def _string_to_hash_bucket_fast(k: Any, input: np.ndarray, *, num_buckets: int) -> np.ndarray:
    return _buckets(input, fingerprint64, num_buckets)


@kernel("StringToHashBucketStrong", on_host=True, infer=same_shape)
def _string_to_hash_bucket_strong(k: Any, input: np.ndarray, *, num_buckets: int, key: list[int]) -> np.ndarray:
    return _buckets(input, lambda item: siphash24(item, key[0], key[1]), num_buckets)


@kernel("StringFormat", on_host=True, infer=lambda *_: ())
def _string_format(k: Any, inputs: list[np.ndarray], *, template: str, placeholder: str, summarize: int) -> np.ndarray:
    parts = template.split(placeholder)
    shown = [format_tensor(item, summarize) for item in inputs] + [""]
    out = np.empty((), object)
    out[()] = "".join(part + value for part, value in zip(parts, shown, strict=True)).encode()
    return out
