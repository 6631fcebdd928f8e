"""Measures the figures that the project promises, each as a ratio or a count taken in one run."""
