# SPDX-License-Identifier: BSD-3-Clause
"""The Unbound module drops what changed, whatever kind of answer held it,
and nothing else."""

import socket
import time

import pytest

import dns.flags
import dns.message
import dns.name
import dns.rcode

from ddnstest import (TsigKey, Unbound, notify, notify_message, render,
                      send_udp)
from ddnstest.auth import ScriptedAuth

ZONE = "dyn.test"
HOST = "h." + ZONE
STAR = "*.w." + ZONE
ALIAS = "alias.other.test"


@pytest.fixture
def auth():
    server = ScriptedAuth(ZONE, "other.test")
    server.set(HOST, "A", "192.0.2.1")
    server.set(ALIAS, "CNAME", HOST + ".")
    yield server
    server.end()


@pytest.fixture
def make_unbound(work, auth):
    def make(**options):
        options.setdefault("zones", {ZONE: 0})
        return Unbound(work, {ZONE: auth.port, "other.test": auth.port},
                       **options).start()
    return make


@pytest.fixture
def unbound(make_unbound):
    return make_unbound()


@pytest.fixture
def still(unbound):
    """still(name, kind, values): that is what the cache answers."""
    def check(name, kind="A", values=(), rcode="NOERROR"):
        answer = unbound.ask(name, kind)
        assert answer.values == list(values)
        assert answer.rcode == rcode
    return check


def tell(unbound, name, kind="A", **options):
    reply = notify(unbound.notify_port, name, kind, unbound.key, **options)
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.had_tsig
    assert reply.flags & dns.flags.QR
    return reply


def refuse(unbound, message, rcode, **options):
    """Unsigned, and the cache stays as it is."""
    wire = message if isinstance(message, bytes) else render(message)
    reply = send_udp(unbound.notify_port, wire, **options)
    assert reply is not None
    reply = dns.message.from_wire(reply, continue_on_error=True,
                                  ignore_trailing=True)
    assert dns.rcode.to_text(reply.rcode()) == rcode
    return reply


# --- what goes ---

@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_changed_address(auth, unbound, still, tcp):
    still(HOST, values=["192.0.2.1"])
    auth.set(HOST, "A", "192.0.2.2")
    still(HOST, values=["192.0.2.1"])  # cached, or the test tests nothing
    tell(unbound, HOST, tcp=tcp)
    still(HOST, values=["192.0.2.2"])


def test_case_does_not_count(auth, unbound, still):
    still("H.dYn.Test", values=["192.0.2.1"])
    auth.set(HOST, "A", "192.0.2.2")
    tell(unbound, "h.DYN.test")
    still("h.dyn.TEST", values=["192.0.2.2"])


@pytest.mark.parametrize("flags", [{"cd": True}, {"dnssec": True},
                                   {"rd": False}])
def test_whatever_the_question_s_flags(auth, make_unbound, flags):
    unbound = make_unbound(
        server="\taccess-control: 127.0.0.0/8 allow_snoop\n")
    for kind, old, new in (("A", "192.0.2.1", "192.0.2.2"),
                           ("AAAA", "2001:db8::1", "2001:db8::2")):
        auth.set(HOST, kind, old)
        assert unbound.ask(HOST, kind).values == [old]
        assert unbound.ask(HOST, kind, **flags).values == [old]
        auth.set(HOST, kind, new)
        tell(unbound, HOST, kind)
        assert unbound.ask(HOST, kind, **flags).values == [new]
        assert unbound.ask(HOST, kind).values == [new]


def test_other_type_of_the_name_stays(auth, unbound, still):
    auth.set(HOST, "TXT", '"one"')
    still(HOST, values=["192.0.2.1"])
    still(HOST, "TXT", ['"one"'])
    auth.set(HOST, "TXT", '"two"')
    auth.set(HOST, "A", "192.0.2.2")
    tell(unbound, HOST, "A")
    still(HOST, "TXT", ['"one"'])
    tell(unbound, HOST, "TXT")
    still(HOST, "TXT", ['"two"'])


def test_other_name_stays(auth, unbound, still):
    auth.set("h2." + ZONE, "A", "192.0.2.1")
    still("h2." + ZONE, values=["192.0.2.1"])
    auth.set("h2." + ZONE, "A", "192.0.2.2")
    tell(unbound, HOST)
    still("h2." + ZONE, values=["192.0.2.1"])


def test_alias_in_another_zone(auth, unbound, still):
    still(ALIAS, values=["192.0.2.1"])
    auth.set(HOST, "A", "192.0.2.2")
    still(ALIAS, values=["192.0.2.1"])
    tell(unbound, HOST)
    still(ALIAS, values=["192.0.2.2"])


def test_chain_of_aliases(auth, unbound, still):
    auth.set("c1.other.test", "CNAME", "c2.dyn.test.")
    auth.set("c2.dyn.test", "CNAME", "c3.other.test.")
    auth.set("c3.other.test", "CNAME", HOST + ".")
    still("c1.other.test", values=["192.0.2.1"])
    auth.set(HOST, "A", "192.0.2.2")
    tell(unbound, HOST)
    still("c1.other.test", values=["192.0.2.2"])
    auth.set("h2." + ZONE, "A", "192.0.2.7")
    auth.set("c2.dyn.test", "CNAME", "h2.dyn.test.")
    tell(unbound, "c2.dyn.test", "CNAME")
    still("c1.other.test", values=["192.0.2.7"])


KINDS = {"A": "192.0.2.9", "AAAA": "2001:db8::9", "TXT": '"x"',
         "HTTPS": "1 . alpn=h2", "TYPE1234": "\\# 2 abcd"}


@pytest.mark.parametrize("asked", KINDS)
@pytest.mark.parametrize("created", ["A", "AAAA"])
def test_created_name_exists_for_every_type(auth, unbound, still, asked,
                                            created):
    """A name that was NXDOMAIN is at most NODATA once a type of it is
    there."""
    name = "new." + ZONE
    still(name, asked, rcode="NXDOMAIN")
    still(name, created, rcode="NXDOMAIN")
    auth.set(name, created, KINDS[created])
    tell(unbound, name, created)
    still(name, asked, [KINDS[asked]] if asked == created else [])
    still(name, created, [KINDS[created]])


@pytest.mark.parametrize("kind", KINDS)
def test_type_that_a_name_had_not(auth, unbound, still, kind):
    auth.set(HOST, "MX", "10 mail.dyn.test.")
    name = HOST if kind != "A" else ZONE
    still(name, kind)
    auth.set(name, kind, KINDS[kind])
    still(name, kind)
    tell(unbound, name, kind)
    answer = unbound.ask(name, kind)
    assert len(answer.values) == 1


def test_alias_of_a_name_that_comes_into_being(auth, unbound, still):
    auth.set("a2.other.test", "CNAME", "new.dyn.test.")
    still("a2.other.test", rcode="NXDOMAIN")
    auth.set("new.dyn.test", "A", "192.0.2.9")
    tell(unbound, "new.dyn.test")
    still("a2.other.test", values=["192.0.2.9"])


def test_name_above_the_created_one(auth, unbound, still):
    still("x." + ZONE, rcode="NXDOMAIN")
    auth.set("y.x." + ZONE, "A", "192.0.2.9")
    tell(unbound, "y.x." + ZONE)
    still("x." + ZONE)  # an empty non-terminal now


def test_deleted_type_and_deleted_name(auth, unbound, still):
    auth.set(HOST, "AAAA", "2001:db8::1")
    still(HOST, "A", ["192.0.2.1"])
    still(HOST, "AAAA", ["2001:db8::1"])
    auth.set(HOST, "AAAA")
    tell(unbound, HOST, "AAAA")
    still(HOST, "AAAA")
    auth.set(HOST, "A")
    tell(unbound, HOST, "A")
    still(HOST, "A", rcode="NXDOMAIN")
    still(ALIAS, "A", rcode="NXDOMAIN")


def test_alias_becomes_a_host_and_back(auth, unbound, still):
    auth.set("swap." + ZONE, "CNAME", HOST + ".")
    still("swap." + ZONE, values=["192.0.2.1"])
    auth.set("swap." + ZONE, "CNAME")
    auth.set("swap." + ZONE, "A", "192.0.2.5")
    tell(unbound, "swap." + ZONE, "A")
    still("swap." + ZONE, values=["192.0.2.5"])
    auth.set("swap." + ZONE, "A")
    auth.set("swap." + ZONE, "CNAME", HOST + ".")
    tell(unbound, "swap." + ZONE, "CNAME")
    still("swap." + ZONE, values=["192.0.2.1"])


def test_any_means_all_types_of_the_name(auth, unbound, still):
    auth.set(HOST, "TXT", '"one"')
    auth.set(HOST, "HTTPS", "1 . alpn=h2")
    for kind in ("A", "TXT", "HTTPS"):
        unbound.ask(HOST, kind)
    auth.set(HOST, "A", "192.0.2.2")
    auth.set(HOST, "TXT", '"two"')
    auth.set(HOST, "HTTPS", "2 . alpn=h3")
    tell(unbound, HOST, "ANY")
    still(HOST, "A", ["192.0.2.2"])
    still(HOST, "TXT", ['"two"'])
    assert unbound.ask(HOST, "HTTPS").values[0].startswith("2 .")


def test_question_for_any(auth, unbound):
    first = unbound.ask(HOST, "ANY", tcp=True)
    assert "192.0.2.1" in str(first.message)
    auth.set(HOST, "A", "192.0.2.2")
    tell(unbound, HOST, "A")
    again = unbound.ask(HOST, "ANY", tcp=True)
    assert "192.0.2.2" in str(again.message)
    assert "192.0.2.1" not in str(again.message)


def test_wildcard_means_all_that_it_made(auth, unbound, still):
    auth.set(STAR, "A", "192.0.2.1")
    names = [f"{i}.w.{ZONE}" for i in range(5)] + [f"a.b.w.{ZONE}"]
    for name in names:
        still(name, values=["192.0.2.1"])
    auth.set(STAR, "A", "192.0.2.2")
    tell(unbound, STAR)
    for name in names:
        still(name, values=["192.0.2.2"])


def test_name_beside_a_wildcard(auth, unbound, still):
    auth.set(STAR, "A", "192.0.2.1")
    still("n.w." + ZONE, values=["192.0.2.1"])
    auth.set("n.w." + ZONE, "A", "192.0.2.8")
    tell(unbound, "n.w." + ZONE)
    still("n.w." + ZONE, values=["192.0.2.8"])
    auth.set("n.w." + ZONE, "A")
    tell(unbound, "n.w." + ZONE)
    still("n.w." + ZONE, values=["192.0.2.1"])


def test_soa_means_the_whole_zone_and_no_other(auth, unbound, still):
    auth.set("o.other.test", "A", "192.0.2.1")
    names = [f"n{i}.{ZONE}" for i in range(300)]
    for name in names:
        auth.set(name, "A", "192.0.2.1")
        still(name, values=["192.0.2.1"])
    still("none." + ZONE, rcode="NXDOMAIN")
    still(ALIAS, values=["192.0.2.1"])
    still("o.other.test", values=["192.0.2.1"])
    for name in [*names, HOST, "none." + ZONE, "o.other.test"]:
        auth.set(name, "A", "192.0.2.2")
    tell(unbound, ZONE, "SOA")
    for name in [*names, HOST, "none." + ZONE, ALIAS]:
        still(name, values=["192.0.2.2"])
    still("o.other.test", values=["192.0.2.1"])


def test_names_are_served_while_a_zone_is_walked(auth, make_unbound):
    """A walk goes in steps; a name that is told meanwhile does not wait."""
    unbound = make_unbound(server="\trrset-cache-size: 256m\n"
                           "\tmsg-cache-size: 128m\n")
    auth.set(HOST, "A", "192.0.2.2")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(10)
        s.connect(("127.0.0.1", unbound.notify_port))
        zone = notify_message(ZONE, "SOA", unbound.key)
        host = notify_message(HOST, "A", unbound.key)
        s.send(render(zone))
        s.send(render(host))
        ids = [int.from_bytes(s.recv(4096)[:2], "big") for _ in range(2)]
    assert sorted(ids) == sorted([zone.id, host.id])


def test_soa_of_the_zone_is_fresh_too(auth, unbound, still):
    unbound.ask(ZONE, "SOA")
    auth.set(ZONE, "SOA", "ns.dyn.test. root.dyn.test. 2 3600 600 86400 60")
    assert " 1 3600 " in unbound.ask(ZONE, "SOA").values[0]
    tell(unbound, HOST, "A")
    assert " 2 3600 " in unbound.ask(ZONE, "SOA").values[0]


@pytest.mark.parametrize("order", ["dns64 dynlib validator iterator"])
def test_synthesised_addresses(auth, make_unbound, order):
    unbound = make_unbound(module_config=order)
    assert unbound.ask(HOST, "AAAA").values == ["64:ff9b::c000:201"]
    auth.set(HOST, "A", "192.0.2.2")
    tell(unbound, HOST, "A")
    assert unbound.ask(HOST, "AAAA").values == ["64:ff9b::c000:202"]


def test_what_the_subnet_module_keeps(auth, make_unbound):
    unbound = make_unbound(
        module_config="dynlib subnetcache validator iterator",
        server="\tsend-client-subnet: 127.0.0.1\n"
        "\tclient-subnet-always-forward: yes\n")
    assert unbound.ask(HOST).values == ["192.0.2.1"]
    auth.set(HOST, "A", "192.0.2.2")
    tell(unbound, HOST, "A")
    assert unbound.ask(HOST).values == ["192.0.2.2"]


@pytest.mark.parametrize("more", ["", "\tserve-expired-ttl: 60\n",
                                  "\tserve-expired-client-timeout: 1800\n"])
def test_expired_answers_do_not_come_back(auth, make_unbound, more):
    unbound = make_unbound(zones={ZONE: 1},
                           server="\tserve-expired: yes\n" + more)
    assert unbound.ask(HOST).values == ["192.0.2.1"]
    assert unbound.ask(ALIAS).values == ["192.0.2.1"]
    time.sleep(1.2)  # expired now, and still in the cache
    auth.set(HOST, "A", "192.0.2.2")
    tell(unbound, HOST, "A")
    assert unbound.ask(HOST).values == ["192.0.2.2"]
    assert unbound.ask(ALIAS).values == ["192.0.2.2"]


# --- DNSSEC ---

@pytest.fixture
def signed(work):
    server = ScriptedAuth(ZONE, signed=[ZONE])
    for name in ("a", "h", "z"):
        server.set(f"{name}.{ZONE}", "A", "192.0.2.1")
    unbound = Unbound(
        work, {}, zones={ZONE: 0},
        server=f'\ttrust-anchor: "{server.anchor(ZONE)}"\n'
        "\taggressive-nsec: yes\n",
        more=f'stub-zone:\n\tname: "{ZONE}"\n'
        f"\tstub-addr: 127.0.0.1@{server.port}\n").start()
    yield server, unbound
    server.end()


def secure(answer):
    return bool(answer.message.flags & dns.flags.AD)


def test_signed_address(signed):
    auth, unbound = signed
    assert secure(unbound.ask(HOST, dnssec=True))
    auth.set(HOST, "A", "192.0.2.2")
    tell(unbound, HOST)
    answer = unbound.ask(HOST, dnssec=True)
    assert answer.values == ["192.0.2.2"] and secure(answer)


def test_created_name_that_a_cached_nsec_denies(signed):
    """Unbound deduces from "nothing between h and z" that m does not exist,
    without ever having asked for it."""
    auth, unbound = signed
    assert unbound.ask("k." + ZONE, dnssec=True).rcode == "NXDOMAIN"
    answer = unbound.ask("m." + ZONE, dnssec=True)
    assert answer.rcode == "NXDOMAIN" and secure(answer)
    assert auth.asked("m." + ZONE) == 0  # deduced: the test tests
    auth.set("m." + ZONE, "A", "192.0.2.9")
    tell(unbound, "m." + ZONE)
    # the proof must not come back with another negative answer's SOA
    assert unbound.ask("b." + ZONE, dnssec=True).rcode == "NXDOMAIN"
    answer = unbound.ask("m." + ZONE, dnssec=True)
    assert answer.values == ["192.0.2.9"] and secure(answer)


def test_created_type_that_a_cached_nsec_denies(signed):
    auth, unbound = signed
    assert unbound.ask(HOST, "AAAA", dnssec=True).rcode == "NOERROR"
    assert unbound.ask(HOST, "TXT", dnssec=True).values == []
    auth.set(HOST, "TXT", '"x"')
    tell(unbound, HOST, "TXT")
    assert unbound.ask(HOST, "MX", dnssec=True).values == []
    assert unbound.ask(HOST, "TXT", dnssec=True).values == ['"x"']


# --- the cap ---

def test_ttl_is_capped_in_the_first_answer_and_in_cached_ones(auth,
                                                              make_unbound):
    unbound = make_unbound(zones={ZONE: 30})
    auth.set("o.other.test", "A", "192.0.2.1")
    for _ in range(2):
        for name, kind in ((HOST, "A"), (ALIAS, "A")):
            answer = unbound.ask(name, kind)
            a = [r for r in answer.message.answer if r.rdtype == 1][0]
            assert 0 < a.ttl <= 30
        negative = unbound.ask("none." + ZONE)
        assert negative.message.authority[0].ttl <= 30
        assert unbound.ask("o.other.test").ttl > 3000


def test_capped_answers_stay_secure(work, signed):
    auth, unbound = signed
    unbound.end()
    unbound.zones = {ZONE: 30}
    unbound.start()
    for _ in range(2):
        answer = unbound.ask(HOST, dnssec=True)
        assert secure(answer) and answer.ttl <= 30
        answer = unbound.ask("none." + ZONE, dnssec=True)
        assert secure(answer) and answer.rcode == "NXDOMAIN"


# --- who may, and what is answered ---

def test_same_datagram_twice_is_acknowledged_twice(auth, unbound):
    wire = render(notify_message(HOST, "A", unbound.key))
    first = send_udp(unbound.notify_port, wire)
    again = send_udp(unbound.notify_port, wire)
    for reply in (first, again):
        assert reply is not None and reply[3] & 15 == 0


def test_ipv6(auth, work):
    unbound = Unbound(work, {ZONE: auth.port}, allow=["127.0.0.0/8", "::1"])
    write = unbound.write

    def with_ipv6():
        write()
        text = unbound.module_conf.read_text()
        port = unbound.notify_port
        work.write(unbound.module_conf.name, text.replace(
            f'{{"127.0.0.1:{port}"}}', f'{{"127.0.0.1:{port}", '
            f'"[::1]:{port}", "127.0.0.2:{port}"}}'))
    unbound.write = with_ipv6
    unbound.start()
    for host, tcp in (("::1", False), ("::1", True), ("127.0.0.2", False)):
        assert unbound.ask(HOST).values
        auth.set(HOST, "A", f"192.0.2.{len(host)}")
        tell(unbound, HOST, host=host, tcp=tcp)
        assert unbound.ask(HOST).values == [f"192.0.2.{len(host)}"]


def test_unsigned_is_refused(auth, unbound, still):
    still(HOST, values=["192.0.2.1"])
    auth.set(HOST, "A", "192.0.2.2")
    reply = refuse(unbound, notify_message(HOST, "A"), "REFUSED")
    assert not reply.had_tsig
    refuse(unbound, notify_message(ZONE, "SOA"), "REFUSED")
    still(HOST, values=["192.0.2.1"])


def test_unknown_key(auth, unbound, still, work):
    still(HOST, values=["192.0.2.1"])
    auth.set(HOST, "A", "192.0.2.2")
    stranger = TsigKey(work, "stranger")
    wire = render(notify_message(HOST, "A", stranger))
    reply = send_udp(unbound.notify_port, wire)
    assert reply[3] & 15 == dns.rcode.NOTAUTH
    assert tsig_of(reply) == (b"", 17)  # BADKEY, no MAC
    still(HOST, values=["192.0.2.1"])


def tsig_of(wire):
    """(MAC, error) of the TSIG of an answer with one question."""
    assert wire[4:12] == bytes([0, 1, 0, 0, 0, 0, 0, 1])
    _, used = dns.name.from_wire(wire, 12)
    at = 12 + used + 4
    _, used = dns.name.from_wire(wire, at)
    at += used
    assert wire[at:at + 2] == b"\0\xfa"
    at += 10
    _, used = dns.name.from_wire(wire, at)
    at += used + 8
    size = int.from_bytes(wire[at:at + 2], "big")
    mac = wire[at + 2:at + 2 + size]
    at += 2 + size + 2
    return mac, int.from_bytes(wire[at:at + 2], "big")


def test_wrong_secret(auth, unbound, still, work):
    still(HOST, values=["192.0.2.1"])
    auth.set(HOST, "A", "192.0.2.2")
    forged = TsigKey(work, unbound.key.name)
    wire = render(notify_message(HOST, "A", forged))
    reply = send_udp(unbound.notify_port, wire)
    assert reply[3] & 15 == dns.rcode.NOTAUTH
    assert tsig_of(reply) == (b"", 16)  # BADSIG, no MAC
    still(HOST, values=["192.0.2.1"])


def test_changed_on_the_way(auth, unbound, still):
    still(HOST, values=["192.0.2.1"])
    auth.set(HOST, "A", "192.0.2.2")
    wire = bytearray(render(notify_message("g." + ZONE, "A", unbound.key)))
    wire[13] = ord("h")  # the question's first letter
    reply = send_udp(unbound.notify_port, bytes(wire))
    assert reply[3] & 15 == dns.rcode.NOTAUTH
    still(HOST, values=["192.0.2.1"])


@pytest.mark.parametrize("off", [-301, 301])
def test_too_old_or_from_the_future(auth, unbound, still, off):
    still(HOST, values=["192.0.2.1"])
    auth.set(HOST, "A", "192.0.2.2")
    wire = render(notify_message(HOST, "A", unbound.key),
                  when=time.time() + off)
    reply = send_udp(unbound.notify_port, wire)
    assert reply[3] & 15 == dns.rcode.NOTAUTH
    mac, error = tsig_of(reply)
    assert error == 18 and len(mac) == 32  # BADTIME, signed
    still(HOST, values=["192.0.2.1"])


def test_zone_that_is_not_configured(auth, unbound, still):
    still(ALIAS, values=["192.0.2.1"])
    auth.set(ALIAS, "CNAME", "h2.dyn.test.")
    reply = notify(unbound.notify_port, ALIAS, "CNAME", unbound.key)
    assert reply.rcode() == dns.rcode.REFUSED and reply.had_tsig
    reply = notify(unbound.notify_port, "test", "SOA", unbound.key)
    assert reply.rcode() == dns.rcode.REFUSED
    still(ALIAS, values=["192.0.2.1"])


def test_other_opcodes_and_nonsense(auth, unbound, still):
    still(HOST, values=["192.0.2.1"])
    auth.set(HOST, "A", "192.0.2.2")
    query = dns.message.make_query(HOST, "A")
    refuse(unbound, query.to_wire(), "NOTIMP")
    good = render(notify_message(HOST, "A", unbound.key))
    refuse(unbound, good[:-5], "FORMERR")
    refuse(unbound, good + b"xx", "FORMERR")
    answer = bytearray(good)
    answer[2] |= 0x80  # QR: no answer to answers
    assert send_udp(unbound.notify_port, bytes(answer), timeout=0.3) is None
    assert send_udp(unbound.notify_port, b"short", timeout=0.3) is None
    still(HOST, values=["192.0.2.1"])


def test_source_that_may_not_send(auth, make_unbound):
    unbound = make_unbound(allow=["192.0.2.0/24"])
    assert unbound.ask(HOST).values == ["192.0.2.1"]
    auth.set(HOST, "A", "192.0.2.2")
    wire = render(notify_message(HOST, "A", unbound.key))
    assert send_udp(unbound.notify_port, wire, timeout=0.3) is None
    with socket.create_connection(("127.0.0.1", unbound.notify_port)) as s:
        s.settimeout(3)
        s.sendall(len(wire).to_bytes(2, "big") + wire)
        try:
            assert s.recv(10) == b""
        except ConnectionResetError:
            pass
    assert unbound.ask(HOST).values == ["192.0.2.1"]


@pytest.mark.parametrize("algorithm", ["hmac-sha256", "hmac-sha384",
                                       "hmac-sha512"])
def test_algorithms(auth, make_unbound, work, algorithm):
    unbound = make_unbound(key=TsigKey(work, "k", algorithm))
    assert unbound.ask(HOST).values == ["192.0.2.1"]
    auth.set(HOST, "A", "192.0.2.2")
    tell(unbound, HOST)
    assert unbound.ask(HOST).values == ["192.0.2.2"]


# --- TCP ---

def test_several_requests_on_one_connection_in_pieces(auth, unbound):
    wire = b""
    ids = []
    for i in range(5):
        message = notify_message(f"n{i}." + ZONE, "A", unbound.key)
        ids.append(message.id)
        payload = render(message)
        wire += len(payload).to_bytes(2, "big") + payload
    with socket.create_connection(("127.0.0.1", unbound.notify_port)) as s:
        s.settimeout(5)
        for i in range(0, len(wire), 37):
            s.sendall(wire[i:i + 37])
        got = []
        data = b""
        while len(got) < 5:
            data += s.recv(4096)
            while len(data) >= 2 and len(data) >= 2 + int.from_bytes(
                    data[:2], "big"):
                size = int.from_bytes(data[:2], "big")
                got.append(int.from_bytes(data[2:4], "big"))
                data = data[2 + size:]
    assert got == ids


def test_idle_connections_do_not_lock_others_out(auth, unbound):
    idle = [socket.create_connection(("127.0.0.1", unbound.notify_port))
            for _ in range(40)]
    try:
        tell(unbound, HOST, tcp=True)
    finally:
        for s in idle:
            s.close()
