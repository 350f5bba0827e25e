"""The core as a linked 32-bit RISC-V program: a small runtime in place of a C library."""
