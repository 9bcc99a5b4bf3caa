"""The limit interrupts any wait, and lets go once it is disarmed."""

import time

import pytest

from simulator.errors import CannotTell
from simulator.host.deadline import deadline, disarm


def test_a_wait_is_interrupted_with_the_words_given() -> None:
    with pytest.raises(CannotTell, match="took too long"):
        wait_within(0.01)


def wait_within(seconds: float) -> None:
    with deadline(seconds, "took too long", "set a longer one"):
        time.sleep(5)


def test_a_disarmed_limit_does_not_cut_the_cleaning_up_short() -> None:
    with deadline(0.01, "took too long", ""):
        disarm()
        time.sleep(0.05)


def test_nothing_is_left_to_go_off_afterwards() -> None:
    with deadline(0.05, "took too long", ""):
        pass
    time.sleep(0.1)
