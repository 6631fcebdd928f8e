"""The rack's HTTP server: the contract served by aiohttp over any implementation of `Rack`.

Read app.py and dispatch.py first; then bodies.py, sockets.py and followers.py for what streams.
"""
