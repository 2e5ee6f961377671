# SPDX-License-Identifier: BSD-3-Clause
"""Durable signed DNS UPDATEs per second at 1, 16, 100 and 500 outstanding,
over UDP and TCP, beside BIND, Knot and PowerDNS, in one run.

Each message deletes the A RRset of a name and adds another address, signed
with hmac-sha256, to a zone with that many names.  The servers run one after
the other, in turns; the figure is the median of the turns.

usage: bench_update.py [--smoke] [--names N] [--turns N] [--seconds S]
                       [--only NAME,NAME] [--outstanding N,N]
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "system"))

from ddnstest import Ddnsd, Dir, TsigKey, programs  # noqa: E402
from ddnstest.peers import Bind, Knot, PdnsOwn, zone_text  # noqa: E402
from ddnstest.proc import free_port  # noqa: E402

ZONE = "dyn.test"
LINE = re.compile(r"updates/s (\d+) p50_us (\d+) p99_us (\d+) "
                  r"noerror (\d+) other (\d+) resent (\d+)")


class Ours:
    name = "ddnsd"

    def __init__(self, directory, key, text):
        self.dir = directory
        self.port = free_port()
        self.ddnsd = Ddnsd(directory, options={
            "dns-listen": [f"127.0.0.1:{self.port}"]})
        ctl = self.ddnsd.ctl
        ctl("zone", "add", ZONE, "--ns", f"ns1.{ZONE}")
        ctl("zone", "import", ZONE, directory.write("ours.zone", text),
            timeout=600)
        ctl("account", "add", "bench")
        ctl("key", "add", key.name, "--account", "bench", "--alg",
            key.algorithm, "--secret-file", key.file, "--grant",
            f"subtree {ZONE} ANY")

    def start(self):
        self.ddnsd.start()
        return self

    def end(self):
        self.ddnsd.end()


def load(server, key, count, outstanding, names, tcp, seed):
    done = subprocess.run(
        [programs.build / "tests/bench/update_load",
         "-s", f"127.0.0.1:{server.port}", "-z", ZONE,
         "-k", f"{key.name}:{key.algorithm}:{key.secret}",
         "-n", str(count), "-c", str(outstanding), "-N", str(names),
         "-a", str(seed)] + (["-t"] if tcp else []),
        capture_output=True, text=True, timeout=600, check=False)
    found = LINE.search(done.stdout)
    if not found:
        raise RuntimeError(f"{server.name}: {done.stdout}{done.stderr}")
    rate, p50, p99, good, other, resent = map(int, found.groups())
    if other:
        print(f"# {server.name}: {other} of {good + other} not NOERROR",
              file=sys.stderr)
    return rate, p50, p99, resent


def make(name, directory, key, text):
    if name == "ddnsd":
        return Ours(directory, key, text)
    if name == "bind":
        return Bind(directory, ZONE, key, text)
    if name == "knot":
        return Knot(directory, ZONE, key, text)
    return PdnsOwn(directory, ZONE, key, text, name.removeprefix("pdns-"))


def measure(server, key, options, seed):
    """Gives {(transport, outstanding): (rate, p50, p99)}."""
    got = {}
    for tcp in (False, True):
        for outstanding in options.outstanding:
            # a short run tells how many fill the time
            probe = max(50, outstanding * 2)
            rate = load(server, key, probe, outstanding, options.names, tcp,
                        seed)[0]
            count = max(probe, int(rate * options.seconds))
            got["tcp" if tcp else "udp", outstanding] = load(
                server, key, count, outstanding, options.names, tcp,
                seed + 1)[:3]
            seed += 7919
    return got


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--names", type=int, default=10000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--only", default="ddnsd,bind,knot,pdns-gsqlite3,"
                        "pdns-lmdb")
    parser.add_argument("--outstanding", default="1,16,100,500")
    options = parser.parse_args()
    options.outstanding = [int(v) for v in options.outstanding.split(",")]
    if options.smoke:
        options.names, options.turns, options.seconds = 100, 1, 0.1
        options.outstanding = [1, 100]
    text = zone_text(ZONE, options.names)
    results = {}
    for turn in range(options.turns):
        for name in options.only.split(","):
            directory = Dir()
            try:
                key = TsigKey(directory, name="bench-key")
                server = make(name, directory, key, text).start()
                for case, got in measure(server, key, options,
                                         turn * 100003).items():
                    results.setdefault((name, case), []).append(got)
                server.end()
            finally:
                directory.end()
                directory.remove()
    report(options, results)


def report(options, results):
    print(f"zone of {options.names} names, {options.turns} turns, "
          f"{options.seconds} s each; updates/s (p50 / p99 ms)\n")
    names = options.only.split(",")
    print(f"{'':<10}" + "".join(f"{n:>26}" for n in names)
          + f"{'best peer':>12}")
    for transport in ("udp", "tcp"):
        for outstanding in options.outstanding:
            row, rates = "", {}
            for name in names:
                turns = results[name, (transport, outstanding)]
                rate, p50, p99 = (statistics.median(t[i] for t in turns)
                                  for i in range(3))
                rates[name] = rate
                row += f"{rate:>10.0f} ({p50 / 1000:.2f} / " \
                    f"{p99 / 1000:.2f})".rjust(16)
            peers = [r for n, r in rates.items() if n != "ddnsd"]
            ratio = f"{rates['ddnsd'] / max(peers):.1f} x" \
                if peers and "ddnsd" in rates else ""
            print(f"{transport} {outstanding:<6}{row}{ratio:>12}")


if __name__ == "__main__":
    main()
