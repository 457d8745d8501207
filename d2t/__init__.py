"""d2t turns Dockerfiles into sandbox templates, and says what cannot be turned."""

from __future__ import annotations

__version__ = "0.1.0"
