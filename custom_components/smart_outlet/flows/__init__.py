"""Steps and forms of the config, options and subentry flows."""
