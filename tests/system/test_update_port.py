# SPDX-License-Identifier: BSD-3-Clause
"""The DNS port: who may what, repeated messages, many at once, connections,
queries, transfers."""

import random
import socket
import struct
import threading
import time

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.tsigkeyring
import dns.update
import dns.xfr
import dns.zone
import pytest

from ddnstest import Ddnsd, TsigKey, ask, needs, programs, wait_until
from ddnstest import wire as w

ZONE = "dyn.test"


@pytest.fixture
def ddnsd(work):
    needs(programs.ddnsd, programs.ddnsctl)
    server = Ddnsd(work, dns=True)
    server.ctl("zone", "add", ZONE, "--ns", f"ns1.{ZONE}")
    server.ctl("account", "add", "alice")
    server.key = add_key(server, work, "all-key", f"subtree {ZONE} ANY",
                         "--allow-transfer")
    return server.start()


def add_key(server, work, name, grant, *options, algorithm="hmac-sha256"):
    key = TsigKey(work, name=name, algorithm=algorithm)
    server.ctl("key", "add", name, "--account", "alice", "--alg", algorithm,
               "--secret-file", key.file, *options,
               *(["--grant", grant] if grant else []))
    return key


def update(*lines):
    """ "add N TTL TYPE RDATA", "delete N [TYPE [RDATA]]" to octets."""
    records = []
    for line in lines:
        word, name, *rest = line.split(" ", 2)
        name = f"{name}.{ZONE}" if name != "@" else ZONE
        if word == "add":
            ttl, kind, text = rest[0].split(" ", 2)
            records.append(w.rr(name, kind, w.IN, int(ttl),
                                w.rdata_wire(kind, text)))
        elif not rest:
            records.append(w.rr(name, "ANY", w.ANY))
        else:
            kind, *text = rest[0].split(" ", 1)
            records.append(w.rr(name, kind, w.NONE if text else w.ANY, 0,
                                w.rdata_wire(kind, text[0]) if text
                                else b""))
    return w.message([w.question(ZONE)], [], records,
                     ident=random.randrange(65536))


def send(server, wire, key=None, tcp=False, **how):
    if key is not None:
        wire, mac = w.sign(wire, key, **how)
    got = (w.send_tcp if tcp else w.send_udp)(server.dns, wire)
    if key is not None and got is not None and (got[3] & 15) != 9:
        w.read(got, key, mac)
    return w.rcode(got)


def serial_of(server):
    return int(ask(server.dns, ZONE, "SOA").values[0].split()[2])


# ---- who may what ----

def test_grants_decide_and_one_bad_record_refuses_all(work, ddnsd):
    host = add_key(ddnsd, work, "host-key", f"name host.{ZONE} A,AAAA")
    assert send(ddnsd, update("add host 60 A 192.0.2.1"), host) == "NOERROR"
    assert send(ddnsd, update("add host 60 TXT x"), host) == "REFUSED"
    assert send(ddnsd, update("add x.host 60 A 192.0.2.1"), host) == \
        "REFUSED"
    assert send(ddnsd, update("add host 60 A 192.0.2.2",
                              "add other 60 A 192.0.2.2"), host) == "REFUSED"
    assert ask(ddnsd.dns, f"host.{ZONE}") == "192.0.2.1"
    # "all types" asks for each type that is there
    assert send(ddnsd, update("add host 60 MX 5 m.example."),
                ddnsd.key) == "NOERROR"
    assert send(ddnsd, update("delete host"), host) == "REFUSED"
    assert send(ddnsd, update("delete host MX"), ddnsd.key) == "NOERROR"
    assert send(ddnsd, update("delete host"), host) == "NOERROR"
    assert ask(ddnsd.dns, f"host.{ZONE}") == "NXDOMAIN"
    rows = [r for r in ddnsd.ctl.log("--credential", "host-key")
            if r["result"] == "REFUSED"]
    wait_until(lambda: [r for r in ddnsd.ctl.log("--credential", "host-key")
                        if r["result"] == "REFUSED"])
    rows = [r for r in ddnsd.ctl.log("--credential", "host-key")
            if r["result"] == "REFUSED"]
    assert rows[0]["name"] == f"host.{ZONE}"
    assert "no rule fits" in rows[0]["reason"]


def test_self_rule_is_one_rule_for_every_host(work, ddnsd):
    mine = add_key(ddnsd, work, f"mine.{ZONE}", "self A,AAAA")
    assert send(ddnsd, update("add mine 60 A 192.0.2.1"), mine) == "NOERROR"
    assert send(ddnsd, update("add x.mine 60 A 192.0.2.1"), mine) == \
        "REFUSED"
    assert send(ddnsd, update("add yours 60 A 192.0.2.1"), mine) == "REFUSED"


def test_range_rule_is_for_reverse_names(work, ddnsd):
    ddnsd.ctl("zone", "add", "2.0.192.in-addr.arpa", "--ns", f"ns1.{ZONE}")
    key = add_key(ddnsd, work, "range-key", "range 192.0.2.0/25 PTR")

    def ptr(name, kind="PTR", text="a.example."):
        wire = w.message([w.question("2.0.192.in-addr.arpa")], [], [
            w.rr(f"{name}.2.0.192.in-addr.arpa", kind, w.IN, 60,
                 w.rdata_wire(kind, text))])
        return send(ddnsd, wire, key)
    assert ptr("127") == "NOERROR"
    assert ptr("128") == "REFUSED"
    assert ptr("1", "TXT", "x") == "REFUSED"


def test_revoked_key_is_unknown_at_once(work, ddnsd):
    key = add_key(ddnsd, work, "gone-key", f"subtree {ZONE} ANY")
    assert send(ddnsd, update("add a 60 A 192.0.2.1"), key) == "NOERROR"
    ddnsd.ctl("key", "revoke", "gone-key")
    wire, _ = w.sign(update("add a 60 A 192.0.2.2"), key)
    got = w.send_udp(ddnsd.dns, wire)
    assert (w.rcode(got), w.tsig_error(got)) == ("NOTAUTH", "BADKEY")
    assert ask(ddnsd.dns, f"a.{ZONE}") == "192.0.2.1"


def test_rotated_key_has_two_secrets_for_a_while(work, ddnsd):
    old = add_key(ddnsd, work, "turn-key", f"subtree {ZONE} ANY")
    new = TsigKey(work, name="turn-key")
    ddnsd.ctl("key", "rotate", "turn-key", "--secret-file", new.file,
              "--overlap", "1h")
    assert send(ddnsd, update("add a 60 A 192.0.2.1"), old) == "NOERROR"
    assert send(ddnsd, update("add a 60 A 192.0.2.2"), new) == "NOERROR"
    newest = TsigKey(work, name="turn-key")
    ddnsd.ctl("key", "rotate", "turn-key", "--secret-file", newest.file)
    for key, want in ((old, "NOTAUTH"), (newest, "NOERROR")):
        assert send(ddnsd, update("add a 60 A 192.0.2.3"), key) == want


@pytest.mark.parametrize("algorithm", ["hmac-sha224", "hmac-sha256",
                                       "hmac-sha384", "hmac-sha512"])
def test_every_algorithm(work, ddnsd, algorithm):
    key = add_key(ddnsd, work, "alg-key", f"subtree {ZONE} ANY",
                  algorithm=algorithm)
    assert send(ddnsd, update("add a 60 A 192.0.2.1"), key) == "NOERROR"


def test_sha1_only_where_it_is_allowed(work, ddnsd):
    ddnsd.options["allow-hmac-sha1"] = True
    ddnsd.write()
    key = add_key(ddnsd, work, "old-key", f"subtree {ZONE} ANY",
                  algorithm="hmac-sha1")
    assert send(ddnsd, update("add a 60 A 192.0.2.1"), key) == "NOTAUTH"
    ddnsd.restart()
    assert send(ddnsd, update("add a 60 A 192.0.2.1"), key) == "NOERROR"


# ---- the same message again ----

def test_repeated_message_gets_its_answer_and_is_done_once(ddnsd):
    wire = w.message([w.question(ZONE)], [w.rr(f"a.{ZONE}", "ANY", w.NONE)],
                     [w.rr(f"a.{ZONE}", "A", w.IN, 60, b"\xc0\x00\x02\x01")])
    signed, mac = w.sign(wire, ddnsd.key)
    for _ in range(3):  # done once: the prerequisite would fail now
        got = w.send_udp(ddnsd.dns, signed)
        assert w.rcode(got) == "NOERROR"
        w.read(got, ddnsd.key, mac)
    assert len(ddnsd.ctl.log("--host", f"a.{ZONE}", "--result",
                             "NOERROR")) >= 1
    serial = serial_of(ddnsd)
    assert w.rcode(w.send_tcp(ddnsd.dns, signed)) == "NOERROR"
    assert serial_of(ddnsd) == serial


@pytest.mark.parametrize("how", ["running", "restarted", "killed"])
def test_captured_message_brings_no_old_address_back(ddnsd, how):
    def to(address):
        return update("delete a A", f"add a 60 A {address}")
    old, _ = w.sign(to("192.0.2.1"), ddnsd.key)
    noop, _ = w.sign(to("192.0.2.1"), ddnsd.key, when=int(time.time()) - 1)
    failed, _ = w.sign(w.message(
        [w.question(ZONE)], [w.rr(f"a.{ZONE}", "TXT", w.ANY)],
        [w.rr(f"a.{ZONE}", "A", w.IN, 60, b"\xc0\x00\x02\x63")]), ddnsd.key)
    assert w.rcode(w.send_udp(ddnsd.dns, old)) == "NOERROR"
    assert w.rcode(w.send_udp(ddnsd.dns, noop)) == "NOERROR"
    assert w.rcode(w.send_udp(ddnsd.dns, failed)) == "NXRRSET"
    assert send(ddnsd, to("192.0.2.2"), ddnsd.key) == "NOERROR"
    assert send(ddnsd, update("add a 60 TXT x"), ddnsd.key) == "NOERROR"
    if how == "restarted":
        ddnsd.restart()
    elif how == "killed":
        ddnsd.kill()
        ddnsd.start()
    assert w.rcode(w.send_udp(ddnsd.dns, old)) == "NOERROR"
    assert w.rcode(w.send_udp(ddnsd.dns, noop)) == "NOERROR"
    assert w.rcode(w.send_udp(ddnsd.dns, failed)) == "NXRRSET"
    assert ask(ddnsd.dns, f"a.{ZONE}") == "192.0.2.2"


# ---- many at once ----

def test_compare_and_swap_has_one_winner(ddnsd):
    """16 clients want the same free name, many times over."""
    for turn in range(10):
        results = []

        def want(client, turn=turn, results=results):
            wire = w.message(
                [w.question(ZONE)],
                [w.rr(f"t{turn}.{ZONE}", "ANY", w.NONE)],
                [w.rr(f"t{turn}.{ZONE}", "A", w.IN, 60,
                      bytes((192, 0, 2, client)))])
            results.append((client, send(ddnsd, wire, ddnsd.key,
                                         tcp=client % 2 == 0)))
        threads = [threading.Thread(target=want, args=(c,))
                   for c in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        winners = [c for c, rcode in results if rcode == "NOERROR"]
        assert len(winners) == 1 and len(results) == 16
        assert {r for c, r in results if c not in winners} == {"YXDOMAIN"}
        assert ask(ddnsd.dns, f"t{turn}.{ZONE}") == f"192.0.2.{winners[0]}"


def test_outstanding_updates_share_commits(ddnsd):
    """300 of one connection, sent before the first answer is read: answered
    in order, applied in order, with far fewer serials than messages."""
    before = serial_of(ddnsd)
    with w.Tcp(ddnsd.dns) as tcp:
        macs = []
        for i in range(300):
            wire, mac = w.sign(w.message(
                [w.question(ZONE)], [],
                [w.rr(f"p.{ZONE}", "A", w.ANY),
                 w.rr(f"p.{ZONE}", "A", w.IN, 60,
                      struct.pack("!BBH", 10, 0, i))], ident=i), ddnsd.key)
            macs.append(mac)
            tcp.send(wire)
        for i in range(300):
            got = tcp.receive()
            assert got[:2] == struct.pack("!H", i)
            assert w.rcode(got) == "NOERROR"
            w.read(got, ddnsd.key, macs[i])
    assert ask(ddnsd.dns, f"p.{ZONE}") == "10.0.1.43"
    assert 0 < serial_of(ddnsd) - before < 150


def test_answered_updates_survive_kill(ddnsd):
    """Nothing answered is lost, nothing is there by half."""
    answered, stop = [], threading.Event()

    def write():
        i = 0
        while not stop.is_set():
            address = f"10.1.{i // 256}.{i % 256}"
            try:
                rcode = send(ddnsd, update(
                    f"add x{i} 60 A {address}", f"add x{i} 60 TXT {i}"),
                    ddnsd.key)
            except (OSError, dns.exception.DNSException):
                return
            if rcode is None:
                return
            assert rcode == "NOERROR"
            answered.append((i, address))
            i += 1
    writer = threading.Thread(target=write)
    writer.start()
    wait_until(lambda: len(answered) > 30)
    ddnsd.kill()
    stop.set()
    writer.join()
    ddnsd.start()
    for i, address in answered:
        assert ask(ddnsd.dns, f"x{i}.{ZONE}") == address
    last = len(answered)
    assert ask(ddnsd.dns, f"x{last}.{ZONE}").rcode == \
        ask(ddnsd.dns, f"x{last}.{ZONE}", "TXT").rcode


# ---- connections ----

def test_octet_by_octet_and_half_closed(ddnsd):
    wire, mac = w.sign(update("add slow 60 A 192.0.2.1"), ddnsd.key)
    with w.Tcp(ddnsd.dns) as tcp:
        tcp.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in struct.pack("!H", len(wire)) + wire:
            tcp.socket.send(bytes((octet,)))
        tcp.socket.shutdown(socket.SHUT_WR)
        got = tcp.receive()
        w.read(got, ddnsd.key, mac)
        assert w.rcode(got) == "NOERROR"
        assert tcp.receive() is None


def test_query_behind_an_update_sees_it(ddnsd):
    wire, _ = w.sign(update("add seen 60 A 192.0.2.7"), ddnsd.key)
    query = dns.message.make_query(f"seen.{ZONE}", "A")
    with w.Tcp(ddnsd.dns) as tcp:
        tcp.send(wire)
        tcp.send(query.to_wire())
        assert w.rcode(tcp.receive()) == "NOERROR"
        answer = w.read(tcp.receive())
    assert answer.answer[0][0].address == "192.0.2.7"


def test_silent_connections_make_room(work):
    needs(programs.ddnsd, programs.ddnsctl)
    server = Ddnsd(work, dns=True, options={"max-connections": 50})
    server.ctl("zone", "add", ZONE, "--ns", f"ns1.{ZONE}")
    server.start()
    half = [w.Tcp(server.dns) for _ in range(120)]
    try:
        for tcp in half[::2]:
            try:
                tcp.socket.send(b"\x00")
            except OSError:
                pass
        assert ask(server.dns, ZONE, "SOA", tcp=True).rcode == "NOERROR"
        assert ask(server.dns, ZONE, "SOA").rcode == "NOERROR"
    finally:
        for tcp in half:
            tcp.socket.close()


def test_a_request_has_a_deadline(work):
    """However slowly it comes."""
    needs(programs.ddnsd, programs.ddnsctl)
    server = Ddnsd(work, dns=True, options={"request-timeout": 1,
                                            "idle-timeout": 30})
    server.ctl("zone", "add", ZONE, "--ns", f"ns1.{ZONE}")
    server.start()
    with w.Tcp(server.dns) as tcp:
        start = time.monotonic()
        tcp.socket.settimeout(0.2)
        closed = False
        while not closed and time.monotonic() - start < 10:
            try:
                tcp.socket.send(b"\x01")
                closed = tcp.socket.recv(1) == b""
            except TimeoutError:
                pass
            except OSError:
                closed = True
        assert closed and time.monotonic() - start < 5


def test_no_dns_at_all_is_closed(ddnsd):
    for junk in (b"GET / HTTP/1.0\r\n\r\n", b"\x00\x03abc"):
        with w.Tcp(ddnsd.dns) as tcp:
            tcp.socket.sendall(junk)
            tcp.socket.shutdown(socket.SHUT_WR)
            assert tcp.receive() is None
    for junk in (b"", b"x", b"\xff" * 11):
        assert w.send_udp(ddnsd.dns, junk, timeout=0.2) is None
    assert ask(ddnsd.dns, ZONE, "SOA").rcode == "NOERROR"


# ---- queries ----

@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
def test_soa_for_discovery(ddnsd, tcp, signed):
    def query(name, kind="SOA"):
        message = dns.message.make_query(name, kind)
        if signed:
            message.use_tsig(ddnsd.key.keyring(), ddnsd.key.name,
                             algorithm=ddnsd.key.algorithm)
        post = dns.query.tcp if tcp else dns.query.udp
        reply = post(message, "127.0.0.1", port=ddnsd.dns, timeout=3)
        assert reply.flags & dns.flags.AA or reply.rcode() == 5
        assert reply.had_tsig == signed
        return reply
    apex = dns.name.from_text(ZONE)
    soa = query(ZONE).answer[0]
    assert soa.name == apex and soa.rdtype == dns.rdatatype.SOA
    for name in (f"a.b.c.{ZONE}", f"*.x.{ZONE}"):
        reply = query(name)
        assert reply.rcode() == dns.rcode.NXDOMAIN
        assert reply.authority[0].name == apex
        assert reply.authority[0].rdtype == dns.rdatatype.SOA
    assert query("dyn.example").rcode() == dns.rcode.REFUSED
    assert query("test").rcode() == dns.rcode.REFUSED


def test_answers_of_what_is_stored(ddnsd):
    assert send(ddnsd, update(
        "add a 60 A 192.0.2.1", "add x.ent 60 A 192.0.2.2",
        "add *.wild 60 TXT star", "add alias 60 CNAME a.dyn.test.",
        "add sub 60 NS ns.sub.dyn.test.", "add ns.sub 60 A 192.0.2.3"),
        ddnsd.key) == "NOERROR"

    def look(name, kind="A"):
        return ask(ddnsd.dns, f"{name}.{ZONE}", kind)
    assert look("a") == "192.0.2.1" and look("a").aa
    assert look("A") == "192.0.2.1"
    assert look("a", "AAAA") == "NODATA"
    assert look("ent") == "NODATA"          # an empty non-terminal
    assert look("y.ent") == "NXDOMAIN"
    assert look("q.wild", "TXT") == '"star"'
    assert look("q.wild", "A") == "NODATA"
    assert look("alias", "CNAME") == f"a.{ZONE}."
    alias = look("alias").message
    assert alias.answer[0].rdtype == dns.rdatatype.CNAME
    below = look("host.sub")                # a referral
    assert below == "NODATA" and not below.aa
    assert below.message.authority[0].rdtype == dns.rdatatype.NS
    everything = ask(ddnsd.dns, ZONE, "ANY").message
    assert {r.rdtype for r in everything.answer} == {
        dns.rdatatype.SOA, dns.rdatatype.NS}


def test_large_answers_and_edns(ddnsd):
    texts = [f"add big 60 TXT {'x' * 100}{i}" for i in range(40)]
    assert send(ddnsd, update(*texts), ddnsd.key, tcp=True) == "NOERROR"
    assert ask(ddnsd.dns, f"big.{ZONE}", "TXT").tc
    assert len(ask(ddnsd.dns, f"big.{ZONE}", "TXT", tcp=True).values) == 40

    query = dns.message.make_query(f"big.{ZONE}", "TXT", use_edns=0,
                                   payload=4096)
    reply = w.send_udp(ddnsd.dns, query.to_wire())
    assert len(reply) <= 1232 and w.read(reply).edns == 0
    query = dns.message.make_query(ZONE, "SOA")
    query.use_edns(1)
    reply = dns.query.udp(query, "127.0.0.1", port=ddnsd.dns, timeout=3)
    assert reply.rcode() == dns.rcode.BADVERS
    query = dns.message.make_query(ZONE, "SOA")
    assert w.read(w.send_udp(ddnsd.dns, query.to_wire())).edns == -1
    # signed and too big: question, TC and TSIG only
    query = dns.message.make_query(f"big.{ZONE}", "TXT")
    query.use_tsig(ddnsd.key.keyring(), ddnsd.key.name,
                   algorithm=ddnsd.key.algorithm)
    wire = w.send_udp(ddnsd.dns, query.to_wire())
    reply = w.read(wire, ddnsd.key, query.mac)
    assert reply.flags & dns.flags.TC and not reply.answer and reply.had_tsig
    assert len(wire) <= 512


def test_update_with_edns_is_answered_with_edns(ddnsd):
    message = dns.update.UpdateMessage(ZONE)
    message.add("edns", 60, "A", "192.0.2.1")
    message.use_edns(0, payload=1232)
    message.use_tsig(ddnsd.key.keyring(), ddnsd.key.name,
                     algorithm=ddnsd.key.algorithm)
    reply = dns.query.udp(message, "127.0.0.1", port=ddnsd.dns, timeout=3)
    assert reply.rcode() == 0 and reply.edns == 0


def test_ipv6(work):
    needs(programs.ddnsd, programs.ddnsctl)
    server = Ddnsd(work, dns=True)
    server.options["dns-listen"] = [f"[::1]:{server.dns}",
                                    f"127.0.0.1:{server.dns}"]
    server.write()
    server.ctl("zone", "add", ZONE, "--ns", f"ns1.{ZONE}")
    server.ctl("account", "add", "alice")
    key = add_key(server, work, "six-key", f"subtree {ZONE} ANY")
    server.start()
    for host in ("::1", "127.0.0.1"):
        for post in (w.send_udp, w.send_tcp):
            wire, _ = w.sign(update("add six 60 AAAA 2001:db8::1"), key)
            assert w.rcode(post(server.dns, wire, host=host)) == "NOERROR"
    sources = {r["source"] for r in server.ctl.log("--host", f"six.{ZONE}")}
    assert "::1" in sources


# ---- transfers ----

def axfr(server, key):
    zone = dns.zone.Zone(ZONE, relativize=False)
    query, _ = dns.xfr.make_query(zone)
    query.use_tsig(key.keyring(), key.name, algorithm=key.algorithm)
    dns.query.inbound_xfr("127.0.0.1", zone, query, port=server.dns,
                          timeout=10)
    return zone


def content(zone):
    return {(name.to_text(), rdataset.rdtype, rdataset.ttl, rdata)
            for name, rdataset in zone.iterate_rdatasets()
            for rdata in rdataset}


def copy(zone):
    """With the transactions that dnspython's IXFR wants."""
    return dns.zone.from_text(zone.to_text(relativize=False), ZONE,
                              relativize=False)


def ixfr(server, key, zone):
    query, _ = dns.xfr.make_query(zone)
    query.use_tsig(key.keyring(), key.name, algorithm=key.algorithm)
    dns.query.inbound_xfr("127.0.0.1", zone, query, port=server.dns,
                          timeout=10)
    return zone


def rcode_of_transfer(server, kind, key=None, tcp=True):
    query = dns.message.make_query(ZONE, kind)
    if kind == "IXFR":
        query.authority.append(dns.rrset.from_text(
            ZONE + ".", 0, "IN", "SOA", ". . 1 0 0 0 0"))
    if key:
        query.use_tsig(key.keyring(), key.name, algorithm=key.algorithm)
    post = w.send_tcp if tcp else w.send_udp
    return w.rcode(post(server.dns, query.to_wire()))


def test_transfers_need_a_key_that_may(work, ddnsd):
    plain = add_key(ddnsd, work, "plain-key", f"subtree {ZONE} ANY")
    for kind in ("AXFR", "IXFR"):
        assert rcode_of_transfer(ddnsd, kind) == "REFUSED"
        assert rcode_of_transfer(ddnsd, kind, plain) == "REFUSED"
        assert rcode_of_transfer(ddnsd, kind, ddnsd.key) == "NOERROR"
    assert rcode_of_transfer(ddnsd, "AXFR", ddnsd.key, tcp=False) == "FORMERR"
    assert rcode_of_transfer(ddnsd, "IXFR", ddnsd.key, tcp=False) == "NOERROR"


def test_axfr_of_many_messages_has_all(ddnsd):
    for start in range(0, 2000, 500):
        assert send(ddnsd, update(*(
            f"add n{i} 60 TXT {'x' * 60}{i}"
            for i in range(start, start + 500))),
            ddnsd.key, tcp=True) == "NOERROR"
    zone = axfr(ddnsd, ddnsd.key)
    assert len(content(zone)) == 2002
    again = ddnsd.ctl.json("record", "list", ZONE)
    assert len([r for r in again if r["type"] == "TXT"]) == 2000


def random_update(dice, names):
    """Some changes, as many no-ops and contradictions among them."""
    lines = []
    for _ in range(dice.randrange(1, 6)):
        name = dice.choice(names)
        address = f"192.0.2.{dice.randrange(6)}"
        lines.append(dice.choice((
            f"add {name} {dice.choice((60, 60, 61))} A {address}",
            f"add {name} 60 A {address}", f"delete {name} A {address}",
            f"add {name} 60 TXT t{dice.randrange(4)}", f"delete {name} TXT",
            f"delete {name}", f"add {name} 60 CNAME c{dice.randrange(3)}."
            "example.", f"delete {name} CNAME",
            f"add @ 60 NS ns{dice.randrange(3)}.example.")))
    return update(*lines)


@pytest.mark.parametrize("seed", range(4))
def test_ixfr_between_any_two_serials_gives_axfr(ddnsd, seed):
    """Snapshots by AXFR on the way; from each of them IXFR leads to the
    last, whether the updates came alone or shared commits."""
    dice = random.Random(seed)
    names = [f"r{i}" for i in range(6)] + ["r0.r1", "*.r2"]
    snapshots = [axfr(ddnsd, ddnsd.key)]
    for _ in range(12):
        if dice.random() < 0.5:
            for _ in range(dice.randrange(1, 4)):
                assert send(ddnsd, random_update(dice, names),
                            ddnsd.key) == "NOERROR"
        else:
            with w.Tcp(ddnsd.dns) as tcp:
                count = dice.randrange(2, 30)
                for _ in range(count):
                    tcp.send(w.sign(random_update(dice, names),
                                    ddnsd.key)[0])
                for _ in range(count):
                    assert w.rcode(tcp.receive()) == "NOERROR"
        snapshots.append(axfr(ddnsd, ddnsd.key))
    last = content(snapshots[-1])
    for snapshot in snapshots:
        assert content(ixfr(ddnsd, ddnsd.key, copy(snapshot))) == last
    # and the way is told step by step, not as one AXFR
    assert steps(ddnsd, ddnsd.key, serial(snapshots[0])) > 12


def serial(zone):
    return zone.get_rdataset(zone.origin, "SOA")[0].serial


def answers(server, key, serial_from):
    """All RRs of an IXFR answer."""
    query = dns.message.make_query(ZONE, "IXFR")
    query.authority.append(dns.rrset.from_text(
        ZONE + ".", 0, "IN", "SOA", f". . {serial_from} 0 0 0 0"))
    query.use_tsig(key.keyring(), key.name, algorithm=key.algorithm)
    with w.Tcp(server.dns) as tcp:
        tcp.send(query.to_wire())
        got, soas, context = [], 0, None
        while True:
            message = dns.message.from_wire(
                tcp.receive(), keyring=key.keyring(), request_mac=query.mac,
                xfr=True, one_rr_per_rrset=True, tsig_ctx=context,
                multi=True)
            context = message.tsig_ctx
            assert message.had_tsig
            got += [(r.rdtype, r[0]) for r in message.answer]
            last = got[0][1].serial
            soas = sum(1 for kind, rdata in got if kind ==
                       dns.rdatatype.SOA and rdata.serial == last)
            first_only = len(got) == 1
            if first_only or soas >= (2 if got[1][0] != dns.rdatatype.SOA
                                      else 3):
                return got


def steps(server, key, serial_from):
    got = answers(server, key, serial_from)
    return (sum(1 for kind, _ in got if kind == dns.rdatatype.SOA) - 2) / 2


def test_ixfr_up_to_date_too_old_and_from_the_future(ddnsd):
    assert send(ddnsd, update("add a 60 A 192.0.2.1"), ddnsd.key) == "NOERROR"
    now = serial_of(ddnsd)
    assert len(answers(ddnsd, ddnsd.key, now)) == 1
    assert len(answers(ddnsd, ddnsd.key, now + 5)) == 1
    got = answers(ddnsd, ddnsd.key, now - 100000)  # no history: as AXFR
    assert [kind for kind, _ in got].count(dns.rdatatype.SOA) == 2
    assert got[1][0] != dns.rdatatype.SOA


def test_a_client_that_stops_reading_a_transfer_holds_nobody(ddnsd):
    for start in range(0, 20000, 1000):
        assert send(ddnsd, update(*(f"add n{i} 60 A 192.0.2.1" for i in
                                    range(start, start + 1000))),
                    ddnsd.key, tcp=True) == "NOERROR"
    query = dns.message.make_query(ZONE, "AXFR")
    query.use_tsig(ddnsd.key.keyring(), ddnsd.key.name,
                   algorithm=ddnsd.key.algorithm)
    stuck = [w.Tcp(ddnsd.dns) for _ in range(12)]
    for tcp in stuck:
        tcp.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        tcp.send(query.to_wire())
    start = time.monotonic()
    assert send(ddnsd, update("add z 60 A 192.0.2.1"), ddnsd.key) == "NOERROR"
    assert time.monotonic() - start < 2
    assert ddnsd.end() == 0  # and it ends at once
    assert time.monotonic() - start < 8
    for tcp in stuck:
        tcp.socket.close()
