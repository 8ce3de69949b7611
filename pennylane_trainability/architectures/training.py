"""Training runs for a comparison: the settings, checked before anything runs, and the runs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from pennylane_trainability.architectures.row import Prepared
from pennylane_trainability.architectures.shape_fit import ShapeFit
from pennylane_trainability.architectures.target_view import Target
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.fitting.blocks import check_problem
from pennylane_trainability.fitting.many import fit_many
from pennylane_trainability.fitting.method import Method, check_starts
from pennylane_trainability.fitting.problem import BLOCK, Problem, state_problem
from pennylane_trainability.results import kept_seed

__all__ = ["Training", "training_of"]

_READOUTS = ("affine", "none")


@dataclass(frozen=True, slots=True)
class Training:
    """How every shape is trained; see :func:`fit` for the settings."""

    restarts: int = 20
    readout: str = "affine"
    method: str = "levenberg-marquardt"
    max_steps: int | None = None
    learning_rate: float = 0.01
    tolerance: float = 1e-9
    patience: int | None = None
    threshold: float = 0.95
    block: int = BLOCK
    workers: Executor | None = field(default=None, compare=False)

    def problems(
        self, models: Sequence[Prepared], target: Target, memory: int
    ) -> dict[str, Problem]:
        """One problem per model, equal names once.

        Args:
            models: the models, read.
            target: what is to be learnt.
            memory: bytes a block of starts may take.

        Raises:
            ReadingError: a circuit cannot be sent to workers; the message names the model.
        """
        found: dict[str, Problem] = {}
        for model in models:
            found[model.name] = state_problem(
                model.reading,
                *(target.points, target.values, None),
                *(self.readout == "affine", memory, self.block),
            )
            if self.workers is not None:
                try:
                    check_problem(self.workers, found[model.name])
                except ReadingError as error:
                    raise ReadingError(f"{model.name}: {error}") from error
        return found

    def run(
        self,
        problems: Mapping[str, Problem],
        seed: int,
        level: float,
        told: Callable[[], None],
    ) -> dict[str, ShapeFit]:
        """Train every model from starts drawn uniformly over each parameter's period.

        Args:
            problems: one per model.
            seed: of the comparison; starts have a child of it of their own.
            level: of intervals.
            told: called after each model.
        """
        options = {
            item.name: getattr(self, item.name)
            for item in fields(self)
            if item.name not in ("readout", "block")
        }
        # the draws of the comparison are children with other keys
        own = kept_seed(np.random.SeedSequence(seed, spawn_key=(2, 0)))
        keyed: dict[Hashable, Problem | Callable[[], Problem]] = {
            name: problem for name, problem in problems.items()
        }
        found = {}
        for key, starts in fit_many(keyed, seed=own, **options):
            name = str(key)
            found[name] = ShapeFit(name=name, readout=self.readout, starts=starts, level=level)
            told()
        return found


def training_of(train: Any, workers: Executor | None, target: Any) -> Training | None:
    """The settings of the training runs; ``None`` if there are to be none.

    Args:
        train: ``True`` or ``False``, or options of :func:`fit`.
        workers: who trains; ``None`` for this process.
        target: what is to be learnt.

    Raises:
        ValueError: a setting makes no search, or there is no target.
    """
    if train is False or train is None:
        return None
    if train is not True and not isinstance(train, Mapping):
        raise ValueError(
            f"train needs True, False, or options of fit() such as {{'restarts': 20}}; got "
            f"{train!r}."
        )
    if target is None:
        raise ValueError("train needs a target to train on; pass target=… as well.")
    options = {} if train is True else dict(train)
    known = [item.name for item in fields(Training) if item.name != "workers"]
    unknown = sorted(str(name) for name in set(options) - set(known))
    if unknown:
        raise ValueError(f"train takes the options {', '.join(known)}; got {', '.join(unknown)}.")
    found = Training(**options, workers=workers)
    if found.readout not in _READOUTS:
        raise ValueError(f"train needs readout='affine' or 'none'; got {found.readout!r}.")
    check_starts(found.restarts, found.threshold)
    Method.of(found.method, found.max_steps, found.tolerance, found.patience, found.learning_rate)
    return found
