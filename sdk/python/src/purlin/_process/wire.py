"""JSON, one object per line.

The scanner and the encoder that the `json` package is made of are used directly: importing the
package around them takes as long as starting the interpreter.
"""

from __future__ import annotations

import os

from purlin.plugin._data import Data
from purlin.plugin._record import Config, key_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Bytes of a line, with its end.
LIMIT = 64 << 20


def plain(value: Any) -> Any:
    """What the encoder does not know by itself."""
    if isinstance(value, Data):
        return dict(value)
    if isinstance(value, Config):
        return {key_of(name).replace("-", "_"): one for name, one in value.__dict__.items()}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, "keys") and hasattr(value, "__getitem__"):
        return {key: value[key] for key in value.keys()}  # noqa: SIM118
    if hasattr(value, "__iter__"):
        return list(value)
    raise TypeError(f"`{type(value).__name__}` cannot be sent to the host")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


class _Options:
    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(_no_constant)


def _fast() -> tuple[Callable[[str], Any], Callable[[Any], str]]:
    import _json

    scan = _json.make_scanner(_Options)  # type: ignore[arg-type]
    chunks = _json.make_encoder(
        None, plain, _json.encode_basestring, None, ":", ",", False, False, False
    )

    def decode(text: str) -> Any:
        text = text.strip(" \t\r\n")
        try:
            value, end = scan(text, 0)
        except (StopIteration, SystemError):
            # Before 3.11 it looks for the error's class in the package, which is not there.
            raise ValueError("not JSON") from None
        if end != len(text):
            raise ValueError("more than one value")
        return value

    def encode(value: Any) -> str:
        return "".join(chunks(value, 0))

    # An interpreter whose parts are made differently shows it here.
    if decode(encode({"a": [1, None, Data()]})) != {"a": [1, None, {}]}:
        raise TypeError
    return decode, encode


def _plain_json() -> tuple[Callable[[str], Any], Callable[[Any], str]]:
    import json

    decoder = json.JSONDecoder(parse_constant=_no_constant)
    encoder = json.JSONEncoder(
        check_circular=False,
        default=plain,
        ensure_ascii=False,
        separators=(",", ":"),
        allow_nan=False,
    )
    return decoder.decode, encoder.encode


try:
    decode, encode = _fast()
except (ImportError, AttributeError, TypeError, ValueError):
    decode, encode = _plain_json()
