"""One number with its error: what it is, how sure we are, and what kind of statement it makes."""

from __future__ import annotations

import math
from enum import Enum
from statistics import NormalDist

from pennylane_trainability.results.base import Result, record

__all__ = ["Claim", "Estimate", "format_error"]


class Claim(Enum):
    """What kind of statement is made; the value is the sentence that is shown."""

    THEOREM = "holds for every value of the parameters, by proof"
    GENERIC = "holds for almost every value of the parameters, exceptions have measure zero"
    OBSERVED = "seen on these samples"


@record
class Estimate(Result):
    """A number with its standard error and its interval.

    Attributes:
        value: the number.
        stderr: its standard error; 0 if exact, NaN if unknown.
        low: lower end of the interval; ``-inf`` or NaN if there is none.
        high: upper end of the interval; ``inf`` or NaN if there is none.
        level: how often such intervals cover the truth.
        exact: whether the number carries no statistical error.
        law: what was drawn to obtain it, in words (``"uniform over each period"``, ``"shots"``).
        claim: what kind of statement the number makes.

    >>> print(Estimate.normal(0.125, 0.0031))
    0.1250 ± 0.0031
    >>> print(Estimate.known(3))
    3 (exact)
    """

    value: float
    stderr: float = math.nan
    low: float = math.nan
    high: float = math.nan
    level: float = 0.95
    exact: bool = False
    law: str = ""
    claim: Claim = Claim.OBSERVED

    @classmethod
    def known(cls, value: float, law: str = "", claim: Claim = Claim.THEOREM) -> Estimate:
        """A number without statistical error."""
        return cls(value=value, stderr=0.0, low=value, high=value, exact=True, law=law, claim=claim)

    @classmethod
    def normal(
        cls,
        value: float,
        stderr: float,
        level: float = 0.95,
        law: str = "",
        claim: Claim = Claim.OBSERVED,
    ) -> Estimate:
        """A number whose error is normal: the interval is ``value ± z·stderr``."""
        half = NormalDist().inv_cdf((1 + level) / 2) * stderr
        return cls(
            value=value,
            stderr=stderr,
            low=value - half,
            high=value + half,
            level=level,
            law=law,
            claim=claim,
        )

    def interval(self) -> str:
        """The interval in words: ``[0.119, 0.131] at 95 %``, ``≥ 3 at 95 %``, or nothing."""
        lower, upper = math.isfinite(self.low), math.isfinite(self.high)
        at = f" at {100 * self.level:.4g} %"
        if lower and upper:
            return f"[{self.low:.4g}, {self.high:.4g}]{at}"
        if lower or upper:
            return (f"≥ {self.low:.4g}" if lower else f"≤ {self.high:.4g}") + at
        return ""

    def summary(self) -> str:
        """One line; the error decides how many digits are shown."""
        if self.exact:
            return f"{self.value:.6g} (exact)"
        if math.isfinite(self.stderr):
            return format_error(self.value, self.stderr)
        interval = self.interval()
        if interval.startswith("["):
            return f"{self.value:.4g} {interval}"
        return interval or format_error(self.value, self.stderr)

    def _repr_markdown_(self) -> str:
        return self.summary()


def format_error(value: float, stderr: float) -> str:
    """``value ± error`` with as many digits as the error deserves.

    The rule of the Particle Data Group: with the first three digits of the error below 355, two
    digits are kept; from 355 to 949 one; above, the error is rounded up to 1000 and two are kept.

    >>> format_error(0.125, 0.0031), format_error(1e-9, 1e-10), format_error(1.0, float("nan"))
    ('0.1250 ± 0.0031', '(1.00 ± 0.10)e-9', '1 ± ?')
    """
    if not (math.isfinite(stderr) and math.isfinite(value)):
        return f"{value:.4g} ± ?"
    if stderr <= 0:
        return f"{value:.6g} ± 0"
    leading, exponent = (float(part) for part in f"{stderr:.2e}".split("e"))
    if leading >= 9.5:
        leading, exponent = 1.0, exponent + 1
        stderr = 10.0**exponent
    last = int(exponent) - (leading < 3.55)  # decimal exponent of the last digit kept
    size = math.floor(math.log10(max(abs(value), stderr)))
    if -4 <= size < 6:
        shift, wrap = 0, "{} ± {}"
    else:
        shift, wrap = size, f"({{}} ± {{}})e{size}"
    places = max(0, shift - last)
    step = 10.0 ** max(0, last - shift)  # an error of 3000 keeps no digit below the thousands
    kept = (round(x / 10.0**shift / step, places) * step + 0.0 for x in (value, stderr))
    return wrap.format(*(f"{x:.{places}f}" for x in kept))
