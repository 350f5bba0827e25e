"""Changes of an engine's configuration while it runs."""

from .config import EngineConfig
from .engine import Engine


def configure(engine: Engine, config: EngineConfig) -> None:
    """Apply other limits, another curve, and other values of the same sources. What was learned stays."""
    engine.config = engine.source_selector.config = config
    sources = {source.source_id: source for source in config.sources}
    engine.source_selector.sources.update(sources)
    engine.configs.update(sources)
    engine.demand_control.config = config.curve
    engine.safety.limits = engine.validator.limits = config.safety
    engine.site_load.configure(config.site)
