#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Questions a second that PowerDNS answers through each backend.

All hold the same zone of HOSTS address records and are asked the same random
names by dnsperf, in short runs that take turns; the figure is the median of
ROUNDS.  Beside it what a question costs of processor, in PowerDNS and the
backend together: on a busy machine that is the figure to trust.  With PowerDNS's caches off each question reaches the backend; with
the caches at their defaults, and warm, hardly any does.

    pipe     pdns-backend-ddns started by PowerDNS (what we ship)
    unix     pdns-backend-ddns as a server on a unix socket
    stub     a pipe backend in C that answers constants: the protocol's limit
    gsqlite3, lmdb    PowerDNS's own, in its process

usage: bench_backend.py [--hosts N] [--rounds N] [--seconds S] [--smoke]
                        [--only NAME,...] [--build DIR]
"""

import argparse
import os
import pathlib
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOP / "tests" / "system"))
ZONE = "bench.test"
SCHEMA = pathlib.Path("/usr/share/pdns-backend-sqlite3/schema/"
                      "schema.sqlite3.sql")
SOA = (f"ns1.{ZONE} hostmaster.{ZONE} 1 3600 600 86400 60")


def host(i):
    return f"host{i:07d}.{ZONE}"


def address(i):
    i += 10 << 24
    return ".".join(str(i >> s & 255) for s in (24, 16, 8, 0))


def fill_gsqlite3(path, hosts):
    db = sqlite3.connect(path)
    db.executescript(SCHEMA.read_text())
    db.execute("INSERT INTO domains (id, name, type) VALUES (1, ?, 'MASTER')",
               (ZONE,))
    insert = ("INSERT INTO records (domain_id, name, type, content, ttl,"
              " disabled, auth) VALUES (1, ?, ?, ?, ?, 0, 1)")
    db.execute(insert, (ZONE, "SOA", SOA, 300))
    db.executemany(insert, ((host(i), "A", address(i), 60)
                            for i in range(hosts)))
    db.execute("PRAGMA journal_mode = WAL")
    db.commit()
    db.close()


def fill_lmdb(directory, path, hosts):
    """pdnsutil has no bulk interface but load-zone."""
    zone = directory.write("zone", f"@ 300 IN SOA {SOA}\n".replace(
        ZONE, ZONE + ".") + "".join(
            f"{host(i)}. 60 IN A {address(i)}\n" for i in range(hosts)))
    home = directory.mkdir("lmdb-fill")
    (home / "pdns.conf").write_text(f"launch=lmdb\nlmdb-filename={path}\n")
    subprocess.run(["pdnsutil", f"--config-dir={home}", "load-zone", ZONE,
                    str(zone)], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def family(pid):
    """A process and all below it."""
    found = [pid]
    home = f"/proc/{pid}/task"
    for thread in os.listdir(home):
        for child in open(f"{home}/{thread}/children").read().split():
            found += family(int(child))
    return found


def cpu_s(server):
    """Processor seconds so far of PowerDNS and what answers it."""
    ticks = 0
    pids = family(server.process.pid)
    if server.backend:
        pids += family(server.backend.process.pid)
    for pid in pids:
        fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Bench:
    def __init__(self, arguments, directory):
        from ddnstest import programs
        self.a = arguments
        self.dir = directory
        self.tools = programs.build / "tests" / "bench"
        self.store = directory / "ddnsd.db"
        self.conf = directory.write("ddnsd.conf", f'store = "{self.store}"\n')
        self.queries = directory / "queries"
        dice = random.Random(1)
        self.queries.write_text("".join(
            f"{host(dice.randrange(arguments.hosts))} A\n"
            for _ in range(min(4 * arguments.hosts, 400000))))

    def options(self, kind):
        """What of pdns.conf is this backend's own."""
        if kind in ("gsqlite3", "lmdb"):
            path = self.dir / f"{kind}.db"
            if not path.exists():
                if kind == "lmdb":
                    fill_lmdb(self.dir, path, self.a.hosts)
                else:
                    fill_gsqlite3(path, self.a.hosts)
            where = "filename" if kind == "lmdb" else "database"
            return {"launch": kind, f"{kind}-{where}": path,
                    "remote-connection-string": None, "remote-dnssec": None}
        if not self.store.exists():
            subprocess.run([str(self.tools / "fill_store"), str(self.store),
                            ZONE, "-n", str(self.a.hosts)], check=True)
        return {}

    def connector(self, kind):
        if kind == "stub":
            return (f"pipe:command={self.tools / 'stub_backend'} {ZONE},"
                    "timeout=0")
        return "unix" if kind == "unix" else "pipe"

    def start(self, kind, caches):
        from ddnstest import PdnsServer
        server = PdnsServer(self.dir, self.conf, self.connector(kind),
                            caches, name=f"{kind}-{caches}",
                            options={"receiver-threads": 1,
                                     "distributor-threads": self.a.threads})
        server.options.update(self.options(kind))
        server.options = {k: v for k, v in server.options.items()
                          if v is not None}
        if kind in ("gsqlite3", "lmdb"):
            server.backend = None
        return server.start()

    def run(self, server, seconds):
        """Questions a second, processor microseconds a question."""
        before = cpu_s(server)
        done = subprocess.run(
            ["dnsperf", "-s", "127.0.0.1", "-p", str(server.port),
             "-d", str(self.queries), "-l", str(seconds), "-c", "8",
             "-q", "64"], check=True, capture_output=True, text=True)
        rate = float(re.search(r"Queries per second: *([\d.]+)",
                               done.stdout)[1])
        good = re.search(r"NOERROR (\d+) \(([\d.]+)%\)", done.stdout)
        if good is None or float(good[2]) < 100:
            sys.exit(f"{server.name}: wrong answers\n{done.stdout}")
        asked = int(re.search(r"Queries completed: *(\d+)", done.stdout)[1])
        return rate, (cpu_s(server) - before) * 1e6 / asked

    def calls(self):
        """What one call costs in the backend alone."""
        self.options("pipe")
        subprocess.run([str(self.tools / "backend_calls"), str(self.store),
                        ZONE, str(self.a.hosts),
                        "2000" if self.a.smoke else "200000"], check=True)

    def compare(self, caches, kinds):
        servers = {kind: self.start(kind, caches) for kind in kinds}
        rates = {kind: [] for kind in kinds}
        for kind, server in servers.items():
            self.run(server, 3 if caches == "default" and not self.a.smoke
                     else 1)  # warm
        for _ in range(self.a.rounds):
            for kind, server in servers.items():
                rates[kind].append(self.run(server, self.a.seconds))
        for server in servers.values():
            server.end()
        return {kind: tuple(map(statistics.median, zip(*r)))
                for kind, r in rates.items()}


def report(caches, rates):
    base = rates.get("stub", (0, 0))
    print(f"caches {caches}\n    {'':10}{'questions/s':>12}{'of stub':>9}"
          f"{'cpu us':>10}{'of stub':>9}")
    for kind, pair in rates.items():
        print(f"    {kind:10}" + "".join(
            f"{value:{width}.{digits}f}"
            f"{value / of if of else float('nan'):9.2f}"
            for value, of, width, digits in zip(pair, base, (12, 10),
                                                (0, 1))))
    sys.stdout.flush()


def main():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--hosts", type=int, default=100000)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=int, default=2)
    p.add_argument("--threads", type=int, default=3,
                   help="distributor-threads of PowerDNS")
    p.add_argument("--only", default="pipe,stub,unix,gsqlite3,lmdb")
    p.add_argument("--caches", default="off,default")
    p.add_argument("--build", default=os.environ.get("DDNS_BUILDDIR",
                                                     str(TOP / "build")))
    p.add_argument("--smoke", action="store_true",
                   help="only see that it works")
    a = p.parse_args()
    if a.smoke:
        a.hosts, a.rounds, a.seconds = 1000, 1, 1
    os.environ["DDNS_BUILDDIR"] = a.build
    from ddnstest import Dir
    if shutil.which("dnsperf") is None:
        sys.exit("dnsperf is missing")
    directory = Dir()
    try:
        bench = Bench(a, directory)
        for caches in a.caches.split(","):
            report(caches, bench.compare(caches, a.only.split(",")))
        print("one call, without PowerDNS and pipes", flush=True)
        bench.calls()
    finally:
        directory.end()
        directory.remove()


if __name__ == "__main__":
    main()
