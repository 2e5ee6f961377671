# SPDX-License-Identifier: BSD-3-Clause
"""ISC dhcpd with the published etc/dhcpd-ddns.conf, on a network of two hosts:
a lease makes the name and its PTR, another client does not get the name, a
release takes both away."""

import os
import subprocess

import pytest

from ddnstest import Ddnsd, Programs, needs, programs, wait_until
from ddnstest.proc import TOP

IP = Programs.find("ip")
DHCPD = Programs.find("dhcpd")
UDHCPC = Programs.find("udhcpc")


def run(*words):
    subprocess.run([str(w) for w in words], check=True, capture_output=True,
                   text=True)


@pytest.fixture
def network():
    """Two network namespaces joined by a cable."""
    needs(IP, DHCPD, UDHCPC)
    server, client = f"ddt-s{os.getpid()}", f"ddt-c{os.getpid()}"
    try:
        for space in (server, client):
            run(IP, "netns", "add", space)
            run(IP, "-n", space, "link", "show")
    except subprocess.CalledProcessError as error:
        subprocess.run([str(IP), "netns", "del", server], check=False)
        pytest.skip(f"no network namespaces here: {error.stderr.strip()}")
    try:
        run(IP, "link", "add", "dds", "netns", server, "type", "veth",
            "peer", "name", "ddc", "netns", client)
        for space, device in ((server, "dds"), (client, "ddc")):
            run(IP, "-n", space, "link", "set", "lo", "up")
            run(IP, "-n", space, "link", "set", device, "up")
        run(IP, "-n", server, "addr", "add", "192.0.2.1/24", "dev", "dds")
        yield server, client
    finally:
        for space in (server, client):
            subprocess.run([str(IP), "netns", "del", space], check=False)


class Host:
    """One DHCP client: a name and an identity of its own."""

    def __init__(self, work, space, name, identity):
        self.argv = [IP, "netns", "exec", space, UDHCPC, "-f", "-n", "-i",
                     "ddc", "-s", "/bin/true", "-x", f"hostname:{name}",
                     "-x", f"0x3d:{identity}"]
        self.work = work

    def lease(self):
        """Asks, gets, and ends (-q)."""
        process = self.work.spawn(self.argv + ["-q"], log="udhcpc.log")
        assert process.popen.wait(20) == 0, process.log_tail()

    def lease_and_release(self):
        """The release (-R) is sent when the client ends."""
        process = self.work.spawn(self.argv + ["-R"], log="release.log")
        process.ready(lambda: "obtained" in process.log_text())
        process.end()
        assert "unicasting a release" in process.log_text()


def test_dhcpd_keeps_names_of_leases(work, network):
    needs(programs.ddnsd, programs.ddnsctl)
    server, client = network
    ddnsd = Ddnsd(work, options={"dns-listen": ["127.0.0.1:53"]})
    ctl = ddnsd.ctl
    for zone in ("dyn.example", "2.0.192.in-addr.arpa"):
        ctl("zone", "add", zone, "--ns", "ns1.dyn.example")
    ctl("account", "add", "dhcp")
    conf = (TOP / "etc/dhcpd-ddns.conf").read_text()
    secret = conf.split('secret "')[1].split('"')[0]
    ctl("key", "add", "dhcpd", "--account", "dhcp", "--secret-file",
        work.write("dhcpd.key", secret + "\n"),
        "--grant", "below dyn.example A,AAAA,DHCID",
        "--grant", "range 192.0.2.0/24 PTR")
    # dhcpd speaks to port 53 only, so ddnsd runs in its namespace
    process = work.spawn([IP, "netns", "exec", server,
                          programs.ddnsd, "-c", ddnsd.conf],
                         log="ddnsd.log")
    process.ready(lambda: "ddnsd" in process.log_text())
    leases = work.write("dhcpd.leases", "")
    dhcpd = work.spawn(
        [IP, "netns", "exec", server, DHCPD, "-4", "-d", "-f", "-cf",
         work.write("dhcpd.conf", conf, mode=0o644), "-lf", leases, "-pf",
         work / "dhcpd.pid", "dds"], log="dhcpd.log")
    dhcpd.ready(lambda: "Sending on" in dhcpd.log_text())

    def records(zone):
        return {(r["name"], r["type"]): r["data"]
                for r in ctl.json("record", "list", zone)}

    Host(work, client, "laptop", "01020304050607").lease()
    got = wait_until(lambda: (lambda r: r if ("laptop.dyn.example", "A")
                              in r else None)(records("dyn.example")), 20)
    assert ("laptop.dyn.example", "DHCID") in got
    address = got["laptop.dyn.example", "A"]
    reverse = f"{address.split('.')[3]}.2.0.192.in-addr.arpa"
    wait_until(lambda: records("2.0.192.in-addr.arpa").get(
        (reverse, "PTR"), "").rstrip(".") == "laptop.dyn.example", 20)

    # RFC 4703: the name belongs to the first client
    Host(work, client, "laptop", "01aaaaaaaaaaaa").lease()
    wait_until(lambda: "FAILED: Has an address record but no DHCID"
               in dhcpd.log_text(), 20)
    assert records("dyn.example")["laptop.dyn.example", "A"] == address
    rows = ctl.log("--host", "laptop.dyn.example")
    assert {r["protocol"] for r in rows} == {"update"}
    assert {r["credential"] for r in rows} == {"dhcpd"}

    # a release is sent from the leased address itself
    run(IP, "-n", client, "addr", "add", f"{address}/24", "dev", "ddc")
    Host(work, client, "laptop", "01020304050607").lease_and_release()
    wait_until(lambda: ("laptop.dyn.example", "A")
               not in records("dyn.example"), 20)
    assert ("laptop.dyn.example", "DHCID") not in records("dyn.example")
    wait_until(lambda: (reverse, "PTR")
               not in records("2.0.192.in-addr.arpa"), 20)
