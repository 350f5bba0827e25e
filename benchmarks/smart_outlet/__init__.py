"""Load of 200 Central Control Units with two outlets each and 1,000 heating controllers."""
