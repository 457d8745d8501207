"""Text to typed, located instructions. Knows Dockerfiles, nothing of sandboxes."""
