"""The configs of base images, from the local engine or from their registries."""

from d2t.bases.resolver import ResolveError, Resolver

__all__ = ["ResolveError", "Resolver"]
