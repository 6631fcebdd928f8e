"""The contract as an aiohttp server. Start with app.py."""
