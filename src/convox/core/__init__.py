"""What every package needs and nothing with fewer than three users: errors, events, streams, clock. No IO."""
