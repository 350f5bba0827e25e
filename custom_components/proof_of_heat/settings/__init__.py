"""Settings of the options, typed: one module for each subject that has several of its own."""
