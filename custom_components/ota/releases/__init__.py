"""Where releases come from: uploads and release sources, and the image files on disk."""
