"""Born policies: circuits whose outcomes are actions, and how trainable they are."""

from pennylane_trainability.policies.born_policy import BornPolicy as BornPolicy
from pennylane_trainability.policies.born_policy import born_policy as born_policy
from pennylane_trainability.policies.policy_gradient import PolicyGradient as PolicyGradient
from pennylane_trainability.policies.policy_scaling import PolicyScaling as PolicyScaling
from pennylane_trainability.policies.policy_scaling import PolicyVerdict as PolicyVerdict
from pennylane_trainability.policies.policy_scaling import policy_scaling as policy_scaling
from pennylane_trainability.policies.policy_variance import policy_variance as policy_variance
from pennylane_trainability.policies.policy_variance_record import (
    PolicyVariance as PolicyVariance,
)

__all__ = [
    "BornPolicy",
    "PolicyGradient",
    "PolicyScaling",
    "PolicyVariance",
    "PolicyVerdict",
    "born_policy",
    "policy_scaling",
    "policy_variance",
]
