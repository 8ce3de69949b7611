"""Random QNodes from a small grammar, for the property tests beside this file.

A :class:`Program` is data: steps, wire labels, an argument layout, a measurement. It can be played
as a QNode, and its plain values and states come from PennyLane's simulator alone, which is the
second road every property is compared with.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace

import numpy as np
import pennylane as qml
from hypothesis import strategies as st

#: Wire labels as users write them. No tuples: PennyLane's own decompositions take the label
#: ``("a", 1)`` of one wire for two wires.
LABELS = (
    (0, 1, 2, 3),
    ("a", "b", "c", "d"),
    (2, 0, 3, 1),
    (-1, "q", 7, -3),
    ("0", 0, "1", 1),
    (2.5, "two words", -0.5, ""),
)

#: Gates with angles: name → (number of wires, number of angles).
ONE_ANGLE = {
    "RX": 1, "RY": 1, "RZ": 1, "PhaseShift": 1, "U1": 1, "CRX": 2, "CRY": 2, "CRZ": 2,
    "IsingXX": 2, "IsingYY": 2, "IsingZZ": 2, "IsingXY": 2, "SingleExcitation": 2,
    "SingleExcitationPlus": 2, "SingleExcitationMinus": 2, "ControlledPhaseShift": 2,
    "CPhaseShift10": 2, "PSWAP": 2, "FermionicSWAP": 2, "DoubleExcitation": 4,
}  # fmt: skip
MORE_ANGLES = {"Rot": (1, 3), "U3": (1, 3), "U2": (1, 2), "CRot": (2, 3)}
FIXED = {
    "Hadamard": 1, "PauliX": 1, "PauliY": 1, "PauliZ": 1, "S": 1, "T": 1, "SX": 1, "CNOT": 2,
    "CZ": 2, "CY": 2, "CH": 2, "SWAP": 2, "ISWAP": 2, "ECR": 2, "Toffoli": 3, "CSWAP": 3, "CCZ": 3,
}  # fmt: skip
#: One Pauli word each, for properties that are stated for such gates only.
PAULI_GATES = ("RX", "RY", "RZ", "IsingXX", "IsingYY", "IsingZZ")
CLIFFORD = ("Hadamard", "PauliX", "PauliY", "S", "SX", "CNOT", "CZ", "CY", "SWAP", "ISWAP", "ECR")


@dataclass(frozen=True)
class Step:
    """One gate: its name, positions of wires, angles, and what wraps it."""

    gate: str
    wires: tuple[int, ...]
    angles: tuple[tuple, ...] = ()
    word: str = ""
    wrap: str = ""


@dataclass(frozen=True)
class Program:
    """A QNode as data.

    Attributes:
        labels: wire labels in use.
        steps: the gates in order.
        n_parameters: how many trainable numbers there are.
        leaves: ``(argument, path inside it, shape)`` of the arrays that hold them, in order.
        inputs: shape of the argument ``x``, or ``None``.
        place: of ``x``: ``"first"``, ``"last"`` or ``"keyword"``.
        measurement: see :func:`measure`.
        interface: ``"numpy"`` or ``"autograd"``.
        own_wires: whether the device is told its wires, with one to spare.
    """

    labels: tuple
    steps: tuple[Step, ...]
    n_parameters: int
    leaves: tuple
    inputs: tuple[int, ...] | None
    place: str
    measurement: tuple
    interface: str = "numpy"
    own_wires: bool = False

    # -- playing it --------------------------------------------------------------------------------

    @property
    def n_arguments(self) -> int:
        return 1 + max(argument for argument, _, _ in self.leaves)

    @property
    def names(self) -> list[str]:
        """Names of all arguments in order, ``x`` among them unless it is a keyword or absent."""
        names = ["first", "second", "third"][: self.n_arguments]
        if self.inputs is None:
            return names
        return {"first": ["x", *names], "last": [*names, "x"], "keyword": names}[self.place]

    def function(self):
        """The quantum function, with a signature of its own."""
        kinds = inspect.Parameter
        parameters = [kinds(name, kinds.POSITIONAL_OR_KEYWORD) for name in self.names]
        if self.inputs is not None and self.place == "keyword":
            parameters.append(kinds("x", kinds.KEYWORD_ONLY))
        signature = inspect.Signature(parameters)

        def circuit(*args, **kwargs):
            given = signature.bind(*args, **kwargs).arguments
            return self.play(given)

        circuit.__signature__ = signature
        return circuit

    def play(self, given: dict):
        """Queue everything."""
        theta = []
        for argument, path, shape in self.leaves:
            leaf = given[["first", "second", "third"][argument]]
            for key in path:
                leaf = leaf[key]
            theta += [leaf[index] for index in np.ndindex(*shape)] if shape else [leaf]
        for step in self.steps:
            play_step(step, self.labels, theta, given.get("x"))
        return measure(self.measurement, self.labels)

    def device(self, **options):
        if self.own_wires:
            options["wires"] = [*self.labels, "spare"]
        return qml.device("default.qubit", **options)

    def qnode(self, shots=None, **options) -> qml.QNode:
        made = qml.QNode(self.function(), self.device(**options))
        return made if shots is None else qml.set_shots(made, shots=shots)

    def call(self, theta, x=None) -> tuple[tuple, dict]:
        """Positional and keyword arguments of a call at these numbers."""
        theta, at, trees = np.asarray(theta, float), 0, {}
        for argument, path, shape in self.leaves:
            size = int(np.prod(shape))
            value = self._typed(theta[at : at + size].reshape(shape), True)
            at += size
            _insert(trees, (argument, *path), value)
        positional = [_listed(trees[k]) for k in range(self.n_arguments)]
        if self.inputs is None:
            return tuple(positional), {}
        x = self._typed(np.asarray(x, float), False)
        if self.place == "keyword":
            return tuple(positional), {"x": x}
        return ((x, *positional) if self.place == "first" else (*positional, x)), {}

    def _typed(self, array, trainable: bool):
        if self.interface == "autograd":
            return qml.numpy.array(array, requires_grad=trainable)
        return float(array) if array.shape == () else array

    # -- the second road ---------------------------------------------------------------------------

    def tape(self, theta, x=None) -> qml.tape.QuantumScript:
        args, kwargs = replace(self, interface="numpy").call(theta, x)
        return qml.tape.make_qscript(self.function())(*args, **kwargs)

    def _batched(self, points, measurement=None):
        """The circuit at all points at once: every angle is an array, templates are spelled out."""
        # One point twice: PennyLane takes some circuits over one point for no batch.
        count, points = len(points), [*points, points[0]]
        theta = np.array([np.asarray(theta, float) for theta, _ in points]).T
        x = None if self.inputs is None else np.array([x for _, x in points], float)

        def circuit():
            for step in self.steps:
                turns = [np.broadcast_to(angle(r, theta, x), len(points)) for r in step.angles]
                for part, some in spelled_out(step, turns):
                    play_gate(part, self.labels, some)
            return measurement() if measurement else measure(self.measurement, self.labels)

        device = qml.device("default.qubit", wires=self.labels)
        found = qml.QNode(circuit, device, diff_method=None)()
        return [v[:count] for v in (found if isinstance(found, (tuple, list)) else [found])]

    def values(self, points) -> np.ndarray:
        """``(points, outputs)`` of ``(theta, x)`` pairs, by PennyLane's simulator."""
        return np.concatenate([np.reshape(v, (len(points), -1)) for v in self._batched(points)], 1)

    def states(self, points) -> np.ndarray:
        """``(points, dimension)`` in the order of the labels."""
        return np.array(self._batched(points, qml.state)[0])

    def flat(self, result, lead: int) -> np.ndarray:
        """Derivatives ``(*lead axes, outputs, parameters)`` of a result in the user's structure.

        Args:
            result: per measurement and argument, as documented.
            lead: axes before those of the measurement.
        """
        several = self.measurement[0] == "several"
        return np.concatenate(
            [self._columns(r, lead) for r in (result if several else [result])], lead
        )

    def _columns(self, result, lead: int) -> np.ndarray:
        columns = []
        for argument, path, shape in self.leaves:
            leaf = result if self.n_arguments == 1 else result[argument]
            for key in path:
                leaf = leaf[key]
            leaf = np.asarray(leaf)
            assert leaf.shape[leaf.ndim - len(shape) :] == shape, (leaf.shape, shape)
            size, before = int(np.prod(shape)), leaf.shape[:lead]
            columns.append(leaf.reshape(*before, -1, size))
        return np.concatenate(columns, axis=-1)

    def matrix(self, blocks) -> np.ndarray:
        """``(P, P)`` of a result in blocks per argument, as ``qml.metric_tensor`` has them.

        Of arguments that are arrays only; see :func:`layouts`.
        """
        if self.n_arguments == 1:
            blocks = [blocks]
        out = np.zeros((self.n_parameters, self.n_parameters))
        at = 0
        for block in blocks:
            size = round(np.sqrt(np.size(block)))
            out[at : at + size, at : at + size] = np.reshape(block, (size, size))
            at += size
        return out

    def same_argument(self) -> np.ndarray:
        """``(P, P)``, true where two parameters live in one argument."""
        owner = np.concatenate([np.full(int(np.prod(s)), a) for a, _, s in self.leaves])
        return owner[:, None] == owner[None, :]


def derivatives(function, theta, step: float = 1e-3) -> np.ndarray:
    """``(outputs..., parameters)`` by central differences of fourth order.

    Args:
        function: stack of thetas → stack of values, so that all points are executed at once.
        theta: where.
        step: errors are of the order of its fourth power, times a fifth derivative.
    """
    theta = np.asarray(theta, float)
    units = step * np.eye(theta.size)
    moves = [theta + m * unit for unit in units for m in (-2, -1, 1, 2)]
    values = np.asarray(function(moves))
    values = values.reshape(theta.size, 4, *values.shape[1:])
    weights = np.array([1, -8, 8, -1]) / (12 * step)
    return np.moveaxis(np.einsum("m,pm...->p...", weights, values), 0, -1)


def _insert(tree: dict, path: tuple, value) -> None:
    for key in path[:-1]:
        tree = tree.setdefault(key, {})
    tree[path[-1]] = value


def _listed(tree):
    """Dictionaries with keys 0, 1, … become lists."""
    if not isinstance(tree, dict):
        return tree
    if all(isinstance(key, int) for key in tree):
        return [_listed(tree[k]) for k in sorted(tree)]
    return {key: _listed(value) for key, value in tree.items()}


def angle(rule: tuple, theta, x):
    """The number a gate is turned by."""
    kind, *rest = rule
    if kind == "constant":
        return rest[0]
    if kind == "input":
        return rest[1] * _input(x, rest[0])
    if kind == "input+":
        return rest[1] * _input(x, rest[0]) + theta[rest[2]]
    if kind == "input*":
        return _input(x, rest[0]) * theta[rest[1]]
    if kind == "scaled":
        return rest[1] * theta[rest[0]]
    if kind == "sum":
        return theta[rest[0]] + theta[rest[1]]
    if kind == "product":
        return theta[rest[0]] * theta[rest[1]]
    if kind == "square":
        return theta[rest[0]] ** 2
    if kind == "sine":
        return qml.math.sin(theta[rest[0]])
    raise KeyError(kind)


def _input(x, j: int):
    return x if j < 0 else x[..., j]


def play_step(step: Step, labels, theta, x) -> None:
    """Queue one step as a user would write it."""
    play_gate(step, labels, [angle(rule, theta, x) for rule in step.angles])


def play_gate(step: Step, labels, angles) -> None:
    """Queue one step with these angles."""
    wires = [labels[w] for w in step.wires]
    if step.gate == "StronglyEntanglingLayers":
        weights = qml.math.reshape(qml.math.stack(angles), (1, len(wires), 3))
        qml.StronglyEntanglingLayers(weights, wires=wires)
    elif step.gate == "BasicEntanglerLayers":
        weights = qml.math.reshape(qml.math.stack(angles), (1, len(wires)))
        qml.BasicEntanglerLayers(weights, wires=wires, rotation=qml.RY)
    elif step.gate == "QubitUnitary":
        qml.QubitUnitary(unitary(step.word, len(wires)), wires=wires)
    elif step.gate == "PauliRot":
        wrapped(step, lambda w: qml.PauliRot(*angles, step.word, wires=w), wires)
    else:
        wrapped(step, lambda w: getattr(qml, step.gate)(*angles, wires=w), wires)


def spelled_out(step: Step, angles):
    """The gates of one layer of a template, by its documentation; other steps as they are."""
    if step.gate == "PauliRot" and not step.wrap:
        # PennyLane loses the batch of a word with an identity in it.
        pairs = [(c, w) for c, w in zip(step.word, step.wires, strict=True) if c != "I"]
        letters, wires = zip(*pairs, strict=True)
        return [(replace(step, word="".join(letters), wires=wires), angles)]
    if step.gate not in ("StronglyEntanglingLayers", "BasicEntanglerLayers"):
        return [(step, angles)]
    gate, count = ("Rot", 3) if step.gate.startswith("Strongly") else ("RY", 1)
    n = len(step.wires)
    gates = [
        (Step(gate, (wire,)), angles[count * k : count * (k + 1)])
        for k, wire in enumerate(step.wires)
    ]
    # The ring of two wires is one CNOT in BasicEntanglerLayers and two in the other template.
    pairs = {1: 0, 2: 2 if count == 3 else 1}.get(n, n)
    ring = [(step.wires[k], step.wires[(k + 1) % n]) for k in range(pairs)]
    return gates + [(Step("CNOT", pair), []) for pair in ring]


def wrapped(step: Step, gate, wires) -> None:
    """The gate, its adjoint, or the gate controlled by the first of its wires."""
    if step.wrap == "adjoint":
        qml.adjoint(gate)(wires)
    elif step.wrap.startswith("control"):
        qml.ctrl(gate, control=wires[:1], control_values=[int(step.wrap[-1])])(wires[1:])
    else:
        gate(wires)


def unitary(seed: str, n: int) -> np.ndarray:
    """A fixed unitary of ``n`` wires."""
    draw = np.random.default_rng(int(seed)).normal(size=(2, 2**n, 2**n))
    return np.linalg.qr(draw[0] + 1j * draw[1])[0]


def word_of(letters: str, labels):
    """A Pauli word; ``"II"`` is an identity."""
    factors = [
        getattr(qml, letter)(wires=[label])
        for letter, label in zip(letters, labels, strict=False)
        if letter != "I"
    ]
    if not factors:
        return qml.Identity(wires=[labels[0]])
    return factors[0] if len(factors) == 1 else qml.prod(*factors)


def observable(rule: tuple, labels):
    kind, *rest = rule
    if kind == "word":
        return word_of(rest[0], labels)
    if kind == "hamiltonian":
        return qml.Hamiltonian([c for c, _ in rest], [word_of(w, labels) for _, w in rest])
    if kind == "sum":
        return qml.sum(*(qml.s_prod(c, word_of(w, labels)) for c, w in rest))
    if kind == "hermitian":
        matrix = unitary(str(rest[0]), rest[1])
        return qml.Hermitian(matrix + matrix.conj().T, wires=list(labels[: rest[1]]))
    if kind == "projector":
        return qml.Projector(list(rest[0]), wires=list(labels[: len(rest[0])]))
    raise KeyError(kind)


def measure(rule: tuple, labels):
    """What the QNode returns."""
    kind, *rest = rule
    if kind == "several":
        return [measure(part, labels) for part in rest]
    if kind == "probs":
        return qml.probs(wires=[labels[w] for w in rest[0]])
    if kind == "expval":
        return qml.expval(observable(rest[0], labels))
    if kind == "var":
        return qml.var(observable(rest[0], labels))
    raise KeyError(kind)


def untied(program: Program, most: int) -> Program:
    """Every turning gate gets a parameter of its own; at most so many of them stay."""
    steps, count = [], 0
    for step in program.steps:
        if len(step.angles) == 1:
            if count == most:
                continue
            step = replace(step, angles=(("scaled", count, 1.0),))
            count += 1
        steps.append(step)
    return replace(program, steps=tuple(steps), n_parameters=count, leaves=((0, (), (count,)),))


# -- strategies ------------------------------------------------------------------------------------

numbers = st.integers(-3000, 3000).map(lambda n: n / 1000)
coefficients = st.sampled_from([1.0, -1.0, 0.5, 2.0, -0.75])


def thetas(program: Program):
    return st.lists(numbers, min_size=program.n_parameters, max_size=program.n_parameters)


def inputs(program: Program, batch: int | None = None):
    """A value of ``x``, with a broadcasting axis in front if ``batch`` is given."""
    if program.inputs is None:
        return st.none()
    shape = program.inputs if batch is None else (batch, *program.inputs)
    size = int(np.prod(shape))
    return st.lists(numbers, min_size=size, max_size=size).map(lambda v: np.reshape(v, shape))


@st.composite
def words(draw, n: int, identity: bool = False):
    letters = "".join(draw(st.lists(st.sampled_from("IXYZ"), min_size=n, max_size=n)))
    if not identity and set(letters) == {"I"}:
        at = draw(st.integers(0, n - 1))
        letters = letters[:at] + draw(st.sampled_from("XYZ")) + letters[at + 1 :]
    return letters


@st.composite
def observables(draw, n: int, only=("word", "hamiltonian", "sum", "hermitian", "projector")):
    kind = draw(st.sampled_from(only))
    if kind == "word":
        return kind, draw(words(n))
    if kind in ("hamiltonian", "sum"):
        terms = draw(st.lists(st.tuples(coefficients, words(n, True)), min_size=1, max_size=3))
        return kind, *terms
    size = draw(st.integers(1, min(n, 2)))
    if kind == "hermitian":
        return kind, draw(st.integers(0, 20)), size
    return kind, tuple(draw(st.lists(st.integers(0, 1), min_size=size, max_size=size)))


@st.composite
def measurements(draw, n: int, kinds=("expval", "expval", "probs", "several")):
    kind = draw(st.sampled_from(kinds))
    if kind == "several":
        part = measurements(n, ("expval", "probs"))
        return "several", *draw(st.lists(part, min_size=2, max_size=3))
    if kind == "probs":
        wires = draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=n, unique=True))
        return "probs", tuple(wires)
    return kind, draw(observables(n))


@st.composite
def layouts(draw, p: int, arrays_only: bool = False):
    """How ``p`` numbers are spread over arguments."""
    kinds = ["vector", "column"]
    if p <= 3:
        kinds.append("scalars")
    if p >= 2:
        kinds += ["pair"] if arrays_only else ["pair", "dict", "list", "nested"]
    kind = draw(st.sampled_from(kinds))
    if kind == "vector":
        return ((0, (), (p,)),)
    if kind == "column":
        return ((0, (), (p, 1)),)
    if kind == "scalars":
        return tuple((k, (), ()) for k in range(p))
    k = draw(st.integers(1, p - 1))
    if kind == "pair":
        return (0, (), (k,)), (1, (), (1, p - k))
    if kind == "dict":
        return (0, ("a",), (k,)), (0, ("b",), (p - k,))
    if kind == "list":
        return (0, (0,), (1, k)), (0, (1,), (p - k,))
    return (0, ("u", "v"), (k,)), (0, ("w", 0), (p - k,))


@st.composite
def angles(draw, p: int, kinds):
    kind = draw(st.sampled_from(kinds))
    slot = st.integers(0, p - 1)
    if kind in ("square", "sine"):
        return kind, draw(slot)
    if kind in ("sum", "product"):
        return kind, draw(slot), draw(slot)
    if kind == "constant":
        return kind, draw(numbers)
    return "scaled", draw(slot), draw(coefficients) if kind == "scaled" else 1.0


@st.composite
def encodings(draw, shape: tuple, p: int, slopes, products: bool):
    """An angle with an input in it."""
    j = draw(st.integers(0, shape[0] - 1)) if shape else -1
    kind = draw(st.sampled_from(["input", "input", "input+"] + ["input*"] * products))
    if kind == "input*":
        return kind, j, draw(st.integers(0, p - 1))
    slope = draw(st.sampled_from(slopes))
    return (
        ("input", j, slope)
        if kind == "input"
        else ("input+", j, slope, draw(st.integers(0, p - 1)))
    )


@st.composite
def turning(draw, n: int, rules, gates, wraps: bool = True):
    """A gate with angles."""
    names = [g for g in gates if g in ONE_ANGLE and ONE_ANGLE[g] <= n]
    names += [g for g in gates if g in MORE_ANGLES and MORE_ANGLES[g][0] <= n]
    names += [g for g in gates if g in ("PauliRot", "MultiRZ")]
    name = draw(st.sampled_from(names))
    order = draw(st.permutations(range(n)))
    count, size, word, wrap = 1, 1, "", ""
    if name in ONE_ANGLE:
        size = ONE_ANGLE[name]
    elif name in MORE_ANGLES:
        size, count = MORE_ANGLES[name]
    else:
        size = draw(st.integers(1, n))
        word = draw(words(size)) if name == "PauliRot" else ""
    if wraps:
        choices = ["", "", "", "adjoint"]
        if size < n and name in ("RX", "RY", "RZ", "PhaseShift", "IsingZZ", "Rot", "PauliRot"):
            choices += ["control0", "control1"]
        wrap = draw(st.sampled_from(choices))
        size += wrap.startswith("control")
    return Step(name, tuple(order[:size]), tuple(draw(rules) for _ in range(count)), word, wrap)


@st.composite
def fixed(draw, n: int, gates):
    names = [g for g in gates if FIXED.get(g, 1) <= n]
    name = draw(st.sampled_from(names))
    order = draw(st.permutations(range(n)))
    if name == "QubitUnitary":
        size = draw(st.integers(1, min(n, 2)))
        return Step(name, tuple(order[:size]), word=str(draw(st.integers(0, 20))))
    return Step(
        name, tuple(order[: FIXED.get(name, 1)]), wrap=draw(st.sampled_from(["", "adjoint"]))
    )


@st.composite
def layer(draw, n: int, rules):
    """A template of PennyLane."""
    name = draw(st.sampled_from(["StronglyEntanglingLayers", "BasicEntanglerLayers"]))
    per_wire = 3 if name.startswith("Strongly") else 1
    order = tuple(draw(st.permutations(range(n))))
    return Step(name, order, tuple(draw(rules) for _ in range(per_wire * n)))


GATES = (*ONE_ANGLE, *MORE_ANGLES, "PauliRot", "MultiRZ")
RULES = ("plain", "plain", "plain", "scaled", "sum", "product", "square", "sine", "constant")


@st.composite
def programs(
    draw,
    *,
    data: str = "maybe",
    slopes=(1, 1, 2, -1),
    products: bool = False,
    gates=GATES,
    rules=RULES,
    fixed_gates=(*FIXED, "QubitUnitary"),
    kinds=("expval", "expval", "probs", "several"),
    observable_kinds=None,
    max_wires: int = 3,
    max_steps: int = 7,
    max_parameters: int = 5,
    max_encodings: int = 3,
    arrays_only: bool = False,
    templates: bool = True,
    wraps: bool = True,
):
    """A program.

    Args:
        data: ``"maybe"``, ``"yes"`` or ``"no"``: whether there is an input.
        slopes: factors of inputs in angles.
        products: whether inputs are multiplied with parameters.
        gates, rules, fixed_gates, kinds: what to choose from.
        observable_kinds: restrict to one ``expval`` of these.
        max_wires, max_steps, max_parameters, max_encodings: sizes.
        arrays_only: no dictionaries and lists among the arguments.
        templates: whether templates of PennyLane occur.
        wraps: whether adjoints and controls occur.
    """
    n = draw(st.integers(1, max_wires))
    p = draw(st.integers(1, max_parameters))
    with_data = {"yes": True, "no": False}.get(data)
    with_data = draw(st.booleans()) if with_data is None else with_data
    shape = draw(st.sampled_from([(), (1,), (2,)])) if with_data else None
    rule = angles(p, rules)
    step = (
        [turning(n, rule, gates, wraps)] * 3
        + [fixed(n, fixed_gates)]
        + [layer(n, rule)] * templates
    )
    steps = draw(st.lists(st.one_of(step), min_size=1, max_size=max_steps))
    if shape is not None:
        encoding = turning(n, encodings(shape, p, slopes, products), _encoding(gates), wraps)
        for one in draw(st.lists(encoding, min_size=1, max_size=max_encodings)):
            steps.insert(draw(st.integers(0, len(steps))), one)
    # Every parameter occurs, so that "trainable" and "appears in the circuit" are the same.
    for k in set(range(p)) - _used(steps):
        rest = turning(n, st.just(("scaled", k, 1.0)), gates, wraps)
        steps.insert(draw(st.integers(0, len(steps))), draw(rest))
    if observable_kinds is None:
        measured = draw(measurements(n, kinds))
    else:
        measured = "expval", draw(observables(n, observable_kinds))
    return Program(
        labels=draw(st.sampled_from(LABELS))[:n],
        steps=tuple(steps),
        n_parameters=p,
        leaves=draw(layouts(p, arrays_only)),
        inputs=shape,
        place=draw(st.sampled_from(["first", "last", "keyword"])),
        measurement=measured,
        interface=draw(st.sampled_from(["numpy", "autograd"])),
        own_wires=draw(st.booleans()),
    )


def _encoding(gates) -> tuple:
    """Gates whose spectrum stays small."""
    return tuple(g for g in gates if g not in MORE_ANGLES)


def _used(steps) -> set[int]:
    found: set[int] = set()
    for step in steps:
        for kind, *rest in step.angles:
            if kind in ("square", "sine", "scaled"):
                found.add(rest[0])
            elif kind in ("sum", "product"):
                found.update(rest[:2])
            elif kind == "input+":
                found.add(rest[2])
            elif kind == "input*":
                found.add(rest[1])
    return found
