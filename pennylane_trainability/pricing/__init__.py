"""What answers will cost on a device, told before anything is run."""

from __future__ import annotations

from pennylane_trainability.pricing.asked import ask_cost as ask_cost
from pennylane_trainability.pricing.asked import cost as cost
from pennylane_trainability.pricing.asked import price as price
from pennylane_trainability.pricing.asked import priced as priced
from pennylane_trainability.pricing.of_tapes import Price as Price
from pennylane_trainability.pricing.of_tapes import price_of as price_of
from pennylane_trainability.pricing.of_tapes import price_of_parts as price_of_parts
from pennylane_trainability.pricing.recording import Part as Part
from pennylane_trainability.pricing.recording import recorded as recorded
