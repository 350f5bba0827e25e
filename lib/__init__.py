"""Python that more than one integration needs; scripts/build copies it into their _lib/ folders."""
