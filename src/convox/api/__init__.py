"""The contract of a rack: routes, shapes, codec, socket frames. Start with rack.py."""
