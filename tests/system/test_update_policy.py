# SPDX-License-Identifier: BSD-3-Clause
"""The policy of a registered host holds for DNS UPDATE as for HTTP."""

import dns.message
import dns.query
import dns.rcode
import dns.update

from ddnstest import Ddnsd, TsigKey, needs, programs, wait_until

ZONE = "dyn.test"
HOST = f"h1.{ZONE}"


def start(work):
    """(ddnsd, key): the key may change all names of the zone."""
    needs(programs.ddnsd, programs.ddnsctl)
    ddnsd = Ddnsd(work, dns=True)
    ctl = ddnsd.ctl
    ctl("zone", "add", ZONE, "--ns", f"ns1.{ZONE}")
    ctl("account", "add", "alice")
    ctl("host", "add", HOST, "--account", "alice", "--allow-special")
    key = TsigKey(work, name="up-key")
    ctl("key", "add", key.name, "--account", "alice", "--secret-file",
        key.file, "--grant", f"subtree {ZONE} ANY")
    return ddnsd.start(), key


def message(key, *changes):
    made = dns.update.UpdateMessage(ZONE)
    made.use_tsig(keyring=key.keyring(), keyname=key.name,
                  algorithm=key.algorithm)
    for change in changes:
        made.add(*change)
    return made


def send(ddnsd, made):
    return dns.rcode.to_text(dns.query.udp(
        made, "127.0.0.1", port=ddnsd.dns, timeout=5).rcode())


def newest(ddnsd, result):
    return wait_until(lambda: [row for row in ddnsd.ctl.log(
        "--host", HOST) if row["result"] == result], 5)[-1]


def test_policy_of_a_host_holds_for_keys_too(work):
    ddnsd, key = start(work)
    assert send(ddnsd, message(key, (HOST + ".", 60, "A", "192.0.2.1"))) \
        == "NOERROR"
    # one address that is not allowed refuses the whole message
    assert send(ddnsd, message(key, ("x", 60, "TXT", "x"),
                               (HOST + ".", 60, "A", "10.0.0.1"))) \
        == "REFUSED"
    ask = dns.message.make_query(f"x.{ZONE}", "TXT")
    assert dns.query.udp(ask, "127.0.0.1", port=ddnsd.dns,
                         timeout=5).rcode() == dns.rcode.NXDOMAIN
    # a name that is no host has no policy: a DHCP server's, say
    assert send(ddnsd, message(key, ("laptop", 60, "A", "10.0.0.2"))) \
        == "NOERROR"
    assert ddnsd.ctl.json("host", "show", HOST)["a"] == ["192.0.2.1"]

    done = ddnsd.ctl.run("why", key.name, HOST, "A", "10.0.0.1", check=False)
    assert done.returncode == 1 and "private" in done.stdout


def test_disabled_host_takes_nothing_at_once(work):
    ddnsd, key = start(work)
    change = (HOST + ".", 60, "A", "192.0.2.1")
    ddnsd.ctl("host", "set", HOST, "--disable")
    assert send(ddnsd, message(key, change)) == "REFUSED"
    row = newest(ddnsd, "REFUSED")
    assert (row["credential"], row["protocol"]) == (key.name, "update")
    assert "disabled" in row["reason"]
    ddnsd.ctl("host", "set", HOST, "--enable")
    assert send(ddnsd, message(key, change)) == "NOERROR"
