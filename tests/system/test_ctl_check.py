# SPDX-License-Identifier: BSD-3-Clause
"""ddnsctl check: what everybody answers, and its exit code; and that what
ddnsctl changes is published like an update."""

import json
import socket
import threading

import pytest

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from ddnstest import Ddnsd, free_port, wait_until


class Server(threading.Thread):
    """Answers every question from a dict of (name, type) to (ttl, data...),
    over UDP and TCP."""

    def __init__(self, records, rcode="NOERROR", truncate=False, alien=False):
        super().__init__(daemon=True)
        self.records, self.rcode = records, rcode
        self.truncate, self.alien = truncate, alien
        self.questions = []
        self.port = free_port()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.tcp = socket.create_server(("127.0.0.1", self.port))
        self.over_tcp = threading.Thread(target=self.run_tcp, daemon=True)

    def answer(self, wire, tcp):
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.questions.append((name, kind, tcp,
                               bool(query.flags & dns.flags.RD)))
        reply = dns.message.make_response(query)
        reply.set_rcode(dns.rcode.from_text(self.rcode))
        if self.truncate and not tcp:
            reply.flags |= dns.flags.TC
            return reply.to_wire()
        while (name, kind) not in self.records \
                and (name, "CNAME") in self.records:
            ttl, target = self.records[name, "CNAME"]
            reply.answer.append(dns.rrset.from_text(
                name + ".", ttl, "IN", "CNAME", target + "."))
            name = target
        if (name, kind) in self.records:
            ttl, *data = self.records[name, kind]
            reply.answer.append(dns.rrset.from_text(
                name + ".", ttl, "IN", kind, *data))
        return reply.to_wire()

    def start(self):
        super().start()
        self.over_tcp.start()
        return self

    def run(self):
        while True:
            try:
                wire, peer = self.udp.recvfrom(4096)
            except OSError:
                return
            if not wire:
                return
            answer = self.answer(wire, False)
            if self.alien:  # first somebody else's
                self.udp.sendto(bytes([answer[0] ^ 1]) + answer[1:], peer)
                self.udp.sendto(b"x", peer)
            self.udp.sendto(answer, peer)

    def run_tcp(self):
        while True:
            try:
                link, _ = self.tcp.accept()
            except OSError:
                return
            with link:
                wire = link.recv(65535)
                answer = self.answer(wire[2:], True)
                link.sendall(len(answer).to_bytes(2, "big") + answer)

    def end(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", ("127.0.0.1", self.port))
        self.join(5)
        self.udp.close()
        self.tcp.shutdown(socket.SHUT_RDWR)
        self.tcp.close()
        self.over_tcp.join(5)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"


@pytest.fixture
def serve():
    servers = []

    def make(*arguments, **options):
        servers.append(Server(*arguments, **options).start())
        return servers[-1]
    yield make
    for server in servers:
        server.end()


@pytest.fixture
def ctl(work):
    ctl = Ddnsd(work).ctl
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    ctl("account", "add", "alice")
    ctl("host", "add", "h1.dyn.test", "--account", "alice",
        "--allow-special", "--a", "192.0.2.1")
    return ctl


A1 = {("h1.dyn.test", "A"): (60, "192.0.2.1")}


def verdict(ctl, *arguments):
    """The exit code, and each server's verdict on A and on AAAA."""
    done = ctl.run("--json", "check", *arguments, check=False)
    got = json.loads(done.stdout)
    return done.returncode, [
        (r["type"], r["verdict"]) for r in got["rows"]
        if r["role"] != "store"], got


def test_all_agree_is_0(ctl, serve):
    auth, resolver = serve(A1), serve({("h1.dyn.test", "A"):
                                       (17, "192.0.2.1")})
    code, verdicts, got = verdict(ctl, "h1.dyn.test", "--auth", auth.address,
                                  "--resolver", resolver.address)
    assert code == 0
    assert verdicts == [("A", "agrees")] * 2 + [("AAAA", "agrees")] * 2
    assert got["verdict"] == "all agree"
    rows = got["rows"]
    assert (rows[0]["role"], rows[0]["data"], rows[0]["ttl"]) == (
        "store", ["192.0.2.1"], 60)
    assert (rows[2]["role"], rows[2]["data"], rows[2]["ttl"]) == (
        "resolver", ["192.0.2.1"], 17)
    assert rows[1]["dig"] == (f"dig @127.0.0.1 -p {auth.port} +norecurse "
                              "h1.dyn.test. A")
    # the authoritative server is not asked to recurse, the resolver is
    assert {q[3] for q in auth.questions} == {False}
    assert {q[3] for q in resolver.questions} == {True}
    table = ctl("check", "h1.dyn.test", "--auth", auth.address)
    assert "h1.dyn.test: all agree" in table and "dig @127.0.0.1" in table


@pytest.mark.parametrize("records, verdicts", [
    ({("h1.dyn.test", "A"): (60, "192.0.2.2")}, ["stale", "agrees"]),
    ({("h1.dyn.test", "A"): (60, "192.0.2.1", "192.0.2.2")},
     ["stale", "agrees"]),
    ({}, ["missing", "agrees"]),
    ({**A1, ("h1.dyn.test", "AAAA"): (60, "2001:db8::1")},
     ["agrees", "lingers"]),
])
def test_disagreement_is_1(ctl, serve, records, verdicts):
    resolver = serve(records)
    code, got, _ = verdict(ctl, "h1.dyn.test", "--resolver",
                           resolver.address)
    assert code == 1
    assert [v for _, v in got] == verdicts


def test_no_answer_is_3(ctl, serve):
    good = serve(A1)
    code, _, got = verdict(ctl, "h1.dyn.test", "--auth",
                           f"127.0.0.1:{free_port()}", "--resolver",
                           good.address)
    assert code == 3
    assert got["rows"][1]["verdict"] == "no answer"
    failing = serve(A1, rcode="SERVFAIL")
    code, verdicts, got = verdict(ctl, "h1.dyn.test", "--type", "A",
                                  "--resolver", failing.address)
    assert (code, verdicts) == (3, [("A", "no answer")])
    assert got["rows"][1]["status"] == "SERVFAIL"


def test_a_silent_server_is_given_up_on(ctl):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        code, verdicts, _ = verdict(
            ctl, "h1.dyn.test", "--type", "A", "--auth",
            f"127.0.0.1:{s.getsockname()[1]}")
    assert (code, verdicts) == (3, [("A", "no answer")])


def test_disagreement_counts_more_than_silence(ctl, serve):
    bad = serve({})
    code, _, _ = verdict(ctl, "h1.dyn.test", "--auth", bad.address,
                         "--resolver", f"127.0.0.1:{free_port()}")
    assert code == 1


def test_truncated_answers_are_asked_again_over_tcp(ctl, serve):
    server = serve(A1, truncate=True)
    code, _, _ = verdict(ctl, "h1.dyn.test", "--auth", server.address)
    assert code == 0
    assert [q[2] for q in server.questions] == [False, True] * 2


def test_packets_of_strangers_are_passed_over(ctl, serve):
    server = serve(A1, alien=True)
    assert verdict(ctl, "h1.dyn.test", "--auth", server.address)[0] == 0


def test_deleted_host_lingers_until_it_does_not(ctl, serve):
    server = serve(dict(A1))
    ctl("host", "delete", "h1.dyn.test")
    code, verdicts, _ = verdict(ctl, "h1.dyn.test", "--auth", server.address)
    assert (code, verdicts[0]) == (1, ("A", "lingers"))
    server.records.clear()
    server.rcode = "NXDOMAIN"
    assert verdict(ctl, "h1.dyn.test", "--auth", server.address)[0] == 0


def test_aliases_are_followed(ctl, serve):
    ctl("record", "set", "www.dyn.test", "CNAME", "h1.dyn.test")
    server = serve({**A1, ("www.dyn.test", "CNAME"): (60, "h1.dyn.test")})
    assert verdict(ctl, "www.dyn.test", "--auth", server.address)[0] == 0
    ctl("host", "set", "h1.dyn.test", "--a", "192.0.2.2")
    assert verdict(ctl, "www.dyn.test", "--auth", server.address)[0] == 1


def test_other_types(ctl, serve):
    ctl("record", "set", "h1.dyn.test", "TXT", "one", '"two three"')
    server = serve({("h1.dyn.test", "TXT"): (5, '"two three"', '"one"')})
    code, verdicts, _ = verdict(ctl, "h1.dyn.test", "--type", "TXT",
                                "--auth", server.address)
    assert (code, verdicts) == (0, [("TXT", "agrees")])


def test_what_is_not_ours_is_3(ctl, serve):
    server = serve({})
    ctl("record", "set", "ext.dyn.test", "CNAME", "www.example.net")
    for name in "h1.other.test", "ext.dyn.test":
        done = ctl.run("check", name, "--auth", server.address, check=False)
        assert done.returncode == 3
        assert "none of our zones" in done.stderr


def test_without_a_store_is_3(work, serve):
    server = serve({})
    done = Ddnsd(work).ctl.run("check", "h1.dyn.test", "--auth",
                               server.address, check=False)
    assert done.returncode == 3


def test_servers_come_from_the_configuration(ctl, serve):
    auth, one, two = serve(A1), serve(A1), serve({})
    with open(ctl.conf, "a") as conf:
        conf.write(f'check-authoritative = {{"{auth.address}"}}\n'
                   f'check-resolvers = {{"{one.address}", '
                   f'"{two.address}"}}\n')
    code, verdicts, _ = verdict(ctl, "h1.dyn.test", "--type", "A")
    assert code == 1
    assert [v for _, v in verdicts] == ["agrees", "agrees", "missing"]
    # the option replaces what the configuration says of that role
    code, verdicts, _ = verdict(ctl, "h1.dyn.test", "--type", "A",
                                "--resolver", one.address)
    assert (code, len(verdicts)) == (0, 2)


# ---- the whole: what ddnsctl changes is published like an update ----

def test_changes_reach_powerdns_and_unbound(make_stack):
    stack = make_stack(hosts=("h1",))
    ctl, old, new = stack.ctl, stack.name("h1"), stack.name("h9")
    servers = [stack.pdns, *stack.unbounds]
    check = ["check", "--auth", f"127.0.0.1:{stack.pdns.port}", "--resolver",
             f"127.0.0.1:{stack.unbound.port}"]

    def both(name, want):
        wait_until(lambda: all(s.ask(name) == want for s in servers), 5,
                   f"{name} {want} everywhere")
    ctl("host", "set", old, "--a", "192.0.2.1")
    both(old, "192.0.2.1")
    assert ctl.run(*check, old, check=False).returncode == 0
    # cached everywhere, with a TTL of an hour
    ctl("host", "set", old, "--a", "192.0.2.2")
    both(old, "192.0.2.2")
    for server in servers:
        assert server.ask(new) == "NXDOMAIN"
    ctl("host", "rename", old, new)
    both(new, "192.0.2.2")
    both(old, "NXDOMAIN")
    assert ctl.run(*check, new, check=False).returncode == 0
    ctl("record", "set", stack.name("www"), "CNAME", new)
    both(stack.name("www"), "192.0.2.2")
    ctl("host", "set", new, "--a", "192.0.2.3")
    both(stack.name("www"), "192.0.2.3")
    ctl("host", "delete", new)
    both(new, "NXDOMAIN")
    work = stack.dir.write("more.zone", f"mail.{stack.zone}. A 192.0.2.9\n")
    for server in servers:
        assert server.ask(stack.name("mail")) == "NXDOMAIN"
    ctl("zone", "import", stack.zone, work)
    both(stack.name("mail"), "192.0.2.9")
    both(stack.name("www"), "NXDOMAIN")
    wait_until(lambda: all(s["lag"] == 0 and s["pending"] == 0
                           for s in ctl.json("status")), 5, "all told")
    status = {s["subscriber"]: s for s in ctl.json("status")}
    assert set(status) == {"pdns", stack.unbound.name}
    assert all(s["acked"] > 0 and s["p99_ms"] > 0 for s in status.values())
