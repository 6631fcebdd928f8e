"""The multi-tenant proxy in front of racks. Empty until it exists."""
