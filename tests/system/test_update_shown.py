# SPDX-License-Identifier: BSD-3-Clause
"""What comes by DNS UPDATE is shown at once by PowerDNS and Unbound, whose
caches hold the old answer."""

import subprocess
import time

from ddnstest import Programs, TsigKey, needs, wait_until

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
