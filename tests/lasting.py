"""What is started once for many tests ends with them, also where a second try has made pytest forget its fixtures.

pytest-rerunfailures drops the fixtures of sessions and modules, without ending them, when a test failed as it was
taken down.
"""

from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager

_OPEN: list[ExitStack] = []


@contextmanager
def lasting[T](manager: AbstractContextManager[T]) -> Generator[T]:
    """Enter a context that ends with this one, at the latest with the session."""
    with ExitStack() as stack:
        value = stack.enter_context(manager)
        _OPEN.append(stack)
        yield value


def end_all() -> None:
    """End what nobody has ended."""
    while _OPEN:
        _OPEN.pop().close()
