# SPDX-License-Identifier: BSD-3-Clause
"""Real senders, unmodified: nsupdate, knsupdate, Kea's D2, certbot's plug-in."""

import hashlib
import json
import re
import socket
import struct
import subprocess
import sys
import time

import dns.name
import dns.reversename
import pytest

from ddnstest import Ddnsd, Programs, ask, needs, programs, wait_until
from ddnstest.proc import TOP, free_port

ZONE = "dyn.test"
NSUPDATE = Programs.find("nsupdate")
KNSUPDATE = Programs.find("knsupdate")
D2 = Programs.find("kea-dhcp-ddns")
UNSHARE = Programs.find("unshare")
NSENTER = Programs.find("nsenter")


@pytest.fixture
def ddnsd(work):
    needs(programs.ddnsd, programs.ddnsctl)
    server = Ddnsd(work, dns=True)
    server.ctl("zone", "add", ZONE, "--ns", f"ns1.{ZONE}")
    server.ctl("account", "add", "alice")
    server.ctl("key", "add", "alice-key", "--account", "alice", "--grant",
               f"subtree {ZONE} ANY")
    return server.start()


def key_file(work, ddnsd, program):
    return work.write(f"key-for-{program}", ddnsd.ctl(
        "key", "export", "alice-key", "--for", program) + "\n")


def feed(argv, script, rcode=0):
    done = subprocess.run([str(a) for a in argv], input=script, text=True,
                          capture_output=True, timeout=30, check=False)
    assert done.returncode == rcode, done.stdout + done.stderr
    return done.stdout + done.stderr


# with and without TCP; with and without a zone line, which makes nsupdate
# look for the zone by a signed SOA query of the very name
@pytest.mark.parametrize("transport", [[], ["-v"]], ids=["udp", "tcp"])
@pytest.mark.parametrize("zone", [f"zone {ZONE}\n", ""],
                         ids=["zone", "no-zone"])
def test_nsupdate(work, ddnsd, transport, zone):
    needs(NSUPDATE)
    argv = [NSUPDATE, "-k", key_file(work, ddnsd, "nsupdate"), *transport]
    head = f"server 127.0.0.1 {ddnsd.dns}\n{zone}"
    feed(argv, head + f"""
prereq nxdomain host.deep.{ZONE}
update add host.deep.{ZONE} 60 A 192.0.2.1
update add host.deep.{ZONE} 60 TXT "{'x' * 200}" "{'y' * 200}"
send
""")
    assert ask(ddnsd.dns, f"host.deep.{ZONE}") == "192.0.2.1"
    out = feed(argv, head + f"""
prereq nxdomain host.deep.{ZONE}
update add host.deep.{ZONE} 60 A 192.0.2.2
send
""", rcode=2)
    assert "YXDOMAIN" in out
    feed(argv, head + f"""
prereq yxrrset host.deep.{ZONE} A 192.0.2.1
update delete host.deep.{ZONE} A
update add host.deep.{ZONE} 60 A 192.0.2.3
send
""")
    assert ask(ddnsd.dns, f"host.deep.{ZONE}") == "192.0.2.3"
    feed(argv, head + f"update delete host.deep.{ZONE}\nsend\n")
    assert ask(ddnsd.dns, f"host.deep.{ZONE}") == "NXDOMAIN"


def test_nsupdate_finds_the_server_by_itself(work, ddnsd):
    """No server line: the SOA's MNAME, in a network of its own where ddnsd
    has port 53."""
    needs(NSUPDATE, UNSHARE, NSENTER)
    ddnsd.end()
    ddnsd.ctl("record", "set", f"ns1.{ZONE}", "A", "127.0.0.1")
    ddnsd.options["dns-listen"] = ["127.0.0.1:53"]
    ddnsd.write()
    resolv = work.write("resolv.conf", "nameserver 127.0.0.1\n", mode=0o644)
    process = work.spawn(
        [UNSHARE, "-n", "-m", "sh", "-c",
         f"ip link set lo up && mount --bind {resolv} /etc/resolv.conf && "
         f"exec {programs.ddnsd} -c {ddnsd.conf}"], log="ddnsd-own.log")
    try:
        process.ready(lambda: "is ready" in process.log_text())
    except AssertionError:
        if "unshare: " in process.log_text():
            pytest.skip("no network of its own here: "
                        + process.log_text().splitlines()[0])
        raise
    feed([NSENTER, "-n", "-m", "-t", str(process.pid), NSUPDATE, "-k",
          key_file(work, ddnsd, "nsupdate")],
         f"update add a.b.{ZONE} 60 A 192.0.2.9\nsend\n")
    rows = ddnsd.ctl.log("--host", f"a.b.{ZONE}")
    assert [r["result"] for r in rows] == ["NOERROR"]


def test_knsupdate(work, ddnsd):
    needs(KNSUPDATE)
    argv = [KNSUPDATE, "-k", key_file(work, ddnsd, "knsupdate")]
    head = f"server 127.0.0.1 {ddnsd.dns}\nzone {ZONE}.\n"
    many = "".join(f"update add k{i}.{ZONE}. 60 A 192.0.2.{i}\n"
                   for i in range(100))  # more than 512 octets, by UDP still
    feed(argv, head + many + "send\n")
    assert ask(ddnsd.dns, f"k99.{ZONE}") == "192.0.2.99"
    feed(argv, head + f"prereq yxrrset k1.{ZONE}. A\n"
         f"update del k1.{ZONE}. A\nsend\n")
    assert ask(ddnsd.dns, f"k1.{ZONE}") == "NXDOMAIN"
    assert "NXDOMAIN" in feed(argv, head + f"prereq yxdomain k1.{ZONE}.\n"
                              f"update add k1.{ZONE}. 60 A 192.0.2.1\nsend\n",
                              rcode=1)


# ---- Kea ----

class Kea:
    """D2 with our published configuration, and name change requests."""

    def __init__(self, work, ddnsd):
        needs(D2)
        text = re.sub(r"^//.*$", "", (TOP / "etc/kea-dhcp-ddns.conf")
                      .read_text(), flags=re.M)
        self.port = free_port()
        conf = json.loads(text)
        d2 = conf["DhcpDdns"]
        d2["port"] = self.port
        d2["loggers"][0]["output_options"] = [
            {"output": str(work / "d2-own.log")}]
        d2["control-socket"] = {"socket-type": "unix",
                                "socket-name": str(work / "d2.sock")}
        for side in ("forward-ddns", "reverse-ddns"):
            for domain in d2[side]["ddns-domains"]:
                domain["dns-servers"][0]["port"] = ddnsd.dns
        self.secret = d2["tsig-keys"][0]["secret"]
        self.process = work.spawn(
            [D2, "-c", work.write("d2.json", json.dumps(conf), mode=0o644)],
            log="d2.log", env={"KEA_PIDFILE_DIR": str(work.path),
                               "KEA_LOCKFILE_DIR": str(work.path)})
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.process.ready(lambda: (work / "d2.sock").exists())

    def request(self, change, name, address, client):
        fqdn = dns.name.from_text(name).to_digestable()
        dhcid = b"\x00\x01\x01" + hashlib.sha256(
            client.encode() + fqdn).digest()
        ncr = json.dumps({
            "change-type": change, "forward-change": True,
            "reverse-change": True, "fqdn": name + ".",
            "ip-address": address, "dhcid": dhcid.hex().upper(),
            "lease-expires-on": time.strftime(
                "%Y%m%d%H%M%S", time.gmtime(time.time() + 3600)),
            "lease-length": 3600, "use-conflict-resolution": True}).encode()
        self.socket.sendto(struct.pack("!H", len(ncr)) + ncr,
                           ("127.0.0.1", self.port))

    def add(self, name, address, client):
        self.request(0, name, address, client)

    def remove(self, name, address, client):
        self.request(1, name, address, client)


def test_kea_d2_keeps_names_of_leases(work):
    """RFC 4703 from end to end: add, renew, another client, both families,
    the wrong client removes nothing, the right one does."""
    needs(programs.ddnsd, programs.ddnsctl, D2)
    ddnsd = Ddnsd(work, dns=True)
    ctl = ddnsd.ctl
    for zone in ("dyn.example", "2.0.192.in-addr.arpa",
                 "8.b.d.0.1.0.0.2.ip6.arpa"):
        ctl("zone", "add", zone, "--ns", "ns1.dyn.example")
    ctl("account", "add", "dhcp")
    ddnsd.start()
    kea = Kea(work, ddnsd)
    ctl("key", "add", "kea-d2", "--account", "dhcp", "--secret-file",
        work.write("kea.secret", kea.secret + "\n"),
        "--grant", "below dyn.example A,AAAA,DHCID",
        "--grant", "range 192.0.2.0/24 PTR,DHCID",
        "--grant", "range 2001:db8::/32 PTR,DHCID")
    name = "laptop.dyn.example"
    ptr = dns.reversename.from_address

    def becomes(owner, kind, want):
        wait_until(lambda: ask(ddnsd.dns, owner, kind) == want, 15,
                   f"{owner} {kind} {want}: {ask(ddnsd.dns, owner, kind)}")

    kea.add(name, "192.0.2.41", "one")
    becomes(name, "A", "192.0.2.41")
    becomes(ptr("192.0.2.41"), "PTR", f"{name}.")
    dhcid = ask(ddnsd.dns, name, "DHCID").values
    assert len(dhcid) == 1
    kea.add(name, "192.0.2.42", "one")  # the same client, elsewhere
    becomes(name, "A", "192.0.2.42")
    becomes(ptr("192.0.2.42"), "PTR", f"{name}.")
    kea.add(name, "2001:db8::42", "one")  # and with IPv6
    becomes(name, "AAAA", "2001:db8::42")
    becomes(ptr("2001:db8::42"), "PTR", f"{name}.")
    assert ask(ddnsd.dns, name, "A") == "192.0.2.42"

    kea.add(name, "192.0.2.43", "two")  # the name belongs to the first
    wait_until(lambda: [r for r in ctl.log("--host", name)
                        if r["result"] == "NXRRSET"], 15)
    assert ask(ddnsd.dns, name, "A") == "192.0.2.42"
    assert ask(ddnsd.dns, name, "DHCID").values == dhcid

    kea.remove(name, "192.0.2.42", "two")
    wait_until(lambda: len([r for r in ctl.log("--host", name)
                            if r["result"] == "NXRRSET"]) >= 2 or
               sum(r.get("repeats", 1) for r in ctl.log("--host", name)
                   if r["result"] == "NXRRSET") >= 2, 15)
    assert ask(ddnsd.dns, name, "A") == "192.0.2.42"

    kea.remove(name, "192.0.2.42", "one")
    becomes(name, "A", "NODATA")
    assert ask(ddnsd.dns, name, "AAAA") == "2001:db8::42"
    kea.remove(name, "2001:db8::42", "one")
    becomes(name, "DHCID", "NXDOMAIN")
    becomes(ptr("2001:db8::42"), "PTR", "NXDOMAIN")


# ---- ACME ----

CERTBOT = """
import sys
from certbot_dns_rfc2136._internal import dns_rfc2136
import dns.tsig
server, port, name, secret, what, domain = sys.argv[1:7]
client = dns_rfc2136._RFC2136Client(server, int(port), name, secret,
                                    dns.tsig.HMAC_SHA256)
record = "_acme-challenge." + domain
for value in sys.argv[7:]:
    if what == "add":
        client.add_txt_record(record, value, 60)
    else:
        client.del_txt_record(record, value)
"""


def test_certbot_plugin_finds_the_zone_and_cleans_up(work, ddnsd):
    """certbot-dns-rfc2136 without the rest of certbot: it walks up the names
    by signed SOA queries, adds values one by one, deletes each."""
    probe = subprocess.run(
        [sys.executable, "-c", "import certbot_dns_rfc2136"],
        capture_output=True, check=False)
    if probe.returncode != 0:
        needs("/usr/lib/python3/dist-packages/certbot_dns_rfc2136")
    script = work.write("acme_client.py", CERTBOT)
    secret = re.search(r'secret "([^"]+)"', ddnsd.ctl(
        "key", "export", "alice-key"))[1]

    def certbot(what, *values):
        feed([sys.executable, script, "127.0.0.1", ddnsd.dns, "alice-key",
              secret, what, f"www.deep.{ZONE}", *values], "")
        return ask(ddnsd.dns, f"_acme-challenge.www.deep.{ZONE}", "TXT")

    assert certbot("add", "one", "two") == ['"one"', '"two"']
    assert certbot("delete", "one") == '"two"'
    assert certbot("delete", "two") == "NXDOMAIN"


# ---- PowerDNS and Unbound, their caches hot ----

def test_caches_show_it_at_once(work, make_stack, show):
    """As with HTTP: after the answer to nsupdate neither PowerDNS nor Unbound
    gives the old one for longer than a moment, be it data or its absence."""
    needs(NSUPDATE, programs.unbound, programs.module)
    stack = make_stack(dns=True)
    ddnsd = stack.ddnsd
    ddnsd.ctl("key", "add", "alice-key", "--account", "alice", "--grant",
              f"subtree {stack.zone} ANY")
    argv = [NSUPDATE, "-k", key_file(work, ddnsd, "nsupdate")]
    name = f"both.{stack.zone}"
    worst = 0

    def change(line, kind, want):
        """Warms the caches, changes, and waits for the new answer."""
        nonlocal worst
        for server in (stack.pdns, stack.unbound):
            for _ in range(3):
                server.ask(name, kind)
        feed(argv, f"server 127.0.0.1 {ddnsd.dns}\nzone {stack.zone}\n"
             f"{line}\nsend\n")
        start = time.monotonic()
        for server in (stack.pdns, stack.unbound):
            wait_until(lambda s=server: s.ask(name, kind) == want, 5)
        worst = max(worst, time.monotonic() - start)
        for server in (stack.pdns, stack.unbound):  # and it stays so
            for _ in range(20):
                assert server.ask(name, kind) == want

    change(f"update add {name} 3600 A 192.0.2.1", "A", "192.0.2.1")
    for i in range(2, 8):
        change(f"update delete {name} A\n"
               f"update add {name} 3600 A 192.0.2.{i}", "A", f"192.0.2.{i}")
    change(f"update add {name} 3600 TXT one", "TXT", '"one"')
    change(f"update add {name} 3600 TXT two", "TXT", ['"one"', '"two"'])
    change(f"update delete {name} TXT", "TXT", "NODATA")
    change(f"update add {name} 3600 AAAA 2001:db8::1", "AAAA", "2001:db8::1")
    change(f"update delete {name}", "A", "NXDOMAIN")
    assert worst < 1
    show(f"nsupdate's end to the new answer of both, worst of 12: "
         f"{worst * 1000:.1f} ms")
