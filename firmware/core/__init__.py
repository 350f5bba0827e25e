"""Portable C++17 core of the controllers: no framework, no heap, no exceptions."""
