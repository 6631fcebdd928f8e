"""A private platform in your own AWS account or on your own machine."""

__version__ = "3.0.0.dev1"
