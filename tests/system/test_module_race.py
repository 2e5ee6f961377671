# SPDX-License-Identifier: BSD-3-Clause
"""Lookups under way while a change is announced.

The authoritative server decides on an answer when it is asked and sends it
when the test says: so each race is made on purpose, not waited for.
"""

import concurrent.futures
import time

import pytest

import dns.flags
import dns.rcode

from ddnstest import Unbound, notify, wait_until
from ddnstest.auth import ScriptedAuth

ZONE = "dyn.test"
HOST = "h." + ZONE
ALIAS = "alias.other.test"
OLD, NEW = ["192.0.2.1"], ["192.0.2.2"]
ORDERS = ["dynlib validator iterator", "dynlib iterator",
          "dynlib subnetcache validator iterator",
          "dns64 dynlib validator iterator"]
HOLD = 0.25  # less than the 376 ms after which Unbound asks again ...
HOLD_KNOWN = 0.045  # ... a server that it does not know, or 50 ms


@pytest.fixture
def auth():
    server = ScriptedAuth(ZONE, "other.test")
    server.set(HOST, "A", *OLD)
    server.set(ALIAS, "CNAME", HOST + ".")
    yield server
    server.end()


@pytest.fixture
def make_unbound(work, auth):
    def make(threads=1, zones=None, **options):
        return Unbound(work, {ZONE: auth.port, "other.test": auth.port},
                       zones=zones or {ZONE: 0}, threads=threads,
                       **options).start()
    return make


@pytest.fixture
def later():
    """later(function, ...): call it now, take .result() when it is there."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        yield pool.submit


def tell(unbound, name=HOST, kind="A"):
    reply = notify(unbound.notify_port, name, kind, unbound.key)
    assert reply.rcode() == dns.rcode.NOERROR


def change(auth, unbound):
    auth.set(HOST, "A", *NEW)
    tell(unbound)


@pytest.mark.parametrize("order", ORDERS)
def test_answer_on_its_way_is_neither_cached_nor_given(auth, make_unbound,
                                                       later, order):
    unbound = make_unbound(module_config=order)
    auth.delay(HOLD, HOST, "A", times=1)
    waiting = later(unbound.ask, HOST)
    auth.wait_asked(HOST, "A")
    change(auth, unbound)
    after = later(unbound.ask, HOST)  # joins the lookup under way
    assert waiting.result().values == NEW
    assert after.result().values == NEW
    asked = auth.asked(HOST, "A")
    assert unbound.ask(HOST).values == NEW
    assert auth.asked(HOST, "A") == asked  # from the cache


def test_answer_on_its_way_to_a_question_for_an_alias(auth, make_unbound,
                                                      later):
    unbound = make_unbound(threads=2)
    auth.delay(HOLD, HOST, "A", times=1)
    waiting = later(unbound.ask, ALIAS)
    auth.wait_asked(HOST, "A")
    change(auth, unbound)
    assert waiting.result().values == NEW
    for name in (ALIAS, HOST):
        assert unbound.ask(name).values == NEW


@pytest.mark.parametrize("zones", ["stub", "forward"])
def test_question_after_it_does_not_share_an_older_query(auth, work, later,
                                                         zones):
    """Unbound lets two lookups that ask the same share one packet: here one
    for the alias, which has left before the change, and one for the host,
    which begins after it.  One thread, since threads share nothing."""
    unbound = Unbound(
        work, {}, zones={ZONE: 0}, threads=1,
        server='\tdomain-insecure: "test"\n',
        more="".join(f'{zones}-zone:\n\tname: "{zone}"\n'
                     f"\t{zones}-addr: 127.0.0.1@{auth.port}\n"
                     for zone in (ZONE, "other.test"))).start()
    auth.delay(HOLD, HOST, "A", times=1)
    waiting = later(unbound.ask, ALIAS)
    auth.wait_asked(HOST, "A")
    change(auth, unbound)
    assert unbound.ask(HOST).values == NEW
    assert waiting.result().values == NEW
    assert unbound.ask(HOST).values == NEW


def test_prefetch_on_its_way(auth, make_unbound):
    unbound = make_unbound(zones={ZONE: 10}, server="\tprefetch: yes\n")
    assert unbound.ask(HOST).values == OLD
    asked = auth.asked(HOST, "A")
    auth.delay(HOLD_KNOWN, HOST, "A", times=1)
    time.sleep(8.8)
    # in its last second the entry is answered and asked again
    while auth.asked(HOST, "A") == asked:
        assert unbound.ask(HOST).values == OLD
    change(auth, unbound)
    assert unbound.ask(HOST).values == NEW
    # and the prefetch must not put the old one back
    wait_until(lambda: not auth.heap, what="held answer sent")
    for _ in range(20):
        assert unbound.ask(HOST).values == NEW


@pytest.mark.parametrize("kind", ["A", "AAAA", "TXT"])
def test_negative_answer_on_its_way(auth, make_unbound, later, kind):
    value = {"A": "192.0.2.9", "AAAA": "2001:db8::9", "TXT": '"new"'}[kind]
    unbound = make_unbound()
    auth.delay(HOLD, "new." + ZONE, kind, times=1)
    waiting = later(unbound.ask, "new." + ZONE, kind)
    auth.wait_asked("new." + ZONE, kind)
    auth.set("new." + ZONE, kind, value)
    tell(unbound, "new." + ZONE, kind)
    assert waiting.result().values == [value]
    assert unbound.ask("new." + ZONE, kind).values == [value]


def test_alias_of_a_name_that_comes_into_being_meanwhile(auth, make_unbound,
                                                         later):
    auth.set("a2.other.test", "CNAME", "new." + ZONE + ".")
    unbound = make_unbound()
    auth.delay(HOLD, "new." + ZONE, "A", times=1)
    waiting = later(unbound.ask, "a2.other.test")
    auth.wait_asked("new." + ZONE, "A")
    auth.set("new." + ZONE, "A", "192.0.2.9")
    tell(unbound, "new." + ZONE)
    assert waiting.result().values == ["192.0.2.9"]
    assert unbound.ask("a2.other.test").values == ["192.0.2.9"]


def test_whole_zone_while_an_answer_is_on_its_way(auth, make_unbound, later):
    unbound = make_unbound()
    auth.delay(HOLD, HOST, "A", times=1)
    waiting = later(unbound.ask, HOST)
    auth.wait_asked(HOST, "A")
    auth.set(HOST, "A", *NEW)
    tell(unbound, ZONE, "SOA")
    assert waiting.result().values == NEW
    assert unbound.ask(HOST).values == NEW


def test_name_above_a_created_one(auth, make_unbound, later):
    """It was "no such name" when it was asked, and is an empty one now."""
    unbound = make_unbound()
    auth.delay(HOLD, "x." + ZONE, "A", times=1)
    waiting = later(unbound.ask, "x." + ZONE)
    auth.wait_asked("x." + ZONE, "A")
    auth.set("y.x." + ZONE, "A", "192.0.2.9")
    tell(unbound, "y.x." + ZONE)
    for answer in (waiting.result(), unbound.ask("x." + ZONE)):
        assert answer.rcode == "NOERROR" and answer.values == []


@pytest.fixture
def signed(work):
    server = ScriptedAuth(ZONE, signed=[ZONE])
    for name in ("a", "h", "z"):
        server.set(f"{name}.{ZONE}", "A", *OLD)
    unbound = Unbound(
        work, {}, zones={ZONE: 0}, threads=1,
        server=f'\ttrust-anchor: "{server.anchor(ZONE)}"\n'
        "\taggressive-nsec: yes\n\tqname-minimisation: no\n",
        more=f'stub-zone:\n\tname: "{ZONE}"\n'
        f"\tstub-addr: 127.0.0.1@{server.port}\n").start()
    yield server, unbound
    server.end()


def test_slow_key_for_the_validator(signed, later):
    """The validator stores once more when it has the key, long after the
    answer came; so the module must stand before it."""
    auth, unbound = signed
    auth.delay(HOLD, ZONE, "DNSKEY", times=1)
    waiting = later(unbound.ask, HOST, dnssec=True)
    auth.wait_asked(ZONE, "DNSKEY")
    assert auth.asked(HOST, "A") > 0
    change(auth, unbound)
    for answer in (waiting.result(), unbound.ask(HOST, dnssec=True)):
        assert answer.values == NEW
        assert answer.message.flags & dns.flags.AD


def test_proof_on_its_way_does_not_deny_a_new_name(signed, later):
    """The answer to another question, "nothing between h and z", is right,
    but must not be kept: m came into being."""
    auth, unbound = signed
    auth.delay(HOLD, "k." + ZONE, times=1)
    waiting = later(unbound.ask, "k." + ZONE, dnssec=True)
    auth.wait_asked("k." + ZONE)
    auth.set("m." + ZONE, "A", "192.0.2.9")
    tell(unbound, "m." + ZONE)
    assert waiting.result().rcode == "NXDOMAIN"
    answer = unbound.ask("m." + ZONE, dnssec=True)
    assert answer.values == ["192.0.2.9"]
    assert answer.message.flags & dns.flags.AD


def test_name_that_changes_faster_than_it_is_asked(auth, make_unbound, later):
    """Every answer is old when it comes: nobody waits for ever, and nothing
    old is cached."""
    unbound = make_unbound()
    auth.delay(0.05, HOST, "A")
    waiting = later(unbound.ask, HOST)
    version = 1
    while not waiting.done():
        version += 1
        auth.set(HOST, "A", f"192.0.2.{version % 250 + 1}")
        tell(unbound)
    assert waiting.result().rcode == "NOERROR"
    assert waiting.result().ms < 2000
    del auth.delays[:]
    auth.set(HOST, "A", "192.0.2.254")
    tell(unbound)
    assert unbound.ask(HOST).values == ["192.0.2.254"]
