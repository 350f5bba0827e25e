"""One module per heat-source type, each with its `SOURCE_TYPE`; the registry loads all of them."""
