"""A rack on this machine: Docker, Caddy, SQLite. Start with rack.py."""
