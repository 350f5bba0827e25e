"""The parts of one hub in Home Assistant: model, storage, commands, outlets, change notifications, radio."""
