"""`docker build` and the local build service, compared."""
