"""One module per integration; each has a DEMO object that follows plugin.DomainDemo."""
