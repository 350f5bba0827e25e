"""Boilers and heat pumps on the eBUS, through the daemon ebusd."""
