"""The convox command. Start with main.py; commands.py is the table."""
