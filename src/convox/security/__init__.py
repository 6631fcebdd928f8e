"""Pure analysers over templates and snapshots of accounts. Start with globs.py."""
