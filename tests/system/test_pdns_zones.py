# SPDX-License-Identifier: BSD-3-Clause
"""Whole zones, new zones, what is not supported, and requests that PowerDNS
would never send."""

import json
import os
import random
import subprocess
import time

import dns.message
import dns.query
import dns.rcode
import dns.update
import pytest

from ddnstest import PdnsServer, wait_until
from pdnstest import (ZONE, Pipe, conf_for, fill, gsqlite3_with, pdns_on)


def transfer(port, zone=ZONE):
    return [line for message in dns.query.xfr(
                "127.0.0.1", zone, port=port, relativize=False, lifetime=60)
            for rrset in message.answer
            for line in rrset.to_text().splitlines()]


def test_transfer_of_20000_records_over_the_pipe(work, show):
    zone_file = work.write("zone", "$TTL 60\n@ SOA ns1 hostmaster 1 3600 600 "
                           "86400 60\n@ NS ns1\nns1 A 192.0.2.1\n" + "".join(
                               f"host{i} A 10.0.{i >> 8}.{i & 255}\n"
                               for i in range(19997)))
    store = fill(work / "ddnsd.db", "-f", zone_file)
    oracle = gsqlite3_with(work, zone_file).start()
    server = pdns_on(work, store).start()
    start = time.monotonic()
    got = transfer(server.port)
    seconds = time.monotonic() - start
    assert len(got) == 20001  # SOA first and last
    assert sorted(got) == sorted(transfer(oracle.port))
    show(f"AXFR of 20,000 records over pipe: {seconds:.2f} s")
    assert seconds < 10


def test_transfer_has_one_snapshot(work):
    """Not half of one serial and half of the next."""
    store = fill(work / "ddnsd.db", "-n", "2000")
    with Pipe(store) as pipe:
        for n in (2001, 2002):
            rows = pipe.call("list", zonename=f"{ZONE}.", domain_id=1,
                             include_disabled=False)
            assert len(rows) == n
            fill(store, "-f", work.write(f"z{n}", f"new{n} 60 A 192.0.2.1\n"))


@pytest.mark.parametrize("connector", ["pipe", "unix"])
def test_new_zone_is_seen_after_rediscover_and_purge(work, connector):
    store = fill(work / "ddnsd.db", "-n", 1)
    server = pdns_on(work, store, connector).start()
    assert server.ask("host0000000.new.test").rcode == "REFUSED"
    fill(store, "-n", 1, zone="new.test")
    server.command("REDISCOVER")
    server.command("PURGE new.test$")
    start = time.monotonic()
    wait_until(lambda: server.ask("host0000000.new.test") == "10.0.0.0", 2)
    assert time.monotonic() - start < 1


def test_warns_when_another_backend_is_launched_beside_us(work):
    zone_file = work.write("zone", "@ 60 SOA a b 1 2 3 4 5\n@ 60 NS a\n"
                           "x 60 A 192.0.2.1\n")
    oracle = gsqlite3_with(work, zone_file, zone="other.test")
    store = fill(work / "ddnsd.db", "-n", 1)
    server = pdns_on(work, store, caches="off")
    server.options.update({
        "launch": "gsqlite3,remote",
        "gsqlite3-database": oracle.options["gsqlite3-database"]})
    server.start()
    assert server.ask("x.other.test") == "192.0.2.1"
    assert server.ask(f"host0000000.{ZONE}") == "10.0.0.0"
    # both zones have the id 1, and all backends are asked in turn
    assert server.ask("nx.other.test") == "NXDOMAIN"
    wait_until(lambda: "not ours" in server.process.log_text(), 5)


def pdnsutil(server, *arguments):
    return subprocess.run(
        ["pdnsutil", f"--config-dir={server.home}", *arguments],
        capture_output=True, text=True, timeout=30)


def test_pdnsutil_reads_and_is_told_that_it_cannot_write(work):
    store = fill(work / "ddnsd.db", "-n", 3)
    server = pdns_on(work, store).start()
    assert ZONE in pdnsutil(server, "list-all-zones").stdout
    assert "host0000002" in pdnsutil(server, "list-zone", ZONE).stdout
    shown = pdnsutil(server, "show-zone", ZONE)
    assert shown.returncode == 0
    assert "updates-go-to-ddnsd.invalid" in shown.stdout
    checked = pdnsutil(server, "check-zone", ZONE)
    assert "not equal" not in checked.stdout + checked.stderr
    for refused in (["set-meta", ZONE, "ALSO-NOTIFY", "192.0.2.1"],
                    ["add-record", ZONE, "x", "A", "192.0.2.1"],
                    ["delete-rrset", ZONE, "host0000001", "A"],
                    ["create-zone", "new.test"],
                    ["delete-zone", ZONE],
                    ["secure-zone", ZONE],
                    ["import-tsig-key", "k", "hmac-sha256", "MTIzNA=="]):
        start = time.monotonic()
        pdnsutil(server, *refused)
        assert time.monotonic() - start < 10, refused
    told = pdnsutil(server, "backend-cmd", "remote", "zone", "add", "x")
    assert "not supported" in told.stdout + told.stderr
    assert [f"host{i:07d}" for i in range(3)] == [
        word.split(".")[0] for word in pdnsutil(
            server, "list-zone", ZONE).stdout.split()
        if word.startswith("host0")]
    assert server.ask(f"host0000001.{ZONE}") == "10.0.0.1"


def test_dnsupdate_of_powerdns_is_never_open(work):
    store = fill(work / "ddnsd.db", "-n", 1)
    server = pdns_on(work, store, options={
        "dnsupdate": "yes", "allow-dnsupdate-from": "127.0.0.0/8"}).start()
    update = dns.update.Update(ZONE)
    update.add("x", 60, "A", "192.0.2.1")
    reply = dns.query.udp(update, "127.0.0.1", port=server.port, timeout=5)
    assert dns.rcode.to_text(reply.rcode()) == "REFUSED"
    assert server.ask(f"x.{ZONE}") == "NXDOMAIN"


# ---- the protocol itself ----

@pytest.fixture
def pipe(work):
    store = fill(work / "ddnsd.db", "-n", 10)
    with Pipe(store) as p:
        yield p


METHODS = """lookup list getAllDomains getDomainInfo getUpdatedMasters
setNotified getUnfreshSlaveInfos setFresh setStale getAllDomainMetadata
getDomainMetadata setDomainMetadata getDomainKeys addDomainKey removeDomainKey
activateDomainKey deactivateDomainKey publishDomainKey unpublishDomainKey
getBeforeAndAfterNamesAbsolute getTSIGKey getTSIGKeys setTSIGKey deleteTSIGKey
startTransaction feedRecord replaceRRSet commitTransaction abortTransaction
feedEnts feedEnts3 superMasterBackend createSlaveDomain searchRecords
directBackendCmd initialize APILookup calculateSOASerial isMaster nothing
""".split()


def test_each_method_gets_one_line_whatever_its_parameters(pipe):
    for method in METHODS:
        for parameters in ({}, {"name": 1}, {"qname": "x", "qtype": "A"},
                           {"name": f"{ZONE}.", "kind": "X"}):
            pipe.send(json.dumps({"method": method,
                                  "parameters": parameters}).encode() + b"\n")
            reply = json.loads(pipe.line())
            assert "result" in reply, (method, parameters)
            assert reply.get("log") or reply["result"] is not None
    assert pipe.lookup(f"host0000003.{ZONE}")[0]["content"] == "10.0.0.3"


def test_garbage_gets_one_failure_a_line_and_no_more(pipe):
    dice = random.Random(7)
    for _ in range(500):
        junk = bytes(dice.choice(b'{}[]":,\\u0 truefalsnmethodparms\xff\x00')
                     for _ in range(dice.randrange(200)))
        reply = pipe.raw(junk)
        assert reply["result"] in (None, False)
    assert pipe.lookup(f"host0000003.{ZONE}")[0]["content"] == "10.0.0.3"


def test_over_long_line_gets_one_failure(pipe):
    request = json.dumps({"method": "getDomainInfo", "parameters":
                          {"name": f"{ZONE}.", "x": "y" * 900000}}).encode()
    assert pipe.raw(request)["result"]["id"] == 1
    for size in (1 << 20, (1 << 20) + 1, 5 << 20):
        # in pieces, so that we never wait for each other
        for _ in range(size >> 16):
            pipe.send(b"{" * (1 << 16))
        pipe.send(b"x" * (size & 0xffff))
        assert pipe.raw(b"}")["result"] is None
        assert pipe.lookup(f"host0000003.{ZONE}")[0]["content"] == "10.0.0.3"


def test_requests_in_pieces_and_several_at_once(pipe):
    request = (b'{"method":"lookup","parameters":{"qname":"host0000001.'
               b'dyn.test.","qtype":"A","zone-id":1}}\n')
    for byte in request:
        pipe.send(bytes([byte]))
    assert json.loads(pipe.line())["result"][0]["content"] == "10.0.0.1"
    pipe.send(request * 50 + request[:20])
    for _ in range(50):
        assert json.loads(pipe.line())["result"][0]["content"] == "10.0.0.1"
    pipe.send(request[20:])
    assert json.loads(pipe.line())["result"][0]["content"] == "10.0.0.1"


def test_unfinished_request_at_the_end_of_input_is_dropped(work):
    store = fill(work / "ddnsd.db")
    with Pipe(store) as pipe:
        pipe.send(b'{"method":"initialize","parameters":{}}')
        pipe.popen.stdin.close()
        assert pipe.line() == b""
        assert pipe.popen.wait(5) == 0


def test_configuration_file_names_the_store(work):
    store = fill(work / "ddnsd.db", "-n", 1)
    server = PdnsServer(work, conf_for(work, store)).start()  # with -c
    assert server.ask(f"host0000000.{ZONE}") == "10.0.0.0"


def test_wrong_options_end_with_a_message(work):
    from ddnstest import programs

    def run(*arguments):
        return subprocess.run([str(programs.backend), *map(str, arguments)],
                              stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=10)
    assert "usage" in run("-x").stderr
    assert "usage" in run("extra").stderr
    assert run("-V").stdout.startswith("pdns-backend-ddns ")
    assert "usage" in run("-h").stdout and run("-h").returncode == 0
    missing = run("-c", work / "missing.conf")
    assert missing.returncode != 0 and "missing.conf" in missing.stderr
    busy = work / ("x" * 120)
    assert run("-s", "/x", "-u", busy).returncode == 1


def test_socket_of_a_live_server_is_not_taken_over(work):
    from ddnstest import BackendServer, programs
    store = fill(work / "ddnsd.db")
    server = BackendServer(work, conf_for(work, store)).start()
    assert os.stat(server.path).st_mode & 0o777 == 0o660
    second = subprocess.run([str(programs.backend), "-s", str(store), "-u",
                             str(server.path)], capture_output=True,
                            text=True, timeout=10)
    assert second.returncode == 1 and "already" in second.stderr
    server.kill()
    assert server.path.exists()
    third = work.spawn([programs.backend, "-s", store, "-u", server.path],
                       log="third.log")
    third.ready(lambda: "listening" in third.log_text())
    assert third.end() == 0
