# SPDX-License-Identifier: BSD-3-Clause
"""The publisher with real servers: PowerDNS's control socket over unix and
TCP, and stock Unbound by unbound-control over a unix socket and TLS."""

import subprocess
import time

from ddnstest import (Ddnsd, PdnsServer, Unbound, free_port, needs, programs,
                      wait_until)

ZONES = ("dyn.test", "other.test")


class TlsUnbound(Unbound):
    """Control by TLS only: a unix socket would switch TLS off for all."""

    class Nowhere:
        def exists(self):
            return True

        def unlink(self):
            pass

    def with_keys(self, keys):
        self.keys = keys
        self.control_port = free_port()
        self.control = TlsUnbound.Nowhere()
        return self

    def write(self):
        super().write()
        lines = [line for line in self.conf.read_text().splitlines()
                 if not line.strip().startswith("control-")]
        self.dir.write(self.conf.name, "\n".join(lines) + f"""
remote-control:
	control-enable: yes
	control-interface: 127.0.0.1
	control-port: {self.control_port}
	server-key-file: {self.keys}/unbound_server.key
	server-cert-file: {self.keys}/unbound_server.pem
	control-key-file: {self.keys}/unbound_control.key
	control-cert-file: {self.keys}/unbound_control.pem
""")

    def subscriber(self):
        return {"kind": "unbound-control",
                "address": f"127.0.0.1:{self.control_port}",
                "server-cert-file": f"{self.keys}/unbound_server.pem",
                "control-key-file": f"{self.keys}/unbound_control.key",
                "control-cert-file": f"{self.keys}/unbound_control.pem"}


def make_keys(work, name="keys"):
    setup = programs.find("unbound-control-setup")
    needs(setup)
    keys = work.mkdir(name)
    subprocess.run([setup, "-d", keys], check=True, capture_output=True)
    return keys


class World:
    """ddnsd, PowerDNS with its caches, and stock Unbound."""

    def __init__(self, work, keys=None, pdns_options=None,
                 pdns_subscriber=None, subscriber=None):
        needs(programs.ddnsd, programs.ddnsctl, programs.backend,
              programs.pdns, programs.stock_unbound)
        self.ddnsd = Ddnsd(work)
        self.pdns = PdnsServer(work, self.ddnsd.conf, options=pdns_options)
        self.unbound = (TlsUnbound if keys else Unbound)(
            work, {z: self.pdns.port for z in ZONES}, module=False)
        if keys:
            self.unbound.with_keys(keys)
        self.ddnsd.subscribers = {
            "pdns": pdns_subscriber or {"kind": "pdns-control",
                                        "address": str(self.pdns.control)},
            "stock": subscriber or self.unbound.subscriber()}
        self.ddnsd.write()
        self.ctl = self.ddnsd.ctl
        for zone in ZONES:
            self.ctl("zone", "add", zone, "--ns", "ns1.dyn.test",
                     "--ttl", "3600")

    def start(self):
        self.pdns.start()
        self.unbound.start()
        self.ddnsd.start()
        return self

    def set(self, name, kind, data):
        self.ctl("record", "set", name, kind, data)

    def heat(self, *questions):
        return [self.unbound.ask(*q) for q in questions for _ in range(5)]

    def rows(self):
        return {r["subscriber"]: r for r in self.ctl.json("status")}

    def wait(self, server, question, want):
        wait_until(lambda: server.ask(*question) == want, 5,
                   f"{question} is {want}: {server.ask(*question)}")


def check_changes(w):
    w.set("a.dyn.test", "A", "192.0.2.1")
    w.set("c.other.test", "CNAME", "a.dyn.test")
    w.set("n.other.test", "CNAME", "new.dyn.test")
    w.wait(w.unbound, ("a.dyn.test",), "192.0.2.1")
    questions = [("a.dyn.test",), ("c.other.test",), ("a.dyn.test", "AAAA"),
                 ("c.other.test", "AAAA"), ("new.dyn.test",),
                 ("new.dyn.test", "TXT"), ("n.other.test",),
                 ("n.other.test", "HTTPS")]
    w.heat(*questions)
    assert w.unbound.ask("c.other.test") == "192.0.2.1"
    assert w.unbound.ask("new.dyn.test") == "NXDOMAIN"
    assert w.unbound.ask("a.dyn.test").ttl > 60
    start = time.monotonic()
    # a changed address, also through the alias of another zone
    w.set("a.dyn.test", "A", "192.0.2.2")
    w.wait(w.unbound, ("a.dyn.test",), "192.0.2.2")
    w.wait(w.unbound, ("c.other.test",), "192.0.2.2")
    # a type that was not there
    w.set("a.dyn.test", "AAAA", "2001:db8::1")
    w.wait(w.unbound, ("a.dyn.test", "AAAA"), "2001:db8::1")
    w.wait(w.unbound, ("c.other.test", "AAAA"), "2001:db8::1")
    # a name that was not there, also of types that "flush" forgets
    w.set("new.dyn.test", "A", "192.0.2.3")
    w.set("new.dyn.test", "TXT", "hello")
    w.set("new.dyn.test", "HTTPS", "1 . alpn=h2")
    w.wait(w.unbound, ("new.dyn.test",), "192.0.2.3")
    w.wait(w.unbound, ("new.dyn.test", "TXT"), '"hello"')
    w.wait(w.unbound, ("n.other.test",), "192.0.2.3")
    w.wait(w.unbound, ("n.other.test", "HTTPS"), '1 . alpn="h2"')
    # a name that goes
    w.heat(*questions)
    for kind in ("A", "TXT", "HTTPS"):
        w.ctl("record", "delete", "new.dyn.test", kind)
    w.wait(w.unbound, ("new.dyn.test",), "NXDOMAIN")
    w.wait(w.unbound, ("new.dyn.test", "TXT"), "NXDOMAIN")
    w.wait(w.unbound, ("n.other.test", "HTTPS"), "NXDOMAIN")
    # nothing of it waited for a TTL
    assert time.monotonic() - start < 15
    wait_until(lambda: w.rows()["stock"]["acked"] > 5
               and w.rows()["stock"]["pending"] == 0, 5)
    assert w.rows()["stock"]["retries"] == 0
    assert w.rows()["pdns"]["retries"] == 0


def test_stock_unbound_by_unix_socket(work):
    check_changes(World(work).start())


def test_stock_unbound_by_tls(work):
    check_changes(World(work, keys=make_keys(work)).start())


def test_stock_unbound_with_another_certificate_is_not_talked_to(work):
    other = make_keys(work, "other")
    w = World(work, keys=make_keys(work))
    w.ddnsd.subscribers["stock"]["server-cert-file"] = \
        f"{other}/unbound_server.pem"
    w.ddnsd.write()
    w.start()
    w.set("a.dyn.test", "A", "192.0.2.1")
    wait_until(lambda: "certificate verify failed"
               in w.rows()["stock"]["last_error"], 5)
    assert w.rows()["stock"]["acked"] == 0


def test_stock_unbound_with_wildcards(work):
    w = World(work).start()
    w.set("*.w.dyn.test", "A", "192.0.2.1")
    w.wait(w.unbound, ("x.w.dyn.test",), "192.0.2.1")
    w.heat(("x.w.dyn.test",), ("y.w.dyn.test",), ("a.x.w.dyn.test",))
    w.set("*.w.dyn.test", "A", "192.0.2.2")
    w.wait(w.unbound, ("x.w.dyn.test",), "192.0.2.2")
    w.wait(w.unbound, ("a.x.w.dyn.test",), "192.0.2.2")
    # a name covers what the wildcard did
    w.set("x.w.dyn.test", "A", "192.0.2.9")
    w.wait(w.unbound, ("x.w.dyn.test",), "192.0.2.9")
    w.wait(w.unbound, ("a.x.w.dyn.test",), "NXDOMAIN")
    w.ctl("record", "delete", "x.w.dyn.test", "A")
    w.wait(w.unbound, ("x.w.dyn.test",), "192.0.2.2")
    w.wait(w.unbound, ("a.x.w.dyn.test",), "192.0.2.2")


def test_pdns_is_purged_of_all_that_a_change_reaches(work):
    w = World(work).start()
    names = ("a.dyn.test", "deep.empty.dyn.test", r"odd\032na\.me.dyn.test")
    w.set("c.dyn.test", "CNAME", "a.dyn.test")
    w.set("cc.other.test", "CNAME", "c.dyn.test")
    for i in range(1, 4):
        for name in names:
            assert w.pdns.ask(name) in ("NXDOMAIN", f"192.0.2.{i - 1}")
        w.pdns.ask("empty.dyn.test")
        w.pdns.ask("cc.other.test")
        for name in names:
            w.set(name, "A", f"192.0.2.{i}")
            start = time.monotonic()
            w.wait(w.pdns, (name,), f"192.0.2.{i}")
            assert time.monotonic() - start < 0.5
        assert w.pdns.ask("empty.dyn.test") == "NODATA"
        answer = w.pdns.ask("cc.other.test")
        assert f"192.0.2.{i}" in answer.values
    w.ctl("record", "delete", "deep.empty.dyn.test", "A")
    w.wait(w.pdns, ("empty.dyn.test",), "NXDOMAIN")
    w.pdns.ask("x.w.dyn.test")
    w.set("*.w.dyn.test", "A", "192.0.2.1")
    w.wait(w.pdns, ("x.w.dyn.test",), "192.0.2.1")
    w.set("w.dyn.test", "TXT", "x")
    w.ctl("record", "delete", "*.w.dyn.test", "A")
    w.wait(w.pdns, ("x.w.dyn.test",), "NXDOMAIN")
    assert w.rows()["pdns"]["retries"] == 0


def test_pdns_sees_a_new_zone_at_once(work):
    w = World(work).start()
    assert w.pdns.ask("h.new.test").rcode == "REFUSED"
    w.ctl("zone", "add", "new.test", "--ns", "ns1.dyn.test")
    w.set("h.new.test", "A", "192.0.2.1")
    w.wait(w.pdns, ("h.new.test",), "192.0.2.1")
    w.ctl("zone", "delete", "new.test", "--force")
    wait_until(lambda: w.pdns.ask("h.new.test").rcode == "REFUSED", 5)


def test_pdns_by_tcp_with_a_secret(work):
    port = free_port()
    secret = work.write("control.secret", "open-sesame\n")
    w = World(work, pdns_options={
        "tcp-control-address": "127.0.0.1", "tcp-control-port": port,
        "tcp-control-secret": "open-sesame"}, pdns_subscriber={
            "kind": "pdns-control", "address": f"127.0.0.1:{port}",
            "secret-file": str(secret)}).start()
    for i in range(1, 5):
        w.set("a.dyn.test", "A", f"192.0.2.{i}")
        w.wait(w.pdns, ("a.dyn.test",), f"192.0.2.{i}")
    wait_until(lambda: w.rows()["pdns"]["acked"] >= 4, 5)


def test_pdns_and_unbound_restart(work):
    w = World(work).start()
    w.set("a.dyn.test", "A", "192.0.2.1")
    w.wait(w.unbound, ("a.dyn.test",), "192.0.2.1")
    w.pdns.process.signal(19)  # SIGSTOP: it hangs
    w.set("a.dyn.test", "A", "192.0.2.2")
    wait_until(lambda: w.rows()["pdns"]["last_error"], 5)
    w.pdns.process.signal(18)
    w.wait(w.pdns, ("a.dyn.test",), "192.0.2.2")
    w.wait(w.unbound, ("a.dyn.test",), "192.0.2.2")
    w.unbound.end()
    w.set("a.dyn.test", "A", "192.0.2.3")
    wait_until(lambda: w.rows()["stock"]["pending"] > 0, 5,
               str(w.rows()))
    w.unbound.start()
    w.wait(w.unbound, ("a.dyn.test",), "192.0.2.3")
    wait_until(lambda: w.rows()["stock"]["pending"] == 0, 15)
