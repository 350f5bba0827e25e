"""The static checks of the suite, beyond ruff and mypy."""
