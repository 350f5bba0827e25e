"""Check texts, docs, docstrings, comments and names for words that a reader from outside would not understand.

The phrases and their replacements are in banned_phrases.toml.
"""

import ast
from collections.abc import Iterator, Sequence
from functools import cache
import io
import json
from pathlib import Path
import re
import subprocess
import tokenize
import tomllib
from typing import Any

from .integration import ROOT, Findings

# Tests of this check, and sentences that people speak to the home.
_EXCEPTIONS = ("tests/tooling/test_lint.py", "lib/heating_sentences.py")
# File -> findings that are not rewritten yet; a number may only fall.
_BACKLOG = Path(__file__).with_name("wording_backlog.json")
_TABLE = Path(__file__).with_name("banned_phrases.toml")
# Name parts that are private metaphors; the words of stored keys and wire fields are not names of ours.
_NAME_PARTS = re.compile(
    r"(^|_)(tell|tells|told|telling|says|said|stranger|strangers|beside|ahead|blame|foretell|mend|anew|reckon|wanted|wishes|gone|heard|nobody|somebody|whoever|whatever|foretells|stands|believed)(_|$)"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def check(paths: Sequence[str] = ()) -> Findings:
    """Return all findings in the files that git tracks or would track, below ``paths`` where some are given."""
    below = tuple(str(Path(path).resolve().relative_to(ROOT)) for path in paths)
    if below:
        yield from (finding for finding in _check_all() if finding.startswith(below))
        return
    known: dict[str, int] = json.loads(_BACKLOG.read_text("utf-8")) if _BACKLOG.is_file() else {}
    found: dict[str, list[str]] = {}
    for finding in _check_all():
        found.setdefault(finding.partition(":")[0], []).append(finding)
    for name, findings in found.items():
        if len(findings) > known.get(name, 0):
            yield from findings


def _check_all() -> Findings:
    for name in _listed("*.py"):
        if "_lib" not in Path(name).parts and name not in _EXCEPTIONS:
            yield from _python(name, (ROOT / name).read_text("utf-8"))
    for name in _listed("*.md", "blueprints/*.yaml", "*/services.yaml"):
        yield from _lines(name, (ROOT / name).read_text("utf-8"), screens=True)
    for name in _listed("*/translations/en.json"):
        for key, text in _leaves(json.loads((ROOT / name).read_text("utf-8"))):
            yield from _findings(f"{name}: {key}", text, screens=True)


def _listed(*patterns: str) -> list[str]:
    command = ["git", "ls-files", "-co", "--exclude-standard", *patterns]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in names if (ROOT / name).is_file()]


def _python(name: str, source: str) -> Findings:
    for line, text in _words_of(source):
        yield from _findings(f"{name}:{line}", text, screens=False)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and (
            part := _NAME_PARTS.search(_CAMEL.sub("_", node.name).lower())
        ):
            yield f'{name}:{node.lineno}: name {node.name}: "{part[2]}" is not a word of the field'


def _words_of(source: str) -> Iterator[tuple[int, str]]:
    """Yield comments, and string literals (docstrings among them), with their lines."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        is_prose = token.type in (tokenize.STRING, tokenize.FSTRING_MIDDLE) and " " in token.string.strip()
        if is_prose or token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _lines(name: str, text: str, *, screens: bool) -> Findings:
    """Markdown and YAML; code blocks and code spans are left out, a phrase may run over a line's end."""
    prose = re.sub(r"```.*?```", lambda block: "\n" * block[0].count("\n"), text, flags=re.DOTALL)
    prose = re.sub(r"`[^`\n]*`", "", prose)
    yield from _findings(name, prose, screens=screens, lines=True)


def _findings(where: str, text: str, *, screens: bool, lines: bool = False) -> Findings:
    for pattern, advice in _patterns(screens=screens):
        for found in pattern.finditer(text):
            line = f":{text.count('\n', 0, found.start()) + 1}" if lines else ""
            yield f'{where}{line}: "{" ".join(found[0].split())}" (better: {advice})'


@cache
def _patterns(*, screens: bool) -> tuple[tuple[re.Pattern[str], str], ...]:
    with _TABLE.open("rb") as file:
        table = tomllib.load(file)
    chosen = {**table["everywhere"], **(table["screens"] if screens else {})}
    return tuple(
        (re.compile(rf"(?<![\w./-])(?:{phrase.replace(' ', r'\s+')})(?![\w-])", re.IGNORECASE), advice)
        for phrase, advice in chosen.items()
    )


def _leaves(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _leaves(child, f"{where}.{key}" if where else key)
    else:
        yield where, str(value)
