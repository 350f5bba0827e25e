"""200 Central Control Units with two outlets each beside 1,000 heating controllers, at their real pace."""
