# SPDX-License-Identifier: BSD-3-Clause
"""curl, unmodified, over HTTPS with a private authority: every return code."""

import sqlite3
import subprocess

import pytest

from ddnstest import Programs, needs
from ddnstest.web import Web

CURL = Programs.find("curl")


@pytest.fixture
def web(work, authority):
    needs(CURL)
    return Web(work, authority).start()


def curl(web, query, token=None, timeout=30):
    """(HTTP status, body) of GET /nic/update as curl says."""
    done = subprocess.run(
        [CURL, "-sS", "--cacert", web.ddnsd.ca, "-u",
         f"router:{token or web.token}", "-w", "%{http_code}",
         f"https://127.0.0.1:{web.ddnsd.https}/nic/update?{query}"],
        capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def test_every_return_code(web):
    web.add_host("off", "--disable")
    web.add_host("plain", "--ttl", "60")
    web.ctl("token", "create", "narrow", "--account", "alice", "--host",
            "home.dyn.test", "--types", "A")
    narrow = web.ctl("token", "rotate", "narrow")
    home = "hostname=home.dyn.test"
    many = ",".join(f"h{i}.dyn.test" for i in range(21))

    assert curl(web, f"{home}&myip=192.0.2.1") == (200, "good 192.0.2.1")
    assert curl(web, f"{home}&myip=192.0.2.1") == (200, "nochg 192.0.2.1")
    assert curl(web, f"{home}&myip=192.0.2.2,2001:db8::2") \
        == (200, "good 192.0.2.2,2001:db8::2")
    assert curl(web, f"{home}&myip=192.0.2.1", "wrong") == (401, "badauth")
    assert curl(web, "hostname=nobody.dyn.test") == (200, "nohost")
    assert curl(web, "hostname=cam.dyn.test", narrow) == (200, "nohost")
    assert curl(web, "hostname=home") == (200, "notfqdn")
    assert curl(web, f"hostname={many}") == (200, "numhost")
    assert curl(web, f"{home}&myip=nonsense") == (200, "dnserr")
    assert curl(web, "hostname=plain.dyn.test&myip=10.0.0.1") \
        == (200, "dnserr")
    assert curl(web, f"{home}&offline=YES", narrow) == (200, "!donator")
    assert curl(web, "hostname=off.dyn.test") == (403, "abuse")
    assert curl(web, "hostname=home.dyn.test,nobody.dyn.test&myip=192.0.2.2") \
        == (200, "nochg 192.0.2.2\nnohost")
    assert web.addresses("home") == ["192.0.2.2", "2001:db8::2"]


def test_what_cannot_be_stored_is_911_and_passes(web):
    query = "hostname=home.dyn.test&myip=192.0.2.9"
    other = sqlite3.connect(web.ddnsd.store, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # another program holds the store
    try:
        assert curl(web, query, timeout=60) == (503, "911")
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert web.addresses("home") == []
    assert curl(web, query) == (200, "good 192.0.2.9")
    assert web.addresses("home") == ["192.0.2.9"]
