# SPDX-License-Identifier: BSD-3-Clause
"""What the module costs Unbound: cache hits and misses per second with it and
without, and how long a drop takes.

Runs go in pairs, one with and one without the module right after each other
and in turning order, each with an Unbound that has just started; the figure
is the ratio within a pair, so what else the machine does hurts both.  A third
pair without the module on either side shows how much is noise.  One thread:
the load and the authoritative server (Knot) need the other processors.

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


def dnsperf(port, questions, seconds, outstanding):
    done = subprocess.run(
        ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", questions,
         "-l", str(seconds), "-c", "4", "-q", str(outstanding)],
        check=True, capture_output=True, text=True)
    lost = re.search(r"Queries lost:\s+(\d+)", done.stdout)
    rate = re.search(r"Queries per second:\s+([\d.]+)", done.stdout)
    assert "NOERROR" in done.stdout, done.stdout
    assert int(lost.group(1)) < 1000, done.stdout
    return float(rate.group(1))


def run_hits(unbound, files, seconds):
    dnsperf(unbound.port, files["hits"], 1, 50)  # warm
    return dnsperf(unbound.port, files["hits"], seconds, 100)


def run_inside(unbound, files, seconds):
    return dnsperf(unbound.port, files["inside"], seconds, 100)


def run_outside(unbound, files, seconds):
    return dnsperf(unbound.port, files["outside"], seconds, 100)


def pair(work, stubs, files, run, seconds, with_first, module=True):
    rates = {}
    for side in (True, False) if with_first else (False, True):
        unbound = make_unbound(work, stubs, side and module)
        rates[side] = run(unbound, files, seconds)
        unbound.end()
    return rates[True], rates[False]


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
        print(f"{'':30} {'with':>9} {'without':>9}   ratio (range)")
        for title, run, module in rows:
            got = [pair(work, stubs, files, run, options.seconds, i % 2 == 0,
                        module) for i in range(options.pairs)]
            ratios = sorted(a / b for a, b in got)
            print(f"{title:30} "
                  f"{statistics.median(a for a, _ in got):7.0f}/s "
                  f"{statistics.median(b for _, b in got):7.0f}/s   "
                  f"{statistics.median(ratios):.3f} "
                  f"({ratios[0]:.3f} to {ratios[-1]:.3f})", flush=True)
        drops(work, stubs, 200 if options.smoke else 5000)
    finally:
        work.end()
        work.remove()


if __name__ == "__main__":
    main()
