"""What d2t can say: one module per family of rules, one function per rule, all registered here.

1xx `reading`: the file cannot be read. 2xx `support`: the provider refuses it. 3xx `behaviour`, `last_phase`, `starting`:
it would behave differently. 4xx `readiness`, `starting`: when the sandbox counts as ready, and what it starts.
5xx `limits`, `comments`: names, resources, quotas, and what `# d2t:` comments and options ask for.

`registry` says how a rule is declared, and how a check of the plan that finds it.
"""

from d2t.rules import behaviour, comments, last_phase, limits, readiness, reading, starting, support
from d2t.rules.registry import RULES, Rule

__all__ = [
    "RULES",
    "Rule",
    "behaviour",
    "comments",
    "last_phase",
    "limits",
    "readiness",
    "reading",
    "starting",
    "support",
]
