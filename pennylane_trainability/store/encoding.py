"""Results of circuits as bytes and back: nothing is pickled, and nothing can be executed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from pennylane_trainability.errors import StoreError

__all__ = ["as_json", "decoded", "encoded"]

_SCALARS = {"float": float, "int": int, "bool": bool, "complex": complex}
_KINDS = "biufc"


def encoded(result) -> tuple[str, bytes]:
    """A result as its form (JSON) and its numbers (bytes, little-endian).

    Args:
        result: arrays, numbers, strings, and tuples, lists and dicts of these.

    Raises:
        StoreError: it holds something else.

    >>> encoded((np.array([0.25, 0.75]), {"01": 3}))[0]
    '{"t":"tuple","of":[{"t":"array","d":"<f8","s":[2]},{"t":"dict","k":[{"t":"str","v":"01"}],\
"of":[{"t":"int","v":3}]}]}'
    """
    chunks: list[bytes] = []
    form = _form(result, chunks)
    return json.dumps(form, separators=(",", ":"), ensure_ascii=False), b"".join(chunks)


def decoded(form: str, data: bytes) -> Any:
    """The result again, equal bit for bit and of the same types.

    >>> decoded(*encoded((np.float64(0.1), [True, None])))
    (np.float64(0.1), [True, None])
    """
    value, rest = _value(json.loads(form), memoryview(data))
    if len(rest):
        raise StoreError(f"A stored result has {len(rest)} bytes more than its form says.")
    return value


def as_json(result) -> Any:
    """A result as plain JSON for export; complex numbers are ``[re, im]``."""
    if isinstance(result, dict):
        return {str(key): as_json(value) for key, value in result.items()}
    if isinstance(result, (list, tuple)):
        return [as_json(value) for value in result]
    if isinstance(result, (np.ndarray, np.generic)):
        return as_json(result.tolist())
    return [result.real, result.imag] if isinstance(result, complex) else result


def _form(value, chunks: list[bytes]) -> dict:
    if isinstance(value, dict):
        keys = [_form(key, chunks) for key in value]
        return {"t": "dict", "k": keys, "of": [_form(v, chunks) for v in value.values()]}
    if isinstance(value, (list, tuple)):
        kind = "list" if isinstance(value, list) else "tuple"
        return {"t": kind, "of": [_form(entry, chunks) for entry in value]}
    if value is None or type(value) in (str, int, bool):
        return {"t": type(value).__name__, "v": value}
    if type(value) in (float, complex):
        return {**_form(np.asarray(value), chunks), "t": type(value).__name__}
    array = np.asarray(value)
    if array.dtype.kind not in _KINDS:
        raise StoreError(
            f"A device returned {type(value).__name__}; a store keeps arrays, numbers, counts and "
            "tuples of these. Measure without a store."
        )
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    chunks.append(np.ascontiguousarray(array).tobytes())
    kind = "number" if isinstance(value, np.generic) else "array"
    return {"t": kind, "d": array.dtype.str, "s": list(array.shape)}


def _value(form: dict, data: memoryview) -> tuple[Any, memoryview]:
    kind = form["t"]
    if kind == "dict":
        keys, data = _values(form["k"], data)
        values, data = _values(form["of"], data)
        return dict(zip(keys, values, strict=True)), data
    if kind in ("list", "tuple"):
        values, data = _values(form["of"], data)
        return (values if kind == "list" else tuple(values)), data
    if "v" in form:
        return form["v"], data
    if kind == "NoneType":
        return None, data
    dtype, shape = np.dtype(form["d"]), tuple(form["s"])
    size = dtype.itemsize * int(np.prod(shape, dtype=int))
    if len(data) < size:
        raise StoreError("A stored result has fewer bytes than its form says.")
    array = np.frombuffer(data[:size], dtype).reshape(shape).astype(dtype.newbyteorder("="))
    if kind in _SCALARS:
        return _SCALARS[kind](array[()]), data[size:]
    return (array[()] if kind == "number" else array), data[size:]


def _values(forms: list[dict], data: memoryview) -> tuple[list, memoryview]:
    out = []
    for form in forms:
        value, data = _value(form, data)
        out.append(value)
    return out, data
