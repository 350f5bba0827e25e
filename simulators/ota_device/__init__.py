"""An ESP (or Linux) device that keeps its firmware current, in the four protocols that ota speaks."""
