"""Forms of the config flow: options and subentries."""
