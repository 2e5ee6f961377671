# SPDX-License-Identifier: BSD-3-Clause
"""The harness itself: what the other tests rely on."""

import os
import socket
import stat
import subprocess
import time

import pytest

from ddnstest import (Flood, PdnsServer, TsigKey, Unbound, address, free_port,
                      needs, programs, wait_until)


def test_ports_are_free_and_never_given_twice():
    ports = [free_port() for _ in range(200)]
    assert len(set(ports)) == 200
    for port in ports[:20]:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as s:
                s.bind(("127.0.0.1", port))


def test_wait_until_gives_the_value_and_gives_up():
    assert wait_until(lambda: 7) == 7
    with pytest.raises(AssertionError, match="never true"):
        wait_until(lambda: False, timeout=0.05, what="never true")


def test_process_that_dies_is_noticed_at_once(work):
    process = work.spawn(["sh", "-c", "echo oh no; exit 3"])
    with pytest.raises(AssertionError, match="ended with 3"):
        process.ready(lambda: False)


def test_end_takes_the_children_along(work):
    process = work.spawn(["sh", "-c", "sleep 1000 & echo $!; wait"])
    child = int(wait_until(lambda: process.log_text().strip()))
    assert process.end() is not None

    def gone():
        try:
            with open(f"/proc/{child}/stat") as f:
                return f.read().rsplit(")", 1)[1].split()[0] == "Z"
        except FileNotFoundError:
            return True
    wait_until(gone, what="child gone")


def test_dir_is_short_and_secrets_are_private(work):
    assert len(str(work / "unbound1.ctl")) < 60
    key = TsigKey(work)
    assert stat.S_IMODE(os.stat(key.file).st_mode) == 0o600


def test_authority_signs_for_loopback(authority, work):
    certificate, _ = authority.server("t")
    done = subprocess.run(["openssl", "verify", "-CAfile", authority.ca,
                           "-verify_ip", "127.0.0.1", certificate],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


BACKEND = """#!/usr/bin/python3
import json, sys
ROWS = {("dyn.test.", "SOA"): "ns1.dyn.test h.dyn.test 1 2 3 4 60",
        ("dyn.test.", "NS"): "ns1.dyn.test",
        ("w.dyn.test.", "A"): "192.0.2.7"}
for line in sys.stdin:
    call = json.loads(line)
    asked = call["parameters"]
    result = {"initialize": True, "getAllDomainMetadata": {},
              "getAllDomains": [{"id": 1, "zone": "dyn.test.",
                                 "kind": "native", "serial": 1}]
              }.get(call["method"], False)
    if call["method"] == "lookup":
        result = [{"qname": n, "qtype": t, "content": c, "ttl": 60,
                   "auth": 1, "domain_id": 1} for (n, t), c in ROWS.items()
                  if n == asked["qname"].lower()
                  and asked["qtype"] in ("ANY", t)]
    print(json.dumps({"result": result}), flush=True)
"""


def test_stock_unbound_asks_a_pdns_stub(work):
    """The harness alone: a constant backend in the place of ours."""
    needs(programs.pdns, programs.stock_unbound)
    backend = work.write("backend.py", BACKEND, mode=0o700)
    server = PdnsServer(work, None,
                        connector=f"pipe:command={backend},timeout=0")
    server.start()
    assert server.ask("w.dyn.test") == "192.0.2.7"
    assert server.ask("w.dyn.test", tcp=True) == "192.0.2.7"
    assert server.command("PURGE w.dyn.test").strip().isdigit()
    resolver = Unbound(work, {"dyn.test": server.port}, module=False)
    resolver.start()
    assert resolver.ask("w.dyn.test") == "192.0.2.7"
    assert resolver.ask("w.dyn.test", "AAAA") == "NODATA"
    assert resolver.ask("x.dyn.test") == "NXDOMAIN"
    assert resolver.ask("w.dyn.test").ttl <= 60
    assert resolver.command("flush w.dyn.test").startswith("ok")
    server.end()
    assert not server.process.running()
    with pytest.raises(OSError):
        server.command("RPING")


def test_flood_reads_versions_and_sees_gaps(work):
    needs(programs.stock_unbound)
    server = Unbound(work, {}, module=False, server=(
        '\tlocal-zone: "dyn.test" static\n'
        f'\tlocal-data: "w.dyn.test A {address(70007)}"\n'))
    server.start()
    with Flood(server.port, ["w.dyn.test"]) as flood:
        time.sleep(0.1)
    assert {got for _, _, _, got in flood.answers} == {70007}
    with Flood(server.port, ["x.dyn.test"]) as flood:
        time.sleep(0.1)
    assert flood.answers and len(flood.gaps()) == len(flood.answers)


def test_flood_judges_what_is_outdated():
    flood = Flood.__new__(Flood)
    flood.workers = []
    # one name; versions 1, 2, 3 were answered for at 10 s, 20 s, 30 s
    replied = [[(10.0, 1), (20.0, 2), (30.0, 3)]]
    flood.answers = [(9.0, 9.1, 0, 0),      # before: fine
                     (19.9, 20.1, 0, 1),    # asked before the reply: fine
                     (20.5, 20.6, 0, 1),    # half a second late
                     (29.0, 29.1, 0, 3),    # newer than answered for: fine
                     (31.0, 31.1, 0, 1),    # misses 2 since 20 s
                     (32.0, 32.1, 0, 3)]
    assert flood.staleness_ms(replied) == [500.0, 11000.0]
    waits = flood.first_new_ms(replied)
    assert [round(w) for w in waits] == [0, 9100, 10100]
    flood.answers = flood.answers[3:]  # begins at 29 s
    assert flood.first_new_ms(replied) == [0.0]
