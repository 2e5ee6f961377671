# SPDX-License-Identifier: BSD-3-Clause
"""The Unbound module drops what changed, and only that."""

import pytest

import dns.rcode

from ddnstest import Unbound, notify
from ddnstest.auth import ScriptedAuth

ZONE = "dyn.test"
HOST = "h." + ZONE


@pytest.fixture
def auth():
    server = ScriptedAuth(ZONE, "other.test")
    yield server
    server.end()


@pytest.fixture
def make_unbound(work, auth):
    def make(**options):
        options.setdefault("zones", {ZONE: 0})
        unbound = Unbound(work, {ZONE: auth.port, "other.test": auth.port},
                          **options)
        return unbound.start()
    return make


@pytest.fixture
def unbound(make_unbound):
    return make_unbound()


def tell(unbound, name, kind="A", **options):
    reply = notify(unbound.notify_port, name, kind, unbound.key, **options)
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.had_tsig
    return reply


def test_changed_address_is_answered_after_the_acknowledgement(auth, unbound):
    auth.set(HOST, "A", "192.0.2.1")
    assert unbound.ask(HOST).values == ["192.0.2.1"]
    auth.set(HOST, "A", "192.0.2.2")
    assert unbound.ask(HOST).values == ["192.0.2.1"]  # cached: the test tests
    tell(unbound, HOST)
    assert unbound.ask(HOST).values == ["192.0.2.2"]
