"""What the scripts share: standard library only, so that it runs before anything is installed."""
