# SPDX-License-Identifier: BSD-3-Clause
"""What comes by DNS UPDATE is seen by everybody: at once by PowerDNS and
Unbound, whose caches hold the old answer, and by other vendors' secondaries."""

import subprocess
import time

import pytest

from ddnstest import Ddnsd, Programs, TsigKey, needs, programs, wait_until
from ddnstest.peers import Bind, Knot

ZONE = "dyn.test"
NSUPDATE = Programs.find("nsupdate")
BOUND_MS = 1000  # generous: what it takes is printed


def nsupdate(port, key, *lines):
    needs(NSUPDATE)
    done = subprocess.run(
        [NSUPDATE, "-y", f"{key.algorithm}:{key.name}:{key.secret}"],
        input="\n".join([f"server 127.0.0.1 {port}", *lines, "send", ""]),
        text=True, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def make_key(work, ctl, *options):
    key = TsigKey(work, name="up-key")
    ctl("key", "add", key.name, "--account", "alice", "--secret-file",
        key.file, *options)
    return key


def test_powerdns_and_unbound_show_it_at_once(work, make_stack, show):
    stack = make_stack(dns=True)
    key = make_key(work, stack.ctl, "--grant", f"subtree {ZONE} ANY")
    host, new = stack.hosts[0], stack.name("new")
    servers = {"PowerDNS": stack.pdns, "Unbound": stack.unbound}

    def change(what, name, wanted, kind="A"):
        for server in servers.values():  # the caches are hot
            for _ in range(3):
                server.ask(name, kind)
        nsupdate(stack.ddnsd.dns, key, *what)
        start = time.monotonic()
        for label, server in servers.items():
            wait_until(lambda s=server: s.ask(name, kind) == wanted,
                       BOUND_MS / 1000)
            show(f"{label} {name} {kind}: "
                 f"{(time.monotonic() - start) * 1000:.1f} ms at most")

    change([f"update add {host} 3600 A 192.0.2.1"], host, "192.0.2.1")
    change([f"update delete {host} A", f"update add {host} 3600 A 192.0.2.2"],
           host, "192.0.2.2")
    change([f"update add {host} 3600 AAAA 2001:db8::2"], host, "2001:db8::2",
           "AAAA")
    change([f"update add {new} 3600 TXT one", f"update add {new} 3600 TXT two"],
           new, ['"one"', '"two"'], "TXT")
    change([f"update delete {new} TXT two"], new, '"one"', "TXT")
    change([f"update delete {host}"], host, "NODATA")
    change([f"update delete {new}"], new, "NXDOMAIN", "TXT")


class BindSecondary(Bind):
    def prepare(self):
        self.dir.write(f"{self.name}/named.conf", f"""
options {{
    directory "{self.home}"; pid-file none; session-keyfile none;
    listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    recursion no; notify no; dnssec-validation no;
}};
controls {{ }};
key "{self.key.name}" {{
    algorithm {self.key.algorithm}; secret "{self.key.secret}";
}};
zone "{self.zone}" {{
    type secondary; file "{self.home}/copy.zone"; masterfile-format text;
    primaries {{ 127.0.0.1 port {self.primary} key "{self.key.name}"; }};
}};
""")

    def was_incremental(self):
        return (self.home / "copy.zone.jnl").exists()


class KnotSecondary(Knot):
    def prepare(self):
        self.dir.write(f"{self.name}/knot.conf", f"""
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
  - domain: {self.zone}
    storage: {self.home}
    master: primary
    acl: told
""")

    def was_incremental(self):
        return "IXFR, incoming" in self.process.log_text()


@pytest.mark.parametrize("kind", [BindSecondary, KnotSecondary],
                         ids=["bind", "knot"])
def test_secondary_of_another_vendor_follows(work, kind):
    """By NOTIFY and IXFR; what it missed while it was down, too."""
    needs(programs.ddnsd, programs.ddnsctl)
    ddnsd = Ddnsd(work, dns=True)
    ddnsd.ctl("zone", "add", ZONE, "--ns", f"ns1.{ZONE}")
    ddnsd.ctl("account", "add", "alice")
    key = make_key(work, ddnsd.ctl, "--allow-transfer", "--grant",
                   f"subtree {ZONE} ANY")
    server = kind(work, ZONE, key, "")
    server.primary = ddnsd.dns
    ddnsd.options["secondaries"] = [f"127.0.0.1:{server.port}"]
    ddnsd.write()
    ddnsd.start()
    server.start()

    for i in (1, 2, 3):
        nsupdate(ddnsd.dns, key, f"update delete www.{ZONE} A",
                 f"update add www.{ZONE} 60 A 192.0.2.{i}")
        wait_until(lambda i=i: server.ask(f"www.{ZONE}") == f"192.0.2.{i}",
                   20)
    wait_until(server.was_incremental, 20)

    server.end()
    nsupdate(ddnsd.dns, key, f"update delete www.{ZONE} A")
    server.start()
    wait_until(lambda: server.ask(f"www.{ZONE}") == "NXDOMAIN", 60)
    ours = ddnsd.ctl.json("zone", "show", ZONE)["serial"]
    wait_until(lambda: int(server.ask(ZONE, "SOA").values[0].split()[2])
               == ours, 20)
