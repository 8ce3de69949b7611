"""Born policies: circuits whose outcomes are actions, and how trainable they are."""

from pennylane_trainability.policies.born_policy import BornPolicy as BornPolicy
from pennylane_trainability.policies.born_policy import born_policy as born_policy
from pennylane_trainability.policies.policy_gradient import PolicyGradient as PolicyGradient

__all__ = ["BornPolicy", "PolicyGradient", "born_policy"]
