"""What d2t can say: one module per family of rules, one function per rule, all registered here.

1xx `reading`: the file cannot be read. 2xx `support`: the provider refuses it. 3xx `behaviour`: it would behave
differently. 4xx `readiness`: when the sandbox counts as ready. 5xx `limits`: names, resources, quotas, options.
"""

from d2t.rules import behaviour, limits, readiness, reading, support
from d2t.rules.registry import RULES, Rule

__all__ = ["RULES", "Rule", "behaviour", "limits", "readiness", "reading", "support"]
