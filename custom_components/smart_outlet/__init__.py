"""Smart outlets behind a Central Control Unit or straight over an HC-12 radio."""
