"""A Canaan Avalon."""
