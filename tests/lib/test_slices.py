"""Sliced work, on a clock that a test moves."""

from asyncio import Event, get_running_loop
from collections.abc import Callable

from hypothesis import given, settings, strategies as st
import pytest

from lib.slices import SLICE_LENGTH_S, SLICE_S, SlicedQueue, Slicer, in_slices, slice_length_s
from tests.lib.stepped_loop import SteppedLoop

ITEM_S = 2**-10
"""One item takes nearly a millisecond: the fifth ends a slice of 4 ms."""


@pytest.fixture
async def loop() -> SteppedLoop:
    return SteppedLoop()


class Worker:
    """Work that takes its time and notes what it did."""

    def __init__(self, loop: SteppedLoop) -> None:
        self.done: list[int] = []
        self._loop = loop

    def __call__(self, item: int) -> None:
        self._loop.now += ITEM_S
        if item < 0:
            raise ValueError("negative")
        self.done.append(item)


@pytest.fixture
def worker(loop: SteppedLoop) -> Worker:
    return Worker(loop)


def make_queue(loop: SteppedLoop, work: Callable[[int], None], **options: object) -> SlicedQueue[int]:
    return SlicedQueue(loop, work, **options)  # type: ignore[arg-type]  # a stepped loop, and options by name


def test_a_queue_handles_its_items_in_order_one_slice_per_iteration(loop: SteppedLoop, worker: Worker) -> None:
    queue = make_queue(loop, worker)
    for item in range(12):
        queue.add(item)
    assert worker.done == []
    loop.iterate()
    assert worker.done == [0, 1, 2, 3, 4]
    assert len(queue) == 7
    loop.iterate()
    loop.iterate()
    assert worker.done == list(range(12))
    assert queue.stats.slices == 3
    assert queue.stats.longest_slice_s == 5 * ITEM_S < 0.005
    assert not loop.soon
    queue.add(12)
    loop.iterate()
    assert worker.done[-1] == 12


def test_a_queue_leaves_iterations_to_others_between_slices(loop: SteppedLoop, worker: Worker) -> None:
    queue = make_queue(loop, worker, pause_turns=2)
    for item in range(6):
        queue.add(item)
    for done in (5, 5, 5, 6):
        loop.iterate()
        assert len(worker.done) == done


def test_the_first_slice_may_run_at_once(loop: SteppedLoop, worker: Worker) -> None:
    queue = make_queue(loop, worker)
    queue.run_now()
    queue.add(1)
    queue.run_now()
    assert worker.done == [1]
    loop.iterate()
    assert queue.stats.slices == 2


def test_a_unique_queue_handles_a_waiting_item_once(loop: SteppedLoop, worker: Worker) -> None:
    queue = make_queue(loop, worker, unique=True)
    for item in (1, 2, 1, 1):
        queue.add(item)
    loop.iterate()
    queue.add(1)
    loop.iterate()
    assert worker.done == [1, 2, 1]


@pytest.mark.parametrize("unique", [False, True])
def test_a_full_queue_drops_its_oldest_item(loop: SteppedLoop, worker: Worker, unique: bool) -> None:
    queue = make_queue(loop, worker, max_items=2, unique=unique)
    for item in (1, 2, 3, 1):
        queue.add(item)
    loop.iterate()
    assert worker.done == [3, 1]
    assert queue.dropped == 2


def test_an_error_does_not_stop_the_other_items(
    loop: SteppedLoop, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    queue = make_queue(loop, worker)
    for item in (1, -1, 2):
        queue.add(item)
    loop.iterate()
    assert worker.done == [1, 2]
    assert queue.failed == 1
    assert "ValueError: negative" in caplog.text


def test_a_cleared_queue_accepts_new_items(loop: SteppedLoop, worker: Worker) -> None:
    queue = make_queue(loop, worker, unique=True)
    queue.add(1)
    queue.clear()
    queue.add(1)
    loop.iterate()
    assert worker.done == [1]
    make_queue(loop, worker).clear()


def test_a_closed_queue_does_nothing_more(loop: SteppedLoop, worker: Worker) -> None:
    queue = make_queue(loop, worker)
    queue.add(1)
    queue.close()
    queue.close()
    queue.add(2)
    queue.add_from_thread(3)
    loop.iterate()
    assert worker.done == []


def test_an_item_added_while_another_is_handled_is_not_lost(loop: SteppedLoop) -> None:
    done: list[int] = []

    def work(item: int) -> None:
        done.append(item)
        if item < 3:
            queue.add(item + 1)

    queue = make_queue(loop, work)
    queue.add(1)
    loop.iterate()
    assert done == [1, 2, 3]
    assert not loop.soon


async def test_a_queue_accepts_items_from_another_thread() -> None:
    loop = get_running_loop()
    done: list[int] = []
    finished = Event()

    def work(item: int) -> None:
        done.append(item)
        if item == 999:
            finished.set()

    queue = SlicedQueue(loop, work)

    def produce() -> None:
        for item in range(1000):
            queue.add_from_thread(item)

    await loop.run_in_executor(None, produce)
    await finished.wait()
    assert done == list(range(1000))


@given(st.lists(st.integers(0, 3)), st.integers(1, 4), st.integers(0, 2))
@settings(max_examples=50)
async def test_no_item_is_lost_or_handled_twice(items: list[int], per_turn: int, pause_turns: int) -> None:
    loop = SteppedLoop()
    worker = Worker(loop)
    queue = make_queue(loop, worker, slice_s=2 * ITEM_S, pause_turns=pause_turns)
    for start in range(0, len(items), per_turn):
        for item in items[start : start + per_turn]:
            queue.add(item)
        loop.iterate()
    loop.advance(1)
    assert worker.done == items


def make_slicer(loop: SteppedLoop) -> Slicer:
    return Slicer(loop)  # type: ignore[arg-type]  # a stepped loop


def test_a_short_loop_is_finished_at_once(loop: SteppedLoop, worker: Worker) -> None:
    finished: list[bool] = []
    make_slicer(loop).for_each([1, 2], worker, lambda: finished.append(True))
    assert worker.done == [1, 2]
    assert finished == [True]
    make_slicer(loop).for_each([3], worker)
    assert worker.done == [1, 2, 3]


def test_a_long_loop_continues_in_the_next_iterations(loop: SteppedLoop, worker: Worker) -> None:
    finished: list[bool] = []
    make_slicer(loop).for_each(range(8), worker, lambda: finished.append(True))
    assert len(worker.done) == 5
    assert not finished
    loop.iterate()
    assert worker.done == list(range(8))
    assert finished == [True]


def test_loops_run_at_the_same_time_and_stop_together(loop: SteppedLoop, worker: Worker) -> None:
    slicer = make_slicer(loop)
    slicer.for_each(range(8), worker)
    slicer.for_each(range(10, 18), worker)
    assert worker.done == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]
    slicer.stop()
    loop.iterate()
    assert len(worker.done) == 10


def test_an_error_does_not_stop_a_loop(loop: SteppedLoop, worker: Worker, caplog: pytest.LogCaptureFixture) -> None:
    make_slicer(loop).for_each([1, -1, 2], worker)
    assert worker.done == [1, 2]
    assert "ValueError: negative" in caplog.text


async def test_an_asynchronous_loop_lets_others_run_after_each_slice(loop: SteppedLoop, worker: Worker) -> None:
    turns, turns_at = 0, []

    def count_turn() -> None:
        nonlocal turns
        turns += 1
        get_running_loop().call_soon(count_turn)

    count_turn()
    async for item in in_slices(range(12), clock=loop.time):
        worker(item)
        turns_at.append(turns)
    assert turns_at == [1] * 5 + [2] * 5 + [3] * 2


def test_the_slice_length_can_be_set_for_a_home_assistant() -> None:
    assert slice_length_s({}) == SLICE_S
    assert slice_length_s({SLICE_LENGTH_S: 60}) == 60
