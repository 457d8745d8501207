"""5xx: names, resources, quotas and options."""

from __future__ import annotations
