"""One module per noun, each holding the handlers of its commands."""
