# SPDX-License-Identifier: BSD-3-Clause
"""BIND and Knot as secondaries of ddnsd: NOTIFY, then IXFR with TSIG; after an
hour away, AXFR or IXFR as the history allows."""

import dns.exception
import pytest

from ddnstest import Ddnsd, Programs, TsigKey, ask, needs, programs, wait_until
from ddnstest import wire as w
from ddnstest.proc import free_port

ZONE = "dyn.test"


class Secondary:
    program = ""

    def __init__(self, work, key, primary):
        self.path = Programs.find(self.program)
        needs(self.path)
        self.work = work
        self.key = key
        self.primary = primary
        self.port = free_port()
        self.home = work.mkdir(self.program)
        self.process = None

    def start(self):
        self.process = self.work.spawn(self.command(),
                                       log=f"{self.program}.log",
                                       cwd=self.home)
        return self

    def serial(self):
        try:
            got = ask(self.port, ZONE, "SOA", timeout=0.5)
        except (dns.exception.Timeout, OSError):
            return None
        return int(got.values[0].split()[2]) if got.values else None


class Bind(Secondary):
    program = "named"

    def command(self):
        conf = self.work.write("named/named.conf", f"""
options {{
    directory "{self.home}"; pid-file none; session-keyfile none;
    listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    recursion no; notify no; dnssec-validation no; minimal-responses yes;
}};
controls {{ }};
logging {{ category xfer-in {{ default_stderr; }};
           category notify {{ default_stderr; }}; }};
key "{self.key.name}" {{
    algorithm {self.key.algorithm}; secret "{self.key.secret}";
}};
zone "{ZONE}" {{
    type secondary; file "{self.home}/{ZONE}.zone";
    primaries {{ 127.0.0.1 port {self.primary} key {self.key.name}; }};
    min-refresh-time 3600; masterfile-format text;
}};
""")
        return [self.path, "-g", "-n", "1", "-c", conf]

    def incremental(self):
        # BIND keeps a journal of what came by IXFR only
        return (self.home / f"{ZONE}.zone.jnl").exists()


class Knot(Secondary):
    program = "knotd"

    def command(self):
        conf = self.work.write("knotd/knot.conf", f"""
server:
    listen: 127.0.0.1@{self.port}
    rundir: {self.home}
    user: root:root
database:
    storage: {self.home}
log:
  - target: stderr
    any: info
key:
  - id: {self.key.name}
    algorithm: {self.key.algorithm}
    secret: {self.key.secret}
remote:
  - id: primary
    address: 127.0.0.1@{self.primary}
    key: {self.key.name}
acl:
  - id: told
    address: 127.0.0.1
    action: notify
zone:
  - domain: {ZONE}
    storage: {self.home}
    master: primary
    acl: told
""")
        return [self.path, "-c", conf]

    def incremental(self):
        return "IXFR, incoming" in self.process.log_text()


@pytest.mark.parametrize("kind", [Bind, Knot], ids=["bind", "knot"])
def test_secondary_follows_at_once_and_catches_up(work, kind):
    needs(programs.ddnsd, programs.ddnsctl)
    ddnsd = Ddnsd(work, dns=True)
    key = TsigKey(work, name="copy-key")
    secondary = kind(work, key, ddnsd.dns)
    ddnsd.options["secondaries"] = [f"127.0.0.1:{secondary.port}"]
    ddnsd.write()
    ctl = ddnsd.ctl
    ctl("zone", "add", ZONE, "--ns", f"ns1.{ZONE}")
    ctl("record", "set", f"ns1.{ZONE}", "A", "127.0.0.1")
    ctl("account", "add", "alice")
    ctl("key", "add", key.name, "--account", "alice", "--secret-file",
        key.file, "--allow-transfer", "--grant", f"subtree {ZONE} ANY")
    ddnsd.start()

    def change(name, address):
        wire, _ = w.sign(w.message([w.question(ZONE)], [], [
            w.rr(f"{name}.{ZONE}", "A", w.ANY),
            w.rr(f"{name}.{ZONE}", "A", w.IN, 60,
                 bytes(map(int, address.split("."))))]), key)
        assert w.rcode(w.send_udp(ddnsd.dns, wire)) == "NOERROR"

    def same():
        got = secondary.serial()
        return got is not None and got == int(
            ask(ddnsd.dns, ZONE, "SOA").values[0].split()[2])

    change("first", "192.0.2.1")
    secondary.start()
    wait_until(same, 20)
    assert ask(secondary.port, f"first.{ZONE}") == "192.0.2.1"
    for i in range(2, 6):
        change("first", f"192.0.2.{i}")
        wait_until(same, 20)
        assert ask(secondary.port, f"first.{ZONE}") == f"192.0.2.{i}"
    wait_until(secondary.incremental, 10)

    secondary.process.end()
    for i in range(30):
        change(f"away{i}", f"192.0.2.{i}")
    change("first", "192.0.2.99")
    secondary.start()
    wait_until(same, 30)
    assert ask(secondary.port, f"first.{ZONE}") == "192.0.2.99"
    assert ask(secondary.port, f"away29.{ZONE}") == "192.0.2.29"
