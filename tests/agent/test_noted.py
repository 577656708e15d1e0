"""What the host reports, as people read it."""

import pytest

from agent.noted import host_word
from tools import host_events


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (host_events.Loaded("m", 1.28374, 400.31), "loaded in 1.3 s, 400 MB"),
        (host_events.Loaded("m", 0.004, 1234.5), "loaded in 0.0 s, 1.2 GB"),
        (host_events.Loaded("m", 250.4, 0.2), "loaded in 250 s, 0 MB"),
        (host_events.Evicted("m", "idle for 300 s"), "evicted idle for 300 s"),
        (host_events.Waiting("m", 812.7), "waiting for 813 MB"),
        (host_events.Failed("m", "no file"), "failed no file"),
        (host_events.Retried("m", "out of memory"), "retried after: out of memory"),
        (host_events.Retried("m", "oom", ("a", "b")), "retried after: oom, without a, b"),
        (host_events.Called("m", "1", 0.25), "called in 0.2 s"),
    ],
)
def test_numbers_are_rounded_and_in_words(event: host_events.HostEvent, words: str) -> None:
    told = host_word(event, 3)
    assert f"{told.what} {told.note}" == words
    assert (told.step, told.model, told.at) == (3, "m", event.at)
