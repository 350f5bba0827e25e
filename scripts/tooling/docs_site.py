"""MkDocs hook: links to files outside of docs/ become links to the repository.

The documents are read on GitHub, too, where relative links to other folders work.
"""

from pathlib import Path
import posixpath
import re
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_LINK = re.compile(r"(\]\()(?![a-z]+:|#|/)([^)\s#]+)([^)\s]*\))")
_NOT_ON_THE_SITE = ("docs/vectors/", "docs/grafana/")


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Return the text of a page with absolute links to what is not on the site."""
    return with_absolute_links(markdown, page.file.src_uri, config["repo_url"])


def with_absolute_links(markdown: str, page: str, repository: str) -> str:
    """Replace links that leave the site.

    Args:
        markdown: Text of the page.
        page: Its path below docs/, for example `guides/support.md`.
        repository: Address of the repository.
    """

    def replace(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), match[2]))
        if target.startswith("docs/") and not target.startswith(_NOT_ON_THE_SITE):
            return match[0]
        return f"{match[1]}{repository}/blob/main/{target}{match[3]}"

    return _LINK.sub(replace, markdown)
