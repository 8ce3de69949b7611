"""Fourier series in several inputs: spectra, sample points, rows. Mathematics only."""

from pennylane_trainability.fourier.sampling import Sampling as Sampling
from pennylane_trainability.fourier.sampling import choose_sampling as choose_sampling
from pennylane_trainability.fourier.spectrum import Spectrum as Spectrum
from pennylane_trainability.fourier.spectrum import distinct as distinct
from pennylane_trainability.fourier.spectrum import minkowski_sum as minkowski_sum
from pennylane_trainability.fourier.spectrum import redundancy as redundancy
from pennylane_trainability.fourier.spectrum import rows_of as rows_of
from pennylane_trainability.fourier.spectrum import spectrum_of as spectrum_of

__all__ = [
    "Sampling",
    "Spectrum",
    "choose_sampling",
    "distinct",
    "minkowski_sum",
    "redundancy",
    "rows_of",
    "spectrum_of",
]
