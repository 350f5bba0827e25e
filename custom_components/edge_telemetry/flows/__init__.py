"""Forms of the options, and checks of what is entered in forms."""
