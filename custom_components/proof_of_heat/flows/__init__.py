"""The forms and steps of the config flow, by subject."""
