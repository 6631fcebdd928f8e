"""The reviewed templates of two racks."""
