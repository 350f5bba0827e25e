"""Heat sources: types, polling, call budgets, and sources that are part of Home Assistant."""
