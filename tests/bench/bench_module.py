# SPDX-License-Identifier: BSD-3-Clause
"""What the module costs Unbound: cache hits and misses per second with it and
without, and how long a drop takes.

Runs go in pairs, one with and one without the module right after each other
and in turning order, each with an Unbound that has just started; the figure
is the ratio within a pair, so what else the machine does hurts both.  Pairs
without the module on either side show how much is noise.  Beside queries a
second stands the ratio of queries per second of processor time that Unbound
used, which a busy machine disturbs less.  One thread: the load and the
authoritative server (Knot) need the other processors.

usage: bench_module.py [--smoke] [--pairs N] [--seconds S]
"""

import argparse
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "system"))

from ddnstest import Dir, TsigKey, Unbound, programs  # noqa: E402
from ddnstest import notify_message, render  # noqa: E402
from ddnstest.peers import Knot  # noqa: E402

INSIDE, OUTSIDE = "dyn.test", "else.test"
HITS = 1000  # names


def zone_text(zone):
    return (f"$ORIGIN {zone}.\n$TTL 3600\n"
            f"@ SOA ns root 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n"
            f"* A 192.0.2.1\n")


def servers(work):
    """One Knot for each zone."""
    key = TsigKey(work, "bench")
    for zone in (INSIDE, OUTSIDE):
        home = work.mkdir(zone)
        directory = SubDir(work, home)
        yield zone, Knot(directory, zone, key, zone_text(zone)).start()


class SubDir:
    """A part of the work directory."""

    def __init__(self, work, path):
        self.work, self.path = work, path

    def write(self, name, text, mode=0o600):
        return self.work.write((self.path / name), text, mode)

    def mkdir(self, name):
        return self.work.mkdir(self.path / name)

    def spawn(self, argv, log, **options):
        return self.work.spawn(argv, log=str(self.path / log), **options)


def make_unbound(work, stubs, module):
    zones = {INSIDE: 60}
    zones.update({f"z{i}.example": 0 for i in range(21)})
    unbound = Unbound(
        work, stubs, module=module, zones=zones, threads=1,
        name="with" if module else "without",
        server="\tmsg-cache-size: 256m\n\trrset-cache-size: 256m\n"
        "\toutgoing-range: 4096\n\tnum-queries-per-thread: 2048\n")
    unbound.program = programs.unbound  # the same one for both
    return unbound.start()


def cpu_seconds(pid):
    """Of all threads of a process, from the scheduler, in ns there."""
    return sum(int((task / "schedstat").read_text().split()[0])
               for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


def dnsperf(unbound, questions, seconds, outstanding=100):
    """Queries a second, queries per second of processor time."""
    before = cpu_seconds(unbound.process.pid)
    done = subprocess.run(
        ["dnsperf", "-s", "127.0.0.1", "-p", str(unbound.port),
         "-d", questions, "-l", str(seconds), "-c", "4",
         "-q", str(outstanding)],
        check=True, capture_output=True, text=True)
    used = cpu_seconds(unbound.process.pid) - before
    lost = re.search(r"Queries lost:\s+(\d+)", done.stdout)
    count = re.search(r"Queries completed:\s+(\d+)", done.stdout)
    rate = re.search(r"Queries per second:\s+([\d.]+)", done.stdout)
    assert "NOERROR" in done.stdout, done.stdout
    assert int(lost.group(1)) < 1000, done.stdout
    return float(rate.group(1)), int(count.group(1)) / used


def run_hits(unbound, files, seconds):
    dnsperf(unbound, files["hits"], 1, 50)  # warm
    return dnsperf(unbound, files["hits"], seconds)


def run_inside(unbound, files, seconds):
    return dnsperf(unbound, files["inside"], seconds)


def run_outside(unbound, files, seconds):
    return dnsperf(unbound, files["outside"], seconds)


def pair(work, stubs, files, run, seconds, with_first, module=True):
    rates = {}
    for side in (True, False) if with_first else (False, True):
        unbound = make_unbound(work, stubs, side and module)
        rates[side] = run(unbound, files, seconds)
        unbound.end()
    return rates[True], rates[False]


def ratio(pairs, which):
    ratios = sorted(a[which] / b[which] for a, b in pairs)
    return (f"{statistics.median(ratios):.3f} "
            f"({ratios[0]:.3f} to {ratios[-1]:.3f})")


def question_files(work, names):
    def write(name, lines):
        return work.write(name, "".join(f"{line} A\n" for line in lines))
    return {
        "hits": write("hits", (f"h{i}.{INSIDE}" for i in range(HITS))),
        "inside": write("inside", (f"m{i}.{INSIDE}" for i in range(names))),
        "outside": write("outside",
                         (f"m{i}.{OUTSIDE}" for i in range(names))),
    }


def drops(work, stubs, count):
    """Time from a signed request to its answer, one after the other."""
    unbound = make_unbound(work, stubs, True)
    wires = [render(notify_message(f"d{i}.{INSIDE}", "A", unbound.key))
             for i in range(count)]
    took = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.connect(("127.0.0.1", unbound.notify_port))
        for wire in wires:
            start = time.perf_counter()
            s.send(wire)
            reply = s.recv(4096)
            took.append((time.perf_counter() - start) * 1e6)
            assert reply[3] & 15 == 0
    unbound.end()
    took.sort()
    print(f"drop, signed request to signed answer, {count} one by one: "
          f"p50 {took[count // 2]:.0f} us, "
          f"p99 {took[count * 99 // 100]:.0f} us")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args()
    if options.smoke:
        options.pairs, options.seconds = 1, 1
    work = Dir()
    try:
        stubs = {zone: knot.port for zone, knot in servers(work)}
        files = question_files(work, 100000 * options.seconds)
        rows = (("hits", run_hits, True),
                ("hits, noise", run_hits, False),
                ("misses in a configured zone", run_inside, True),
                ("misses elsewhere", run_outside, True),
                ("misses, noise", run_outside, False))
        print(f"{'':28} {'with':>9} {'without':>9}   {'ratio (range)':24} "
              "per processor second")
        for title, run, module in rows:
            got = [pair(work, stubs, files, run, options.seconds, i % 2 == 0,
                        module) for i in range(options.pairs)]
            print(f"{title:28} "
                  f"{statistics.median(a[0] for a, _ in got):7.0f}/s "
                  f"{statistics.median(b[0] for _, b in got):7.0f}/s   "
                  f"{ratio(got, 0):24} {ratio(got, 1)}", flush=True)
        drops(work, stubs, 200 if options.smoke else 5000)
    finally:
        work.end()
        work.remove()


if __name__ == "__main__":
    main()
