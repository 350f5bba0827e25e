"""The parts that all hubs share: keys, authentication, the directory of loaded hubs, stored meters."""
