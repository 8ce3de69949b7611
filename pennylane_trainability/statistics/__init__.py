"""What numbers with noise do and do not say. Arrays only; nothing here knows about circuits.

=================  =======================================================================
``counts``         means, errors and resamples of expectation values, from counts
``noise_floor``    which singular values or eigenvalues of a measured matrix are not noise
``bootstrap``      intervals of statistics over parameter draws; quantiles
``moments``        unbiased variance, covariance of replicates, skewness, kurtosis
=================  =======================================================================
"""

from pennylane_trainability.statistics.bootstrap import (
    bootstrap_interval,
    bootstrap_intervals,
    quantile,
)
from pennylane_trainability.statistics.counts import (
    AGRESTI_COULL,
    covariances,
    means,
    resample_counts,
    resample_means,
    resample_signs,
    smoothed_probabilities,
    standard_errors,
    wilson_interval,
)
from pennylane_trainability.statistics.moments import (
    excess_kurtosis,
    k_statistics,
    replicate_covariance,
    skewness,
    variance,
    variance_and_error,
)
from pennylane_trainability.statistics.noise_floor import (
    NoiseFloor,
    eigenvalue_floor,
    gaussian_resamples,
    singular_value_floor,
)

__all__ = [
    "AGRESTI_COULL",
    "NoiseFloor",
    "bootstrap_interval",
    "bootstrap_intervals",
    "covariances",
    "eigenvalue_floor",
    "excess_kurtosis",
    "gaussian_resamples",
    "k_statistics",
    "means",
    "quantile",
    "replicate_covariance",
    "resample_counts",
    "resample_means",
    "resample_signs",
    "singular_value_floor",
    "skewness",
    "smoothed_probabilities",
    "standard_errors",
    "variance",
    "variance_and_error",
    "wilson_interval",
]
