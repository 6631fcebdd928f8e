"""A rack in an AWS account. Empty until it exists."""
