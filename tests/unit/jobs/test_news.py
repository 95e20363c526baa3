"""The bell that wakes those who poll."""

import threading
import time

from efface.jobs.news import News


def test_news_wakes_who_waits_long() -> None:
    news = News()
    waiter = threading.Thread(target=news.wait, args=(60,))
    waiter.start()
    news.ring()
    waiter.join(timeout=5)
    assert not waiter.is_alive()


def test_news_lets_look_often_for_a_while_after_a_ring() -> None:
    news = News()
    news.ring()
    start_s = time.monotonic()
    for _ in range(3):
        news.wait(60)
    assert time.monotonic() - start_s < 5


def test_news_returns_when_nothing_rings() -> None:
    News().wait(0.01)
