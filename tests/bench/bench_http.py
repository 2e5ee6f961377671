# SPDX-License-Identifier: BSD-3-Clause
"""Durable dyndns2 updates per second over HTTP keep-alive at 1, 16 and 100
clients, each a real change, then the same without a change (nochg), and the
memory of ddnsd meanwhile.

usage: bench_http.py [--smoke] [--hosts N] [--turns N] [--seconds S]
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "system"))

from ddnstest import Ddnsd, Dir, programs  # noqa: E402

ZONE = "dyn.test"
LINE = re.compile(r"updates/s (\d+) p50_us (\d+) p99_us (\d+) "
                  r"good (\d+) nochg (\d+) other (\d+)")


def load(ddnsd, token, hosts, clients, seconds, *more):
    done = subprocess.run(
        [programs.build / "tests/bench/http_load", f"127.0.0.1:{ddnsd.http}",
         token, ZONE, str(hosts), str(clients), str(seconds), *more],
        capture_output=True, text=True, check=True)
    found = [int(v) for v in LINE.search(done.stdout).groups()]
    if found[5]:
        print(f"# {found[5]} answers were neither good nor nochg",
              file=sys.stderr)
    return found[:3]


def rss_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0


def turn(options, results):
    directory = Dir()
    try:
        ddnsd = Ddnsd(directory, options={
            "log-level": "info", "rate-burst": 1000000,
            "rate-per-minute": 1000000})
        token = subprocess.run(
            [programs.build / "tests/bench/fill_hosts", ddnsd.store,
             ddnsd.key_file, ZONE, str(options.hosts)],
            capture_output=True, text=True, check=True).stdout.strip()
        ddnsd.start()
        for clients in (1, 16, 100):
            results.setdefault(("good", clients), []).append(
                load(ddnsd, token, options.hosts, clients, options.seconds))
        results.setdefault(("nochg", 100), []).append(
            load(ddnsd, token, 10, 100, options.seconds, "same"))
        results.setdefault("rss", []).append(rss_mib(ddnsd.process.pid))
        ddnsd.end()
    finally:
        directory.end()
        directory.remove()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--hosts", type=int, default=100000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    if options.smoke:
        options.hosts, options.turns, options.seconds = 100, 1, 0.2
    results = {}
    for _ in range(options.turns):
        turn(options, results)
    print(f"{options.hosts} hosts, {options.turns} turns of "
          f"{options.seconds} s; median of the turns\n")
    print(f"{'clients':>8} {'answer':>7} {'updates/s':>10} {'p50 ms':>8} "
          f"{'p99 ms':>8}")
    for (answer, clients), turns in (
            i for i in results.items() if i[0] != "rss"):
        rate, p50, p99 = (statistics.median(t[i] for t in turns)
                          for i in range(3))
        print(f"{clients:>8} {answer:>7} {rate:>10.0f} {p50 / 1000:>8.2f} "
              f"{p99 / 1000:>8.2f}")
    print(f"\nlargest resident memory of ddnsd: {max(results['rss']):.1f} "
          f"MiB with {options.hosts} hosts")


if __name__ == "__main__":
    main()
