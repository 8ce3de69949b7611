"""Learn a symmetric function with noisy gradients, at equal total shots per step.

The task is that of Chinzei et al. (arXiv:2406.18316, "learning a symmetric function"): a unitary on
four qubits that commutes with XXXX and ZZZZ, Haar random in each of its four sectors, labels
``⟨X₀X₁⟩`` of product states drawn from the Haar measure, 50 to train on and 50 to test. Three
circuits with 96 parameters each: the stabilizer-logical product ansatz (SLPA), one of two-body
rotations with the same symmetries (SC) and one without (NSC). Every step takes one input and a
total number of shots that is the same for all ways to measure the gradient.

``python docs/benchmarks/symmetric_function.py --workers 2`` goes on where it stopped
(``--records``);
``--full`` takes more seeds and steps, ``--quick`` seconds, ``--picture PNG`` draws the learning
curves.

The circuits are those of ``qml.gradients.measured_grad``. They are run by the small simulator in
``fast_states.py``, because a device that checks and decomposes every tape takes a hundred times as
long for five qubits; outcomes are sampled as a device would.
"""

# ruff: noqa: E402 (the variables below must be set before NumPy is loaded)
from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np
import pennylane as qml
from fast_states import sampled
from grid import Case, parser_of, run, table
from scipy import stats

import pennylane_trainability as pt

N = 4
OBSERVABLE = qml.X(0) @ qml.X(1)
STABILIZERS = ["XXXX", "ZZZZ"]
#: The twelve two-body words of Chinzei et al., in their order.
WORDS = ["XXII", "IIYY", "IZZI", "XIIX", "YYII", "IIZZ", "IXXI", "YIIY", "ZZII", "IIXX", "IYYI",
         "ZIIZ"]  # fmt: skip
#: Shots of one gradient, all circuits together: 1,000 for each shifted circuit as in the paper,
#: then twelve, then one.
SHOTS = (192_000, 2400, 192)
#: Seeds by shots: as many as in the paper where methods differ.
SEEDS = {192_000: 6, 2400: 6, 192: 20}
RATE = 0.02
SEED = 406
METHODS = {"SLPA": ("shift", "commuting", "dla"), "SC": ("shift", "dla"), "NSC": ("shift", "dla")}


def apply(circuit: str, weights) -> None:
    """One of the three circuits, 96 parameters."""
    if circuit == "SLPA":
        pt.StabilizerLogicalProduct(weights.reshape(24, 4), STABILIZERS, WORDS * 2, wires=range(N))
    elif circuit == "SC":
        for angle, word in zip(weights, WORDS * 8, strict=True):
            at = [w for w, letter in enumerate(word) if letter != "I"]
            qml.PauliRot(angle, word.replace("I", ""), wires=at)
    else:
        for layer in weights.reshape(8, 12):
            for w in range(N):
                qml.RX(layer[w], wires=w)
                qml.RY(layer[N + w], wires=w)
            for w in range(N):
                qml.IsingZZ(layer[2 * N + w], wires=[w, (w + 1) % N])


def target(rng) -> np.ndarray:
    """A unitary that commutes with ``XXXX`` and ``ZZZZ``, Haar random in every sector."""
    x, z = (qml.matrix(qml.pauli.string_to_pauli_word(w), wire_order=range(N)) for w in STABILIZERS)
    _, vectors = np.linalg.eigh(x + 2 * z)  # eigenvalues ±1 ± 2 tell the sectors apart
    blocks = np.zeros((16, 16), complex)
    for start in range(0, 16, 4):
        part = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
        q, r = np.linalg.qr(part)
        blocks[start : start + 4, start : start + 4] = q * (np.diag(r) / np.abs(np.diag(r)))
    return vectors @ blocks @ vectors.conj().T


def product_states(rng, count: int) -> np.ndarray:
    """Haar random product states, ``(count, 16)``."""
    states = np.ones((count, 1), complex)
    for _ in range(N):
        qubit = rng.normal(size=(count, 2)) + 1j * rng.normal(size=(count, 2))
        qubit /= np.linalg.norm(qubit, axis=1, keepdims=True)
        states = (states[:, :, None] * qubit[:, None, :]).reshape(count, -1)
    return states


def labels(unitary: np.ndarray, states: np.ndarray) -> np.ndarray:
    """``⟨X₀X₁⟩`` behind the unitary, ``(count,)``."""
    moved = states @ unitary.T
    matrix = qml.matrix(OBSERVABLE, wire_order=range(N))
    return np.real(np.einsum("si,ij,sj->s", moved.conj(), matrix, moved))


def work(case: Case) -> dict:
    """Train once; mean squared errors of training and test set on the way."""
    rng = np.random.default_rng([SEED, case["seed"]])
    unitary = target(rng)
    states = product_states(rng, 100)
    wanted = labels(unitary, states)
    weights = rng.uniform(0, 2 * np.pi, 96)
    circuits = len(gradient_tapes(case, states[0], weights, 100)[0])
    per = case["shots"] // circuits
    m, v = np.zeros(96), np.zeros(96)
    curves: dict = {"steps": [], "train": [], "test": [], "shots": per, "circuits": circuits}
    for step in range(case["steps"] + 1):
        if step % 25 == 0:
            exact = qml.matrix(lambda w: apply(case["circuit"], w), wire_order=range(N))(weights)
            error = (labels(exact, states) - wanted) ** 2
            curves["steps"].append(step)
            curves["train"].append(round(float(error[:50].mean()), 6))
            curves["test"].append(round(float(error[50:].mean()), 6))
        k = int(rng.integers(50))
        value = tape_of(case["circuit"], states[k], weights, 200)
        mean = float(OBSERVABLE.eigvals() @ sampled([rotated(value)], rng)[0])
        tapes, post = gradient_tapes(case, states[k], weights, per)
        gradient = 2 * (mean - wanted[k]) * np.array(post(sampled(tapes, rng)))
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        scaled = m / (1 - 0.9 ** (step + 1))
        weights = weights - RATE * scaled / (np.sqrt(v / (1 - 0.999 ** (step + 1))) + 1e-8)
    return curves


def tape_of(circuit: str, state: np.ndarray, weights: np.ndarray, shots: int):
    """The circuit behind an input state; all weights are trainable."""
    with qml.queuing.AnnotatedQueue() as queue:
        apply(circuit, weights)
    rotations = [
        part
        for op in qml.tape.QuantumScript.from_queue(queue).operations
        for part in ([op] if op.num_params and np.ndim(op.data[0]) == 0 else op.decomposition())
    ]
    operations = [qml.StatePrep(state, wires=range(N)), *rotations]
    trainable = range(1, 97)
    return qml.tape.QuantumScript(
        operations, [qml.expval(OBSERVABLE)], shots=shots, trainable_params=list(trainable)
    )


def rotated(tape):
    """The same circuit, its observable read as probabilities in its own basis."""
    gates = [*tape.operations, *OBSERVABLE.diagonalizing_gates()]
    return qml.tape.QuantumScript(gates, [qml.probs(wires=OBSERVABLE.wires)], shots=tape.shots)


def gradient_tapes(case: Case, state, weights, shots: int):
    """The circuits of one gradient, and the way back."""
    tape = tape_of(case["circuit"], state, weights, shots)
    return qml.gradients.measured_grad(tape, method=case["method"])


def cases_of(quick: bool, full: bool) -> list[Case]:
    """All circuits and methods, seed by seed."""
    steps = 2 if quick else 2000 if full else 600
    return [
        {"circuit": circuit, "method": method, "seed": seed, "steps": steps, "shots": shots}
        for shots in SHOTS
        for seed in range(1 if quick else 20 if full else SEEDS[shots])
        for circuit, methods in METHODS.items()
        if shots != SHOTS[-1] or circuit == "SLPA"
        for method in methods
    ]


def by_method(records: list[dict]) -> dict:
    """``(shots, circuit, method)`` → records of all seeds."""
    found: dict = {}
    for record in records:
        name = tuple(record["case"][key] for key in ("shots", "circuit", "method"))
        found.setdefault(name, []).append(record)
    return found


def print_table(records: list[dict]) -> None:
    """Errors at the end, as median and range over the seeds."""
    rows = []
    for (shots, circuit, method), own in by_method(records).items():
        cells = []
        for part in ("train", "test"):
            last = np.array([record[part][-1] for record in own])
            cells.append(f"{np.median(last):.4f} [{last.min():.4f}, {last.max():.4f}]")
        rows.append([circuit, f"{shots:,}", method, str(own[0]["shots"]), str(len(own)), *cells])
    steps = records[0]["case"]["steps"] if records else 0
    words = f"Mean squared error after {steps} steps: median [range] over seeds"
    header = ["circuit", "shots per step", "gradient", "per circuit", "seeds", "train", "test"]
    table(words, header, rows)


def print_ratios(records: list[dict]) -> None:
    """Test errors of parameter shift over those of another way, seed by seed.

    Means over the last eight records of a training; geometric mean over the seeds, with 95 %.
    """
    found = by_method(records)
    print("\ntest error with shift over that with another gradient, same seeds, last 200 steps:")
    for (shots, circuit, method), own in found.items():
        shift = {r["case"]["seed"]: r for r in found.get((shots, circuit, "shift"), [])}
        both = [(shift[r["case"]["seed"]], r) for r in own if r["case"]["seed"] in shift]
        if method == "shift" or len(both) < 2:
            continue
        logs = np.log([np.mean(a["test"][-8:]) / np.mean(b["test"][-8:]) for a, b in both])
        half = stats.t.ppf(0.975, len(logs) - 1) * np.std(logs, ddof=1) / np.sqrt(len(logs))
        low, middle, high = np.exp([logs.mean() - half, logs.mean(), logs.mean() + half])
        print(f"{circuit:5} {shots:5,} shots  {method:10} {middle:.2f} [{low:.2f}, {high:.2f}]"
              f"  {len(logs)} seeds")  # fmt: skip


def draw(records: list[dict], path) -> None:
    """Test error along the training, median over the seeds."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    panels = [(SHOTS[1], circuit) for circuit in METHODS]
    panels += [(SHOTS[0], "SLPA"), (SHOTS[-1], "SLPA")]
    figure, axes = plt.subplots(1, len(panels), figsize=(13, 3.2), sharey=True)
    styles = {"shift": ("#777777", ":"), "commuting": ("#0072B2", "--"), "dla": ("#D55E00", "-")}
    found = by_method(records)
    for ax, (shots, circuit) in zip(axes, panels, strict=True):
        for method in METHODS[circuit]:
            own = found.get((shots, circuit, method), [])
            if not own:
                continue
            colour, line = styles[method]
            curve = np.median([record["test"] for record in own], axis=0)
            ax.plot(own[0]["steps"], curve, line, color=colour, label=method)
        ax.set_title(f"{circuit}, {shots:,} shots a step", fontsize=10)
        ax.set_xlabel("steps")
        ax.set_yscale("log")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("test error (MSE)")
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="upper center", ncols=3, frameon=False, fontsize=9)
    figure.tight_layout(rect=(0, 0, 1, 0.92))
    figure.savefig(path, dpi=150)


def main() -> None:
    """Train, print, draw."""
    options = parser_of(__doc__, "symmetric_function").parse_args()
    cases = cases_of(options.quick, options.full)
    found = run(cases, work, options.records, options.workers, options.budget)
    print(f"seed {SEED}, {len(found)} of {len(cases)} trainings")
    print_table(list(found.values()))
    print_ratios(list(found.values()))
    if options.picture:
        draw(list(found.values()), options.picture)


if __name__ == "__main__":
    main()
