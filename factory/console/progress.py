"""What a run tells while it works: bars on a terminal, in a log a line now and then. It moves with each clip."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

from factory.console.tables import duration
from factory.engine.in_flight import Done, Flight, Said
from factory.phases.run import Summary

LOG_EVERY_S = 10.0
LOOK_EVERY_S = 1.0  # how often workers are asked
BEAT_AFTER_S = 30.0  # an item that takes longer than this is named, and so is the want of workers


class Progress:
    """Called by the run with each result, and looking every second at what workers say meanwhile.

    Numbers never go back and never pass what is to do: where a worker is lost with half a shard, or does not answer,
    they stand until results have caught up.
    """

    def __init__(self, flight: Flight, bars: Bars | None, out: TextIO) -> None:
        self._flight, self._bars, self._out = flight, bars, out
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()
        self._now: Summary | None = None
        self._said = Said()
        self._handed = self._shown = Done()  # by results alone; and as it is shown
        self._begun_s = self._beat_s = self._logged_s = self._moved_s = 0.0
        self._working_s: float | None = None  # since when a worker is up
        self._logged: tuple[str, int] | None = None

    def __call__(self, summary: Summary) -> None:
        with self._lock:
            if self._now is None or self._now.phase != summary.phase:
                self._shown, self._said = Done(), Said()
                self._begun_s = self._beat_s = self._moved_s = time.monotonic()
                self._working_s = None
            self._now = summary
            self._handed = Done(summary.done, summary.done_weight, dict(summary.counts))
            self._show()

    def look(self) -> None:
        """Asks the workers, and shows what they say."""
        before = self._now
        said = self._flight.ask()
        with self._lock:
            if self._now is None or before is not self._now:
                return
            self._said = said or self._said
            self._show()
        self._beat()

    def state(self) -> dict[str, Any]:
        """For the lease, which asks every few seconds: how far the run is, and the oldest item in flight."""
        with self._lock:
            summary, shown, said = self._now, self._shown, self._said
        if summary is None:
            return {}
        figures = {"phase": summary.phase, "todo": summary.todo, "done": shown.units, **shown.counts}
        return {**figures, "workers": said.workers, "oldest": None if said.oldest is None else str(said.oldest)}

    def say(self, text: str) -> None:
        if self._bars is not None:
            self._bars.console.print(text, soft_wrap=True)
        else:
            print(f"{time.strftime('%H:%M:%S')} {text}", file=self._out, flush=True)

    def _show(self) -> None:
        summary, now_s = self._now, time.monotonic()
        if summary is None:
            return
        reached = self._handed.plus(self._flight.open(self._said))
        if self._working_s is None and (self._said.workers or reached.units):
            self._working_s = now_s
        if reached.units > self._shown.units:
            self._shown, self._moved_s = reached, now_s
            if reached.units > summary.todo:
                self._shown = Done(summary.todo, summary.todo_weight, reached.counts)
        if self._bars is not None:
            self._show_bar(self._bars, summary)
        else:
            self._log(summary, now_s)

    def _show_bar(self, bars: Bars, summary: Summary) -> None:
        if summary.phase not in self._tasks:
            self._tasks[summary.phase] = bars.add_task(summary.phase, total=None, figures="", time="")
        done, spent = self._shown.weight, duration(round(time.monotonic() - self._begun_s))
        total = None if self._working_s is None else summary.todo_weight  # None: it moves to and fro
        units, words, left = f"{self._shown.units}/{summary.todo}", self._words(summary), self._left(summary)
        if not summary.todo:  # a bar that stands at nothing would look like a failure
            done, total, units, spent = 1.0, 1.0, "", ""
        time_left = f"{left} left" if left else spent
        room = bars.console.width - len(f"{summary.phase:8}") - _bar_width(bars.console) - len("    ")
        for figures, clock in (
            (f"{units}  {words}".strip(), f"{spent}, {time_left}" if left else spent),
            (f"{units}  {words}".strip(), time_left),
            (units, time_left),
        ):
            if len(figures) + len(clock) <= room:
                break
        bars.update(self._tasks[summary.phase], completed=done, total=total, figures=figures, time=clock)

    def _log(self, summary: Summary, now_s: float) -> None:
        at = (summary.phase, self._shown.units)
        begun = self._logged is None or self._logged[0] != summary.phase
        due = now_s - self._logged_s >= LOG_EVERY_S or self._shown.units >= summary.todo
        if at == self._logged or not (begun or due):
            return
        self._logged, self._logged_s = at, now_s
        if not summary.todo:
            self.say(f"{summary.phase}: {self._words(summary)}")
            return
        before = f", {summary.committed_before} before" if summary.committed_before else ""
        left = f", about {left} left" if (left := self._left(summary)) else ""
        text = f"{summary.phase}: {self._shown.units} of {summary.todo} done{before}{left}  {self._words(summary)}"
        self.say(text.rstrip())

    def _words(self, summary: Summary) -> str:
        if not summary.todo:
            return "nothing left to do" if summary.inputs else "nothing to do: no clip came this far"
        if self._working_s is None:
            return "starting workers"
        return ", ".join(f"{n} {status}" for status, n in self._shown.counts.items() if n)

    def _left(self, summary: Summary) -> str:
        """How long the rest takes, by the weight of what is done: hours of video or of bytes, not numbers of clips."""
        done, moved_s = self._shown.weight, self._moved_s
        if self._working_s is None or done <= 0 or moved_s - self._working_s < LOOK_EVERY_S:
            return ""
        left_s = (moved_s - self._working_s) * (summary.todo_weight - done) / done - (time.monotonic() - moved_s)
        return duration(round(left_s)) if left_s >= 1 else ""

    def _beat(self) -> None:
        """Where nothing ends for a while, the oldest item is named; where no worker starts, what is known of that."""
        now_s, summary, oldest = time.monotonic(), self._now, self._said.oldest
        if summary is None or not summary.todo or now_s - self._beat_s < BEAT_AFTER_S:
            return
        if self._working_s is None:
            why = self._flight.why()
            waited = f"{summary.phase}: no worker has started for {now_s - self._begun_s:.0f} s"
            self.say(f"{waited}: {why}." if why else f"{waited}.")
        elif oldest is not None and oldest.seconds > BEAT_AFTER_S:
            self.say(f"{summary.phase}: {self._shown.units} of {summary.todo} done; oldest in flight: {oldest}")
        else:
            return
        self._beat_s = now_s


@contextmanager
def progress(flight: Flight) -> Iterator[Progress]:
    """Shows a run's progress on stderr until it ends."""
    with _own_stderr() as out:
        if not out.isatty():
            with _looking(Progress(flight, None, out)) as show:
                yield show
            return
        with bars_on(out) as bars, _looking(Progress(flight, bars, out)) as show:
            yield show


def bars_on(out: TextIO, width: int | None = None) -> Bars:
    """Bars on a terminal, as wide as it is where no width is given."""
    console = Console(file=out, width=width, markup=False, emoji=False, highlight=False)
    names = ("description", "fields[figures]", "fields[time]")
    words = [TextColumn(f"{{task.{name}}}", markup=False) for name in names]
    return Bars(words[0], BarColumn(bar_width=_bar_width(console)), *words[1:], console=console)


def _bar_width(console: Console) -> int:
    return 20 if console.width >= 100 else 8  # words matter more where it is narrow


@contextmanager
def _own_stderr() -> Iterator[TextIO]:
    """A descriptor of its own: while Ray starts, number 2 leads nowhere, to hide what its native code says."""
    try:
        number = os.dup(sys.stderr.fileno())
    except (OSError, ValueError):  # it is no file, as in tests
        yield sys.stderr
        return
    with open(number, "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace") as out:  # noqa: PTH123
        yield out


@contextmanager
def _looking(show: Progress) -> Iterator[Progress]:
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_EVERY_S):
            show.look()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield show
    finally:
        ended.set()
        thread.join()
