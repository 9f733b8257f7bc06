"""The hot core (placeholder while the house is being built)."""
