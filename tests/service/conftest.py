"""Before the SDK is imported."""

from __future__ import annotations

import os

os.environ.setdefault("E2B_CONNECTION_RETRIES", "0")  # it waits seconds between them
