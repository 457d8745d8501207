"""Instructions to a `BuildPlan`: what `docker build` would do for the target stage."""
