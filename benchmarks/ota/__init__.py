"""ota: polls, downloads and loop lag with 1,000 devices through real Home Assistant; plans and gates for 10,000."""
