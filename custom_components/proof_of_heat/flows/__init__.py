"""Forms and steps of the config flow, one module per form group."""
