# SPDX-License-Identifier: BSD-3-Clause
"""Ask a server all the time, and judge every answer.

Addresses carry a version: address(v) and version(address), so that one look
at an answer tells how old it is.  Clocks are time.monotonic(), which all
processes of the machine share.
"""

import bisect
import multiprocessing
import random
import socket
import struct
import time

import dns.message

LOST = -2     # no reply within a second
GAP = -1      # NXDOMAIN, NODATA, SERVFAIL ...


def address(version):
    """198.18.0.0/15 is for tests of this kind (RFC 2544)."""
    return f"198.{18 + (version >> 16)}.{version >> 8 & 255}.{version & 255}"


def address6(version):
    return f"2001:db8::{version:x}"


def _version(reply, question_len):
    if reply[3] & 15 or reply[6:8] == b"\0\0":
        return GAP
    # one A record: owner pointer, type, class, TTL, length, four octets
    rr = reply[question_len:question_len + 16]
    if len(rr) != 16 or rr[2:4] != b"\0\1" or rr[12] != 198:
        return GAP
    return (rr[13] - 18) << 16 | rr[14] << 8 | rr[15]


def _flood(port, names, stop, pipe, seed, pause):
    dice = random.Random(seed)
    questions = [dns.message.make_query(n, "A").to_wire() for n in names]
    seen = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", port))
        s.settimeout(1)
        number = 0
        while not stop.is_set():
            which = dice.randrange(len(names))
            number = number + 1 & 0xffff
            wire = struct.pack(">H", number) + questions[which][2:]
            sent = time.monotonic()
            got = LOST
            try:
                s.send(wire)
                while got == LOST:
                    reply = s.recv(4096)
                    if reply[:2] == wire[:2]:
                        got = _version(reply, len(wire))
            except (TimeoutError, ConnectionRefusedError):
                pass
            seen.append((sent, time.monotonic(), which, got))
            if pause:
                time.sleep(pause)
    pipe.send(seen)
    pipe.close()


class Flood:
    """Processes that ask `port` for the A records of `names` until stop(),
    without a rest or with a pause (seconds) after each answer.

    answers: (sent, received, index of the name, version | GAP | LOST), by
    time sent.
    """

    def __init__(self, port, names, processes=1, pause=0):
        context = multiprocessing.get_context("fork")
        self.stop_event = context.Event()
        self.names = list(names)
        self.answers = []
        self.workers = []
        for seed in range(processes):
            ours, theirs = context.Pipe(duplex=False)
            worker = context.Process(
                target=_flood, daemon=True,
                args=(port, self.names, self.stop_event, theirs, seed,
                      pause))
            worker.start()
            theirs.close()
            self.workers.append((worker, ours))

    def stop(self):
        self.stop_event.set()
        for worker, pipe in self.workers:
            self.answers += pipe.recv()
            worker.join(10)
        self.workers = []
        self.answers.sort()
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.workers:
            self.stop()

    def gaps(self):
        return [a for a in self.answers if a[3] == GAP]

    def lost(self):
        return [a for a in self.answers if a[3] == LOST]

    def slowest_ms(self):
        return max((r - s) * 1000 for s, r, _, got in self.answers)

    def staleness_ms(self, replied):
        """How late each outdated answer was.

        replied   for each name a list of (time of the reply, version), in
                  order

        An answer is outdated by x ms when its question was sent x ms after
        the reply to an update that it does not show yet.
        """
        late = []
        for sent, _, which, got in self.answers:
            if got < 0:
                continue
            history = replied[which]
            # first update with a version that this answer does not have
            i = bisect.bisect_right([v for _, v in history], got)
            if i < len(history) and sent > history[i][0]:
                late.append((sent - history[i][0]) * 1000)
        return sorted(late)

    def first_new_ms(self, replied):
        """For each update, from its reply until its version was received.
        What was updated before the asking began does not count."""
        begin = self.answers[0][0]
        waits = []
        for which, history in enumerate(replied):
            mine = [(received, got) for _, received, w, got in self.answers
                    if w == which and got >= 0]
            i = 0
            for when, version in history:
                while i < len(mine) and mine[i][1] < version:
                    i += 1
                if i == len(mine):
                    break
                if when < begin:
                    continue
                waits.append(max(0.0, (mine[i][0] - when) * 1000))
        return sorted(waits)


def percentile(values, share):
    """Of a sorted list."""
    if not values:
        return 0.0
    return values[min(len(values) - 1, int(len(values) * share))]


def figures(values):
    """p50, p99 and the greatest, for people."""
    values = sorted(values)
    return (f"p50 {percentile(values, .5):.2f}  "
            f"p99 {percentile(values, .99):.2f}  "
            f"max {values[-1] if values else 0:.2f} ms")
