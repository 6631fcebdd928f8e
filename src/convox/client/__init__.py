"""A rack over HTTP: the transport, the sockets, and the typed client."""
