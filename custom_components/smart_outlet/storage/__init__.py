"""Storage of small files that keeps working while the disk is full."""
