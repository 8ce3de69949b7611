"""A name for what a circuit is: a hash of its numbers, the same in every process."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from enum import Enum

import numpy as np
import pennylane as qml
from pennylane.measurements import MeasurementProcess
from pennylane.operation import Operator
from pennylane.ops import MeasurementValue, MidMeasure
from pennylane.tape import QuantumScript
from pennylane.wires import Wires

from pennylane_trainability.errors import ReadingError

__all__ = ["canonical", "circuit_key"]

#: Changes when the same circuit would get another name.
KEY_FORMAT = b"circuit 1"
#: Outcomes in the middle whose functions are told apart by a table of values.
_MOST_OUTCOMES = 10


def circuit_key(tape: QuantumScript) -> str:
    """The name of a circuit: gates, numbers, wires, measurements, shots.

    Two tapes have the same name if they apply the same gates with the same numbers, to the last
    bit, to wires of the same labels, and measure the same with the same shots. Labels that
    PennyLane draws at random for mid-circuit measurements do not count; neither do trainable
    parameters.

    Args:
        tape: a circuit with numbers only.

    Returns:
        A SHA-256 as 64 hexadecimal digits.

    Raises:
        ReadingError: something in the circuit is no number, label or array.

    >>> tapes = [qml.tape.QuantumScript([qml.RX(x, "a")], shots=10) for x in (0.1, 0.1, 0.2)]
    >>> a, b, c = map(circuit_key, tapes)
    >>> a == b, a == c, len(a)
    (True, False, 64)
    """
    middle: dict = {}
    parts = [canonical(op, middle) for op in tape.operations]
    parts += [b"measured"] + [canonical(m, middle) for m in tape.measurements]
    shots = [(c.shots, c.copies) for c in tape.shots.shot_vector]
    parts.append(canonical(shots, middle))
    return hashlib.sha256(KEY_FORMAT + _packed(b"t", *parts)).hexdigest()


def canonical(value, middle: dict | None = None) -> bytes:
    """Bytes that say what a value is, the same in every process.

    Args:
        value: numbers, strings, arrays, wires, operators, measurements, and collections of these.
        middle: numbers of mid-circuit measurements by their random labels; filled on the way.

    Raises:
        ReadingError: it is something else.

    >>> canonical(0.5) == canonical(np.float64(0.5)) == canonical(np.array(0.5))
    True
    >>> canonical({"a": 1, "b": 2}) == canonical({"b": 2, "a": 1})
    True
    """
    middle = {} if middle is None else middle
    if (found := _plain(value)) is not None:
        return found
    for kinds, convert in _KINDS:
        if isinstance(value, kinds):
            return convert(value, middle)
    if qml.math.get_interface(value) in ("jax", "torch"):
        return canonical(np.asarray(qml.math.unwrap([value])[0]), middle)
    if hasattr(value, "tocsr"):
        matrix = value.tocsr()
        matrix.sum_duplicates()
        return _several(b"s", (matrix.shape, matrix.indptr, matrix.indices, matrix.data), middle)
    raise ReadingError(
        f"A circuit with {type(value).__name__} {value!r} in it cannot be stored, because it has "
        "no name that would be the same in another process. Write the circuit with gates that "
        "hold numbers only, or measure it without a store."
    )


def _packed(tag: bytes, *parts: bytes) -> bytes:
    return b"".join((tag, *(len(p).to_bytes(8, "big") + p for p in parts)))


def _plain(value) -> bytes | None:
    """Numbers and strings, which are most of what there is."""
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and not value.ndim):
        value = value.item()
    kind = type(value)
    if kind is float:
        return b"f" + struct.pack(">d", value + 0.0)  # −0 is 0
    if kind is int or kind is bool or value is None:
        return b"i" + repr(value).encode()
    if kind is str:
        return b"u" + value.encode()
    if kind is complex:
        return b"c" + struct.pack(">dd", value.real + 0.0, value.imag + 0.0)
    return b"y" + value if kind is bytes else None


def _several(tag: bytes, values, middle: dict) -> bytes:
    return _packed(tag, *(canonical(value, middle) for value in values))


def _array(value: np.ndarray, middle: dict) -> bytes:
    if value.dtype.hasobject:
        return _several(b"o", (value.shape, value.ravel().tolist()), middle)
    value = np.asarray(value)
    value = value + 0 if value.dtype.kind in "fc" else value
    body = np.ascontiguousarray(value.astype(value.dtype.newbyteorder("<"))).tobytes()
    return _packed(b"a", value.dtype.kind.encode(), str(value.shape).encode(), body)


def _mapping(value: Mapping, middle: dict) -> bytes:
    pairs = [(canonical(k, middle), canonical(v, middle)) for k, v in value.items()]
    return _packed(b"m", *(part for pair in sorted(pairs) for part in pair))


def _set(value, middle: dict) -> bytes:
    return _packed(b"e", *sorted(canonical(v, middle) for v in value))


def _mid_measure(value: MidMeasure, middle: dict) -> bytes:
    own = dict(value.hyperparameters)
    label = own.pop("meas_uid", None)
    own["number"] = middle.setdefault(label, len(middle))
    return _several(b"d", (value.wires, own), middle)


def _outcome(value: MeasurementValue, middle: dict) -> bytes:
    # PennyLane orders the measurements of a function by their random labels
    named = [(canonical(m, middle), k) for k, m in enumerate(value.measurements)]
    order = [k for _, k in sorted(named)]
    table: list = []
    if value.has_processing:
        if len(value.measurements) > _MOST_OUTCOMES:
            raise ReadingError(
                f"A function of {len(value.measurements)} mid-circuit outcomes cannot be stored; "
                f"return outcomes one by one, or functions of at most {_MOST_OUTCOMES}."
            )
        table = sorted((tuple(branch[k] for k in order), out) for branch, out in value.items())
    return _several(b"v", ([value.measurements[k] for k in order], table), middle)


def _flattened(value, middle: dict) -> bytes:
    data, metadata = value._flatten()
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    return _several(b"p", (name, data, metadata), middle)


_KINDS: tuple = (
    (MidMeasure, _mid_measure),
    (MeasurementValue, _outcome),
    ((Operator, MeasurementProcess), _flattened),
    (Wires, lambda value, middle: _several(b"w", value.tolist(), middle)),
    (np.ndarray, _array),
    (Mapping, _mapping),
    ((set, frozenset), _set),
    (Enum, lambda value, middle: canonical(value.name, middle)),
    (type, lambda value, middle: canonical(f"{value.__module__}.{value.__qualname__}", middle)),
    (slice, lambda value, middle: canonical((value.start, value.stop, value.step), middle)),
    (Sequence, lambda value, middle: _several(b"l", value, middle)),
)
