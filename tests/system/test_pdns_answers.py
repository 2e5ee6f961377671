# SPDX-License-Identifier: BSD-3-Clause
"""What PowerDNS answers from our store is what it answers from gsqlite3 with
the same zone: over the pipe and the unix connector, section by section."""

import dns.query
import dns.rdatatype
import dns.zone
import pytest

from ddnstest import Dir
from pdnstest import ZONE, fill, gsqlite3_with, pdns_on, whole_answer

LONG = ".".join(["x" * 63] * 3 + ["y" * 52])  # 255 bytes with the zone
ZONE_FILE = r"""
$TTL 300
@ 3600 IN SOA ns1 host\.master 2026112101 3600 600 86400 60
@ NS ns1
@ NS ns2.other.example.
@ MX 10 mail
@ TXT "v=spf1 -all" "second string"
@ CAA 0 issue "ca.example.net"
ns1 A 192.0.2.1
ns1 AAAA 2001:db8::1
mail 120 A 192.0.2.3
mail 120 A 192.0.2.4
host1 60 A 192.0.2.10
host1 60 AAAA 2001:db8::10
MiXeD A 192.0.2.11
alias CNAME host1
chain CNAME alias
outside CNAME www.other.example.
dangling CNAME nothing
loop1 CNAME loop2
loop2 CNAME loop1
toenta CNAME ent
*.wild A 192.0.2.20
*.wild TXT "wild"
known.wild A 192.0.2.21
below.known.wild A 192.0.2.22
*.wcname CNAME host1
*.wmx MX 10 mail
star.*.odd A 192.0.2.23
a.b.c.ent A 192.0.2.24
_sip._tcp SRV 1 2 5060 host1
_sip._tcp SRV 2 2 5060 mail
sub NS ns.sub
sub NS ns1
sub DS 12345 8 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
ns.sub A 192.0.2.30
glueless NS ns.far.example.
deep.er NS ns.deep.er
ns.deep.er AAAA 2001:db8::30
renamed DNAME other.example.
dnamed.deeper DNAME host1
a\.dot A 192.0.2.40
sp\032ace A 192.0.2.41
quo\"te\\back A 192.0.2.42
\000\001\255 A 192.0.2.43
\195\164 A 192.0.2.44
d\(o\;l\$l\@r A 192.0.2.45
under_score A 192.0.2.46
LONGNAME A 192.0.2.47
txt TXT "semi;colon \"quoted\" back\\slash \200\001" "" "x"
bigtxt TXT "BIGBIG" "BIGBIG" "BIGBIG" "BIGBIG"
many A 192.0.2.100
ptr PTR host1
hinfo HINFO "CPU x" "OS y"
rp RP admin.mail txt
afsdb AFSDB 1 host1
loc LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
naptr NAPTR 100 10 "u" "sip+E2U" "!^.*$!sip:info@x.example!" .
kx KX 10 host1.dyn.test.
cert CERT 1 12345 8 MIIB
sshfp SSHFP 1 1 123456789abcdef67890123456789abcdef67890
tlsa TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
smimea SMIMEA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
openpgpkey OPENPGPKEY mQENBA==
cds CDS 12345 8 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
svcb SVCB 1 host1.dyn.test. alpn=h2,h3 port=8443
svcba SVCB 0 host1.dyn.test.
https HTTPS 1 . alpn=h2 ipv4hint=192.0.2.5 ipv6hint=2001:db8::5
uri URI 10 1 "ftp://ftp.example.com/public"
eui48 EUI48 00-00-5e-00-53-2a
eui64 EUI64 00-00-5e-ef-10-00-00-2a
dhcid DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=
spf SPF "v=spf1 -all"
unknown TYPE65400 \# 2 abcd
""".replace("LONGNAME", LONG).replace("BIG", "0123456789" * 12) + "".join(
    f"many A 192.0.2.{i}\n" for i in range(101, 180))
REGISTERED = ["reg." + ZONE, "reg.deep.reg." + ZONE]
EMPTY = ["deep.reg." + ZONE]  # because of the last one

QUESTIONS = [(name, kind) for name, kinds in {
    "@": "A AAAA SOA NS MX TXT CAA DS DNSKEY HTTPS",
    "host1": "A AAAA TXT MX NS SOA CNAME DS",
    "HOST1": "A",
    "mixed": "A", "MIXED": "AAAA",
    "alias": "A AAAA TXT CNAME", "chain": "A CNAME MX",
    "outside": "A", "dangling": "A", "loop1": "A", "toenta": "A",
    "nx": "A SOA NS DS", "x.nx": "A", "x.host1": "A", "a.b.c.nx": "TXT",
    "wild": "A NS", "x.wild": "A TXT AAAA", "x.y.wild": "A MX",
    "known.wild": "A TXT", "x.known.wild": "A", "*.wild": "A TXT AAAA",
    "x.wcname": "A AAAA CNAME", "x.wmx": "MX A", "x.odd": "A",
    "star.*.odd": "A", "x.*.odd": "A",
    "ent": "A", "c.ent": "A NS", "b.c.ent": "TXT", "a.b.c.ent": "A TXT",
    "x.ent": "A", "x.c.ent": "A",
    "_sip._tcp": "SRV A", "_tcp": "A",
    "mail": "A AAAA", "many": "A",
    "sub": "A NS DS SOA", "x.sub": "A DS", "ns.sub": "A AAAA",
    "glueless": "A NS DS", "x.glueless": "A",
    "deep.er": "A NS", "er": "A", "x.deep.er": "AAAA", "ns.deep.er": "AAAA",
    "renamed": "A DNAME", "x.renamed": "A", "x.dnamed.deeper": "A",
    r"a\.dot": "A", "a.dot": "A", r"sp\032ace": "A", r"quo\"te\\back": "A",
    r"\000\001\255": "A", r"\195\164": "A", r"d\(o\;l\$l\@r": "A",
    "under_score": "A", LONG: "A", LONG[1:]: "A",
    "txt": "TXT A", "bigtxt": "TXT",
    "reg": "A TXT", "deep.reg": "A", "reg.deep.reg": "AAAA", "x.reg": "A",
    "ptr": "PTR", "hinfo": "HINFO", "rp": "RP", "afsdb": "AFSDB",
    "loc": "LOC", "naptr": "NAPTR", "kx": "KX", "cert": "CERT",
    "sshfp": "SSHFP", "tlsa": "TLSA", "smimea": "TYPE53",
    "openpgpkey": "TYPE61", "cds": "CDS", "svcb": "SVCB", "svcba": "SVCB",
    "https": "HTTPS", "uri": "URI", "eui48": "EUI48", "eui64": "EUI64",
    "dhcid": "DHCID", "spf": "SPF", "unknown": "TYPE65400 A",
}.items() for kind in kinds.split()]


@pytest.fixture(scope="module")
def servers():
    work = Dir()
    zone_file = work.write("zone", ZONE_FILE)
    store = fill(work / "ddnsd.db", "-f", zone_file,
                 *(a for name in REGISTERED for a in ("-r", name)))
    try:
        started = {
            "oracle": gsqlite3_with(work, zone_file,
                                    REGISTERED + EMPTY).start(),
            "pipe": pdns_on(work, store, "pipe", name="pipe").start(),
            "unix": pdns_on(work, store, "unix", name="unix").start(),
        }
        yield started
        bad = work.end()
        assert not bad, "\n".join(bad)
    finally:
        work.end()
        work.remove()


def absolute(name):
    return ZONE if name == "@" else f"{name}.{ZONE}"


@pytest.mark.parametrize("connector", ["pipe", "unix"])
@pytest.mark.parametrize("name,kind", QUESTIONS,
                         ids=[f"{n[:24]}-{k}" for n, k in QUESTIONS])
def test_answers_are_those_of_gsqlite3(servers, connector, name, kind):
    for tcp in (False, True):
        want = whole_answer(servers["oracle"].port, absolute(name), kind,
                            tcp)
        got = whole_answer(servers[connector].port, absolute(name), kind,
                           tcp)
        assert got == want


@pytest.mark.parametrize("connector", ["pipe", "unix"])
@pytest.mark.parametrize("name", sorted({n for n, _ in QUESTIONS}),
                         ids=lambda n: n[:24])
def test_any_over_tcp_is_that_of_gsqlite3(servers, connector, name):
    want = whole_answer(servers["oracle"].port, absolute(name), "ANY", True)
    got = whole_answer(servers[connector].port, absolute(name), "ANY", True)
    assert got == want


def test_the_table_asks_for_all_kinds_of_answers(servers):
    """Were all of them NXDOMAIN, equality would show nothing."""
    seen = set()
    for name, kind in QUESTIONS:
        said = whole_answer(servers["oracle"].port, absolute(name), kind)
        seen.add((said["rcode"], bool(said["answer"]),
                  bool(said["authority"]), bool(said["additional"])))
        assert said["rcode"] in ("NOERROR", "NXDOMAIN", "SERVFAIL"), name
    assert {("NOERROR", True, False, False),   # an answer
            ("NOERROR", True, False, True),    # with additional records
            ("NOERROR", False, True, False),   # NODATA, delegation
            ("NOERROR", False, True, True),    # delegation with glue
            ("NXDOMAIN", False, True, False)} <= seen


def transfer(port):
    return sorted(
        line for message in dns.query.xfr("127.0.0.1", ZONE, port=port,
                                          relativize=False, lifetime=20)
        for rrset in message.answer for line in rrset.to_text().splitlines())


@pytest.mark.parametrize("connector", ["pipe", "unix"])
def test_transfer_is_that_of_gsqlite3(servers, connector):
    want = transfer(servers["oracle"].port)
    assert len(want) > 100
    assert transfer(servers[connector].port) == want
