"""Pure analysers over templates and snapshots. Empty until there is something to prove."""
