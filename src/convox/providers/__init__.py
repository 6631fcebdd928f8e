"""Implementations of the contract. Providers never import one another."""
