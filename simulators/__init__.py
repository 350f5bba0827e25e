"""The other side of every wire, as runnable programs."""
