"""The figures the scaling bench makes of its measurements."""

from dataclasses import replace

import pytest

from tests.bench.scaling import Measured, Span, report, tail

ONE = Measured(
    workers=1, clips=8, work_s=80.0, busy_s=80.0, cpu_s=80.0, tail_s=0.0, start_up_s=4.0, child_s=1.0, else_cores=0.1
)
TWO = replace(ONE, workers=2, work_s=40.0)


def test_the_tail_is_the_time_one_worker_has_nothing_left() -> None:
    spans = [Span(7, 0.0, 4.0), Span(9, 0.5, 5.0), Span(7, 4.0, 8.0), Span(9, 5.0, 11.5)]
    assert tail(spans) == 3.5
    assert tail(spans[::2]) == 0.0


def test_twice_as_fast_is_fully_efficient() -> None:
    assert report(ONE, TWO) == (1.0, 1.0)


def test_others_on_the_machine_slow_the_wall_only() -> None:
    """Stages take twice the wall, not more CPU, and both workers are in a stage all the time."""
    assert report(ONE, replace(TWO, work_s=80.0, busy_s=160.0)) == (0.5, 1.0)


def test_a_worker_that_waits_and_one_in_the_others_way_lower_both() -> None:
    waits = replace(TWO, work_s=50.0)
    assert report(ONE, waits) == pytest.approx((0.8, 0.8))
    in_the_way = replace(TWO, work_s=50.0, busy_s=100.0, cpu_s=100.0)
    assert report(ONE, in_the_way) == pytest.approx((0.8, 0.8))
