"""Home Assistant's storage files, for tests that kill it: they are written a second after the last change."""

import asyncio
from pathlib import Path


async def written(folder: Path, *texts: str) -> None:
    """Wait until the config entries contain each of the texts, and the users the long-lived token."""
    entries, users = (folder / ".storage" / name for name in ("core.config_entries", "auth"))
    async with asyncio.timeout(120):
        while not (_hold(entries, *texts) and _hold(users, "long_lived_access_token")):  # noqa: ASYNC110 - as files are
            await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)  # for other files that are written at the same time


def _hold(file: Path, *texts: str) -> bool:
    content = file.read_text("utf-8") if file.exists() else ""
    return all(text in content for text in texts)
