"""Which circuits are the same: names that hold in every process, and counting without them."""

from __future__ import annotations

from pennylane_trainability.keys.equal import distinct_circuits as distinct_circuits
from pennylane_trainability.keys.equal import equal_circuits as equal_circuits
from pennylane_trainability.keys.key import canonical as canonical
from pennylane_trainability.keys.key import circuit_key as circuit_key
