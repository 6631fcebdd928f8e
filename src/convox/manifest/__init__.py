"""convox.yml to Manifest: interpolate, parse, default, validate. Pure."""
