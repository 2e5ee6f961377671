# SPDX-License-Identifier: BSD-3-Clause
"""The whole system on loopback: ddnsd, PowerDNS and Unbound, wired."""

from .proc import needs, programs
from .servers import Ddnsd, PdnsServer, Unbound

ZONE = "dyn.test"


class Stack:
    """zone dyn.test, account "alice", hosts, one token for all of them.

    hosts       labels below the zone
    ttl         of the hosts
    resolvers   "module", "stock": which Unbounds; the first is .unbound
    max_ttl     cap of the module, 0: none
    connector, caches, pdns_options    see PdnsServer
    publish     False: ddnsd tells nobody
    static      records beside the hosts: (owner, type, data)
    """

    def __init__(self, directory, authority, hosts=("h1", "h2"), ttl=3600,
                 resolvers=("module",), max_ttl=0, connector="pipe",
                 caches="default", pdns_options=None, publish=True,
                 ddnsd_options=None, unbound_server="", static=(),
                 zone=ZONE, zones=(), dns=False):
        self.dir = directory
        self.zone = zone
        self.zones = [zone, *zones]
        # limits have their own tests
        options = {"rate-burst": 1000000, "rate-per-minute": 1000000,
                   "source-failures": 1000000}
        options.update(ddnsd_options or {})
        self.ddnsd = Ddnsd(directory, authority, options=options, dns=dns)
        self.ctl = self.ddnsd.ctl
        self.pdns = PdnsServer(directory, self.ddnsd.conf, connector, caches,
                               pdns_options)
        stubs = {z: self.pdns.port for z in self.zones}
        self.unbounds = []
        for i, kind in enumerate(resolvers):
            self.unbounds.append(Unbound(
                directory, stubs, module=kind == "module",
                zones={z: max_ttl for z in self.zones},
                server=unbound_server, name=f"unbound{i + 1}"))
        self.unbound = self.unbounds[0] if self.unbounds else None
        if publish:
            self.ddnsd.subscribers["pdns"] = {
                "kind": "pdns-control", "address": str(self.pdns.control)}
            for unbound in self.unbounds:
                self.ddnsd.subscribers[unbound.name] = unbound.subscriber()
        self.ddnsd.options.setdefault(
            "check-authoritative", [f"127.0.0.1:{self.pdns.port}"])
        self.ddnsd.options.setdefault(
            "check-resolvers", [f"127.0.0.1:{u.port}" for u in self.unbounds])
        self.ddnsd.write()
        self.ttl = ttl
        self.static = static
        self.hosts = [self.name(h) for h in hosts]
        self.token = None

    def name(self, label):
        return f"{label}.{self.zone}"

    def fill(self):
        """Zone, account, hosts, token: before anything runs."""
        for zone in self.zones:
            self.ctl("zone", "add", zone, "--ns", f"ns1.{self.zone}",
                     "--ttl", self.ttl)
        self.ctl("account", "add", "alice")
        for host in self.hosts:
            self.add_host(host)
        for record in self.static:
            self.ctl("record", "set", *record)
        if self.hosts:
            self.token = self.make_token()

    def add_host(self, host, *options):
        self.ctl("host", "add", host, "--account", "alice",
                 "--allow-private", "--allow-special", *options)

    def make_token(self, *options):
        return self.ctl("token", "create", f"token{len(options)}",
                        "--account", "alice", "--allow-http",
                        "--allow-offline", *options)

    def start(self):
        needs(programs.ddnsd, programs.ddnsctl, programs.backend,
              programs.pdns)
        self.fill()
        self.pdns.start()
        for unbound in self.unbounds:
            unbound.start()
        self.ddnsd.start()
        return self

    def update(self, hostname, myip=None, token=None, **options):
        return self.ddnsd.update(hostname, myip, token or self.token,
                                 **options)
