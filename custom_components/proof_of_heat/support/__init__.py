"""The support bundle: diagnostics of the suite in one file, without secrets."""
