"""The few things that every package needs: errors, streams, clock, ids. No IO."""
