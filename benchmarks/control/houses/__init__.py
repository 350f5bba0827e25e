"""Two more homes with built-in house simulators: radiators with a modulating boiler, and a small flat with a miner."""
