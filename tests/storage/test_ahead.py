"""Reading ahead: in order, only a few at a time, and no more once the caller stops."""

import threading

import pytest

from reprise.storage.ahead import read_ahead


def test_stopping_waits_for_nobody():
    """Else the garbage collector, which stops what a failed caller left, could wait for the thread that it runs in."""
    begun, go_on = threading.Event(), threading.Event()
    results = read_ahead(lambda: begun.set() or go_on.wait(600), [(), ()], workers=1, ahead=1)
    next(results)
    assert begun.wait(300)
    stopping = threading.Thread(target=results.close, daemon=True)
    stopping.start()
    stopping.join(300)
    assert not stopping.is_alive()
    go_on.set()


def test_results_come_in_order_and_few_are_read_ahead():
    begun = []
    results = read_ahead(lambda number: begun.append(number) or number, ((n,) for n in range(9)), workers=1, ahead=2)
    assert [next(results).result(), next(results).result()] == [0, 1]
    assert max(begun) <= 3
    assert [future.result() for future in results] == [2, 3, 4, 5, 6, 7, 8]


def test_nothing_new_is_read_once_the_caller_stops():
    reading, proceed, begun, threads = threading.Event(), threading.Event(), [], set()

    def read(number):
        begun.append(number)
        threads.add(threading.current_thread())
        reading.set()
        return proceed.wait(600)

    results = read_ahead(read, ((n,) for n in range(9)), workers=1, ahead=3)
    first = next(results)
    assert reading.wait(300)
    results.close()
    proceed.set()
    assert first.result()
    for thread in threads:
        thread.join()
    assert begun == [0]


def test_an_error_is_that_of_its_own_result():
    results = read_ahead(lambda number: 1 // number, ((n,) for n in (1, 0, 1)), workers=2, ahead=1)
    assert next(results).result() == 1
    with pytest.raises(ZeroDivisionError):
        next(results).result()
    assert next(results).result() == 1
