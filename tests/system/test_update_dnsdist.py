# SPDX-License-Identifier: BSD-3-Clause
"""Updates that reach port 53 of the server that the zone's SOA names: dnsdist
in front, with the rules of etc/dnsdist-ddns.conf, PowerDNS and ddnsd behind."""

import subprocess

import dns.exception
import pytest

from ddnstest import Programs, TsigKey, ask, free_port, needs, wait_until
from ddnstest.proc import TOP

DNSDIST = Programs.find("dnsdist")
NSUPDATE = Programs.find("nsupdate")


@pytest.fixture
def front(work, make_stack):
    """(stack, port of dnsdist, key)"""
    needs(DNSDIST, NSUPDATE)
    stack = make_stack(dns=True, resolvers=())
    key = TsigKey(work, name="up-key")
    stack.ctl("key", "add", key.name, "--account", "alice", "--secret-file",
              key.file, "--grant", "subtree h1.dyn.test A,AAAA,TXT")
    port = free_port()
    text = (TOP / "etc/dnsdist-ddns.conf").read_text()
    for old, new in (("192.0.2.53:53", f"127.0.0.1:{port}"),
                     ("127.0.0.1:5300", f"127.0.0.1:{stack.pdns.port}"),
                     ("127.0.0.1:5353", f"127.0.0.1:{stack.ddnsd.dns}"),
                     ("dyn.example.", "dyn.test.")):
        assert old in text
        text = text.replace(old, new)
    conf = work.write("dnsdist.conf",
                      text + 'setSecurityPollSuffix("")\n')
    process = work.spawn([DNSDIST, "--supervised", "--disable-syslog", "-C",
                          conf], log="dnsdist.log")

    def answers():
        try:
            return ask(port, "dyn.test", "SOA",
                       timeout=0.5).rcode == "NOERROR"
        except (dns.exception.Timeout, OSError):
            return False
    process.ready(answers)
    return stack, port, key


def nsupdate(key, text, *options):
    return subprocess.run(
        [NSUPDATE, "-y", f"{key.algorithm}:{key.name}:{key.secret}",
         *options], input=text, text=True, capture_output=True, timeout=30,
        check=False)


@pytest.mark.parametrize("options", [(), ("-v",)], ids=["udp", "tcp"])
def test_update_through_port_53_ends_in_ddnsd(front, options):
    stack, port, key = front
    done = nsupdate(key, f"""server 127.0.0.1 {port}
update delete h1.dyn.test A
update add h1.dyn.test 60 A 192.0.2.77
send
""", *options)
    assert done.returncode == 0, done.stderr
    # PowerDNS behind the same port gives it
    wait_until(lambda: ask(port, "h1.dyn.test") == "192.0.2.77", 2)
    row = stack.ctl.log("--host", "h1.dyn.test")[-1]
    assert row["credential"] == key.name
    assert row["protocol"] == "update"


def test_grants_hold_name_by_name_behind_port_53(front):
    stack, port, key = front
    done = nsupdate(key, f"""server 127.0.0.1 {port}
update add h2.dyn.test 60 A 192.0.2.77
send
""")
    assert "REFUSED" in done.stderr, done.stderr
    assert stack.pdns.ask("h2.dyn.test").nodata
    row = wait_until(lambda: [r for r in stack.ctl.log(
        "--host", "h2.dyn.test") if r["result"] == "REFUSED"], 5)[0]
    assert row["credential"] == key.name


def test_unsigned_update_is_refused_behind_port_53(front):
    stack, port, _ = front
    done = subprocess.run([NSUPDATE], input=f"""server 127.0.0.1 {port}
zone dyn.test
update add h1.dyn.test 60 A 192.0.2.77
send
""", text=True, capture_output=True, timeout=30, check=False)
    assert "REFUSED" in done.stderr, done.stderr
    assert stack.pdns.ask("h1.dyn.test").nodata
