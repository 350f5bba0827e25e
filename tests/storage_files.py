"""Home Assistant's own files, for tests that kill it: it writes them a second after the last change."""

import asyncio
from pathlib import Path


async def written(folder: Path, *texts: str) -> None:
    """Wait until its config entries hold each of the texts, and its users the token that lasts."""
    entries, users = (folder / ".storage" / name for name in ("core.config_entries", "auth"))
    async with asyncio.timeout(60):
        while not (_hold(entries, *texts) and _hold(users, "long_lived_access_token")):  # noqa: ASYNC110 - as files are
            await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)  # for what is written beside them


def _hold(file: Path, *texts: str) -> bool:
    content = file.read_text("utf-8") if file.exists() else ""
    return all(text in content for text in texts)
