"""The actions: one table for each group, registered by `services.py`."""
