"""What the outlet panel card shows and changes beyond the status API."""
