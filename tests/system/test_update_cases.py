# SPDX-License-Identifier: BSD-3-Clause
"""RFC 2136 case by case: what is sent, what is answered, what is there after.

Every row runs against ddnsd, and against BIND and Knot, so that a difference
between us and them is a decision on record: see PEERS at the end.

Names in a row: "@" is a name of the case's own, "h" a name below it, "APEX" the
zone, "OUT" a name outside.  Lines:

    yxdomain N | nxdomain N | yxrrset N TYPE [RDATA] | nxrrset N TYPE
    add N TTL TYPE RDATA | delete N [TYPE [RDATA]]
    rr N TTL CLASS TYPE [RDATA]   any class and TTL; "\\# HEX": these octets
"""

import dataclasses
import re

import dns.exception
import dns.tsig
import pytest

from ddnstest import Ddnsd, Dir, TsigKey, ask
from ddnstest import wire as w
from ddnstest.peers import Bind, Knot

ZONE = "dyn.test"
CLASSES = {"IN": w.IN, "CH": w.CH, "NONE": w.NONE, "ANY": w.ANY}


@dataclasses.dataclass
class Case:
    name: str
    rcode: str
    given: str = ""    # updates before, which must succeed
    prereq: str = ""
    update: str = ""
    # after: "N TYPE -> value, value" or "-> NODATA" or "-> NXDOMAIN"
    after: str = ""
    changes: bool = None   # whether the serial steps; None: if NOERROR
    zone: tuple = ("APEX", "SOA", w.IN)
    zones: int = 1
    wrap: object = None    # changes the unsigned message
    signed: bool = True
    sign: dict = dataclasses.field(default_factory=dict)
    flags: int = 0
    opcode: int = w.UPDATE
    tsig: str = None       # error in the answer's TSIG; "none": no TSIG
    tcp: bool = False


def lines(text):
    return [line for line in (s.strip() for s in text.split("\n")) if line]


# ---- the table ----

A1, A2, A3 = "192.0.2.1", "192.0.2.2", "192.0.2.3"
LONG = " ".join('"%s"' % (c * 250) for c in "abcd")

CASES = [
    # -- prerequisites, s.3.2
    Case("yxdomain-there", "NOERROR", "add @ 60 A " + A1, "yxdomain @",
         "add h 60 A " + A2, "h A -> " + A2),
    Case("yxdomain-absent", "NXDOMAIN", "", "yxdomain @",
         "add h 60 A " + A2, "h A -> NXDOMAIN"),
    Case("yxdomain-empty-non-terminal", "NXDOMAIN", "add h 60 A " + A1,
         "yxdomain @", "add x.h 60 A " + A2, "x.h A -> NXDOMAIN"),
    Case("yxdomain-wildcard-is-not-it", "NXDOMAIN", "add *.@ 60 A " + A1,
         "yxdomain h", "add x.h 60 A " + A2, "h A -> " + A1),
    Case("nxdomain-absent", "NOERROR", "", "nxdomain @", "add @ 60 A " + A1,
         "@ A -> " + A1),
    Case("nxdomain-there", "YXDOMAIN", "add @ 60 A " + A1, "nxdomain @",
         "add @ 60 A " + A2, "@ A -> " + A1),
    Case("nxdomain-empty-non-terminal", "NOERROR", "add h 60 A " + A1,
         "nxdomain @", "add @ 60 A " + A2, "@ A -> " + A2),
    Case("nxdomain-under-wildcard", "NOERROR", "add *.@ 60 A " + A1,
         "nxdomain h", "add h 60 A " + A2, "h A -> " + A2),
    Case("nxdomain-apex", "YXDOMAIN", "", "nxdomain APEX",
         "add @ 60 A " + A1, "@ A -> NXDOMAIN"),
    Case("yxrrset-there", "NOERROR", "add @ 60 A " + A1, "yxrrset @ A",
         "add @ 60 A " + A2, f"@ A -> {A1}, {A2}"),
    Case("yxrrset-other-type", "NXRRSET", "add @ 60 A " + A1,
         "yxrrset @ AAAA", "add @ 60 A " + A2, "@ A -> " + A1),
    Case("yxrrset-absent-name", "NXRRSET", "", "yxrrset @ A",
         "add @ 60 A " + A2, "@ A -> NXDOMAIN"),
    Case("yxrrset-soa-of-apex", "NOERROR", "", "yxrrset APEX SOA",
         "add @ 60 A " + A1, "@ A -> " + A1),
    Case("nxrrset-absent", "NOERROR", "add @ 60 A " + A1, "nxrrset @ AAAA",
         "add @ 60 A " + A2, f"@ A -> {A1}, {A2}"),
    Case("nxrrset-absent-name", "NOERROR", "", "nxrrset @ A",
         "add @ 60 A " + A2, "@ A -> " + A2),
    Case("nxrrset-there", "YXRRSET", "add @ 60 A " + A1, "nxrrset @ A",
         "add @ 60 A " + A2, "@ A -> " + A1),
    Case("value-equal", "NOERROR", "add @ 60 A " + A1, "yxrrset @ A " + A1,
         "add @ 60 A " + A2, f"@ A -> {A1}, {A2}"),
    Case("value-other-order", "NOERROR",
         f"add @ 60 A {A1}\nadd @ 60 A {A2}",
         f"yxrrset @ A {A2}\nyxrrset @ A {A1}", "add @ 60 A " + A3,
         f"@ A -> {A1}, {A2}, {A3}"),
    Case("value-twice-is-once", "NOERROR", "add @ 60 A " + A1,
         f"yxrrset @ A {A1}\nyxrrset @ A {A1}", "add @ 60 A " + A2,
         f"@ A -> {A1}, {A2}"),
    Case("value-subset", "NXRRSET", f"add @ 60 A {A1}\nadd @ 60 A {A2}",
         "yxrrset @ A " + A1, "delete @", f"@ A -> {A1}, {A2}"),
    Case("value-superset", "NXRRSET", "add @ 60 A " + A1,
         f"yxrrset @ A {A1}\nyxrrset @ A {A2}", "delete @", "@ A -> " + A1),
    Case("value-other", "NXRRSET", "add @ 60 A " + A1, "yxrrset @ A " + A2,
         "delete @", "@ A -> " + A1),
    Case("value-absent-name", "NXRRSET", "", "yxrrset @ A " + A1,
         "add h 60 A " + A2, "h A -> NXDOMAIN"),
    Case("value-case-of-names", "NOERROR", "add @ 60 MX 5 Mail.Example.test.",
         "yxrrset @ MX 5 mAIL.eXAMPLE.TEST.", "add h 60 A " + A2,
         "h A -> " + A2),
    Case("value-case-of-owner", "NOERROR", "add h 60 A " + A1,
         "yxrrset H A " + A1, "add h 60 A " + A2, f"h A -> {A1}, {A2}"),
    Case("value-of-unknown-type", "NOERROR", "add @ 60 TYPE65400 \\# 2 abcd",
         "yxrrset @ TYPE65400 \\# 2 abcd", "delete @ TYPE65400",
         "@ TYPE65400 -> NXDOMAIN"),
    Case("two-sets-one-wrong", "NXRRSET",
         f"add @ 60 A {A1}\nadd h 60 A {A2}",
         f"yxrrset @ A {A1}\nyxrrset h A {A1}", "delete @", "@ A -> " + A1),
    Case("first-failing-is-answered", "NXDOMAIN", "add @ 60 A " + A1,
         "yxdomain h\nnxrrset @ A", "delete @", "@ A -> " + A1),
    Case("existence-before-values", "YXRRSET", "add @ 60 A " + A1,
         f"yxrrset @ A {A2}\nnxrrset @ A", "delete @", "@ A -> " + A1),
    Case("prerequisites-alone", "NOERROR", "add @ 60 A " + A1,
         f"yxrrset @ A {A1}\nyxdomain @", "", "@ A -> " + A1, changes=False),
    Case("prereq-ttl", "FORMERR", "", "rr @ 1 ANY A", "add @ 60 A " + A1,
         "@ A -> NXDOMAIN"),
    Case("prereq-outside", "NOTZONE", "", "yxrrset OUT A",
         "add @ 60 A " + A1, "@ A -> NXDOMAIN"),
    Case("prereq-any-with-data", "FORMERR", "", "rr @ 0 ANY A " + A1,
         "add @ 60 A " + A1, "@ A -> NXDOMAIN"),
    Case("prereq-none-with-data", "FORMERR", "", "rr @ 0 NONE A " + A1,
         "add @ 60 A " + A1, "@ A -> NXDOMAIN"),
    Case("prereq-other-class", "FORMERR", "", "rr @ 0 CH A " + A1,
         "add @ 60 A " + A1, "@ A -> NXDOMAIN"),
    Case("prereq-data-of-wrong-length", "FORMERR", "",
         "rr @ 0 IN A \\# c00002", "add @ 60 A " + A1, "@ A -> NXDOMAIN"),

    # -- adding, s.3.4.2.2
    Case("add", "NOERROR", "", "", "add @ 60 A " + A1, "@ A -> " + A1),
    Case("add-second", "NOERROR", "add @ 60 A " + A1, "", "add @ 60 A " + A2,
         f"@ A -> {A1}, {A2}"),
    Case("add-what-is-there", "NOERROR", "add @ 60 A " + A1, "",
         "add @ 60 A " + A1, "@ A -> " + A1, changes=False),
    Case("add-with-other-ttl", "NOERROR", "add @ 60 A " + A1, "",
         "add @ 61 A " + A1, "@ A -> 61 " + A1),
    Case("add-ttl-is-of-the-set", "NOERROR", "add @ 60 A " + A1, "",
         "add @ 61 A " + A2, f"@ A -> 61 {A1}, {A2}"),
    Case("add-ttl-zero", "NOERROR", "", "", "add @ 0 A " + A1,
         "@ A -> 0 " + A1),
    Case("add-twice-in-one", "NOERROR", "", "",
         f"add @ 60 A {A1}\nadd @ 60 A {A1}", "@ A -> " + A1),
    Case("add-many-types", "NOERROR", "", "", "\n".join((
        "add @ 60 AAAA 2001:db8::1", "add @ 60 MX 5 mail.example.test.",
        "add @ 60 SRV 1 2 3 srv.example.test.",
        'add @ 60 CAA 0 issue "ca.test"', "add @ 60 PTR host.example.test.",
        "add @ 60 DHCID AAIBY2/AuCccgoJbb3SsxKjh",
        "add @ 60 SSHFP 1 1 123456789abcdef67890123456789abcdef67890",
        "add @ 60 TLSA 3 1 1 d2abde240d7cd3ee",
        "add @ 60 HTTPS 1 . alpn=\"h2\"",
        "add @ 60 NAPTR 1 2 \"S\" \"SIP\" \"\" _sip.example.test.")),
         "@ AAAA -> 2001:db8::1\n@ MX -> 5 mail.example.test.\n"
         "@ SRV -> 1 2 3 srv.example.test.\n"
         '@ CAA -> 0 issue "ca.test"\n@ PTR -> host.example.test.\n'
         "@ DHCID -> AAIBY2/AuCccgoJbb3SsxKjh\n"
         "@ TLSA -> 3 1 1 d2abde240d7cd3ee\n"
         '@ HTTPS -> 1 . alpn="h2"'),
    Case("add-unknown-type", "NOERROR", "", "",
         "add @ 60 TYPE65400 \\# 2 abcd\nadd @ 60 TYPE65400 \\# 0",
         "@ TYPE65400 -> \\# 0, \\# 2 abcd"),
    Case("add-txt-values", "NOERROR", "", "",
         'add _acme-challenge.@ 60 TXT "one"\n'
         'add _acme-challenge.@ 60 TXT "two"',
         '_acme-challenge.@ TXT -> "one", "two"'),
    Case("add-long-txt", "NOERROR", "", "", "add @ 60 TXT " + LONG,
         "@ TXT -> " + LONG, tcp=True),
    Case("add-wildcard", "NOERROR", "", "", "add *.@ 60 A " + A1,
         f"*.@ A -> {A1}\nh A -> {A1}"),
    Case("add-keeps-one-owner", "NOERROR", "add h 60 A " + A1, "",
         "add H 60 A " + A2, f"h A -> {A1}, {A2}"),
    Case("cname-onto-data", "NOERROR", "add @ 60 A " + A1, "",
         "add @ 60 CNAME x.example.test.", "@ A -> " + A1, changes=False),
    Case("data-onto-cname", "NOERROR", "add @ 60 CNAME x.example.test.", "",
         "add @ 60 A " + A1, "@ CNAME -> x.example.test.", changes=False),
    Case("cname-onto-cname", "NOERROR", "add @ 60 CNAME x.example.test.", "",
         "add @ 60 CNAME y.example.test.", "@ CNAME -> y.example.test."),
    Case("data-becomes-cname", "NOERROR", "add @ 60 A " + A1, "",
         "delete @ A\nadd @ 60 CNAME x.example.test.",
         "@ CNAME -> x.example.test."),
    Case("cname-becomes-data", "NOERROR", "add @ 60 CNAME x.example.test.",
         "", "delete @ CNAME\nadd @ 60 A " + A1, "@ A -> " + A1),
    Case("cname-then-data-in-one", "NOERROR", "", "",
         "add @ 60 CNAME x.example.test.\nadd @ 60 A " + A1,
         "@ CNAME -> x.example.test."),
    Case("cname-at-apex", "NOERROR", "", "",
         "add APEX 60 CNAME x.example.test.", "APEX CNAME -> NODATA",
         changes=False),
    Case("dname-beside-data", "NOERROR", "add @ 60 A " + A1, "",
         "add @ 60 DNAME x.example.test.",
         f"@ A -> {A1}\n@ DNAME -> x.example.test."),

    # -- deleting, s.3.4.2.3 and s.3.4.2.4
    Case("delete-rr", "NOERROR", f"add @ 60 A {A1}\nadd @ 60 A {A2}", "",
         "delete @ A " + A1, "@ A -> " + A2),
    Case("delete-last-rr", "NOERROR", "add @ 60 A " + A1, "",
         "delete @ A " + A1, "@ A -> NXDOMAIN"),
    Case("delete-rr-absent", "NOERROR", "add @ 60 A " + A1, "",
         "delete @ A " + A2, "@ A -> " + A1, changes=False),
    Case("delete-rr-case-of-names", "NOERROR",
         "add @ 60 MX 5 Mail.example.test.", "",
         "delete @ MX 5 mAIL.EXAMPLE.test.", "@ MX -> NXDOMAIN"),
    Case("delete-set", "NOERROR",
         f"add @ 60 A {A1}\nadd @ 60 A {A2}\nadd @ 60 TXT x", "",
         "delete @ A", '@ A -> NODATA\n@ TXT -> "x"'),
    Case("delete-set-absent", "NOERROR", "add @ 60 A " + A1, "",
         "delete @ AAAA", "@ A -> " + A1, changes=False),
    Case("delete-name", "NOERROR",
         f"add @ 60 A {A1}\nadd @ 60 TXT x\nadd h 60 A {A2}", "", "delete @",
         "@ A -> NODATA\n@ TXT -> NODATA\nh A -> " + A2),
    Case("delete-name-absent", "NOERROR", "", "", "delete @",
         "@ A -> NXDOMAIN", changes=False),
    Case("delete-case-of-owner", "NOERROR", "add h 60 A " + A1, "",
         "delete H A", "h A -> NXDOMAIN"),
    Case("order-add-then-delete", "NOERROR", "", "",
         f"add @ 60 A {A1}\ndelete @ A {A1}", "@ A -> NXDOMAIN",
         changes=False),
    Case("order-add-then-delete-set", "NOERROR", "add @ 60 A " + A1, "",
         f"add @ 60 A {A2}\ndelete @ A", "@ A -> NXDOMAIN"),
    Case("order-delete-then-add-the-same", "NOERROR", "add @ 60 A " + A1, "",
         "delete @ A\nadd @ 60 A " + A1, "@ A -> " + A1, changes=False),
    Case("order-delete-then-add-other", "NOERROR", "add @ 60 A " + A1, "",
         "delete @ A\nadd @ 60 A " + A2, "@ A -> " + A2),

    # -- the prescan, s.3.4.1: one mistake and nothing is done
    Case("outside", "NOTZONE", "", "", f"add @ 60 A {A1}\nadd OUT 60 A {A1}",
         "@ A -> NXDOMAIN"),
    Case("update-other-class", "FORMERR", "", "",
         f"add @ 60 A {A1}\nrr h 60 CH A {A1}", "@ A -> NXDOMAIN"),
    Case("add-type-any", "FORMERR", "", "",
         f"add @ 60 A {A1}\nrr h 60 IN ANY \\# 01", "@ A -> NXDOMAIN"),
    Case("add-type-axfr", "FORMERR", "", "",
         f"add @ 60 A {A1}\nrr h 60 IN AXFR \\# 01", "@ A -> NXDOMAIN"),
    Case("add-type-tkey", "FORMERR", "", "",
         f"add @ 60 A {A1}\nrr h 60 IN TKEY \\# 01", "@ A -> NXDOMAIN"),
    Case("delete-set-with-ttl", "FORMERR", "", "",
         f"add @ 60 A {A1}\nrr h 1 ANY A", "@ A -> NXDOMAIN"),
    Case("delete-set-with-data", "FORMERR", "", "",
         f"add @ 60 A {A1}\nrr h 0 ANY A {A1}", "@ A -> NXDOMAIN"),
    Case("delete-set-of-axfr", "FORMERR", "", "",
         f"add @ 60 A {A1}\nrr h 0 ANY AXFR", "@ A -> NXDOMAIN"),
    Case("delete-rr-with-ttl", "FORMERR", "", "",
         f"add @ 60 A {A1}\nrr h 1 NONE A {A1}", "@ A -> NXDOMAIN"),
    Case("delete-rr-of-any", "FORMERR", "", "",
         f"add @ 60 A {A1}\nrr h 0 NONE ANY \\# 01", "@ A -> NXDOMAIN"),
    Case("add-data-of-wrong-length", "FORMERR", "", "",
         f"add @ 60 A {A1}\nrr h 60 IN A \\# c00002", "@ A -> NXDOMAIN"),
    Case("add-no-data", "FORMERR", "", "",
         f"add @ 60 A {A1}\nrr h 60 IN A", "@ A -> NXDOMAIN"),
    Case("failed-prereq-before-mistake", "NXDOMAIN", "", "yxdomain @",
         "rr h 60 CH A " + A1, "@ A -> NXDOMAIN"),

    # -- the apex
    Case("apex-delete-name", "NOERROR", "add APEX 60 TXT here", "",
         "delete APEX", "APEX TXT -> NODATA\nAPEX NS -> ns1.dyn.test."),
    Case("apex-delete-ns-set", "NOERROR", "", "", "delete APEX NS",
         "APEX NS -> ns1.dyn.test.", changes=False),
    Case("apex-delete-last-ns", "NOERROR", "", "",
         "delete APEX NS ns1.dyn.test.", "APEX NS -> ns1.dyn.test.",
         changes=False),
    Case("apex-swap-ns", "NOERROR", "", "",
         "add APEX 60 NS ns2.dyn.test.\ndelete APEX NS ns1.dyn.test.\n"
         "add APEX 60 NS ns1.dyn.test.\ndelete APEX NS ns2.dyn.test.",
         "APEX NS -> ns1.dyn.test.", changes=False),
    Case("apex-delete-soa", "NOERROR", "", "", "delete APEX SOA",
         "@ A -> NXDOMAIN", changes=False),
    Case("soa-lower", "NOERROR", "", "",
         "add APEX 60 SOA ns1.dyn.test. hm.dyn.test. {serial-1} 1 2 3 4",
         "@ A -> NXDOMAIN", changes=False),
    Case("soa-equal", "NOERROR", "", "",
         "add APEX 60 SOA ns1.dyn.test. hm.dyn.test. {serial+0} 1 2 3 4",
         "@ A -> NXDOMAIN", changes=False),
    Case("soa-not-at-apex", "NOERROR", "", "",
         "add @ 60 SOA ns1.dyn.test. hm.dyn.test. {serial+9} 1 2 3 4",
         "@ SOA -> NXDOMAIN", changes=False),
    Case("soa-higher", "NOERROR", "", "",
         "add APEX 60 SOA ns1.dyn.test. hm.dyn.test. {serial+9} 3600 600 "
         "86400 60",
         "APEX SOA -> ns1.dyn.test. hm.dyn.test. {serial+9} 3600 600 86400 "
         "60"),

    # -- the zone section, s.3.1
    Case("zone-type-not-soa", "FORMERR", "", "", "add @ 60 A " + A1,
         "@ A -> NXDOMAIN", zone=("APEX", "A", w.IN)),
    Case("zone-none", "FORMERR", "", "", "add @ 60 A " + A1,
         "@ A -> NXDOMAIN", zones=0),
    Case("zone-two", "FORMERR", "", "", "add @ 60 A " + A1,
         "@ A -> NXDOMAIN", zones=2),
    Case("zone-of-others", "NOTAUTH", "", "", "add OUT 60 A " + A1, "",
         zone=("OUT", "SOA", w.IN)),
    Case("zone-name-in-a-zone", "NOTAUTH", "", "", "add h 60 A " + A1,
         "h A -> NXDOMAIN", zone=("@", "SOA", w.IN)),
    Case("zone-class", "NOTAUTH", "", "", "add @ 60 A " + A1,
         "@ A -> NXDOMAIN", zone=("APEX", "SOA", w.CH)),
    Case("zone-in-capitals", "NOERROR", "", "", "add @ 60 A " + A1,
         "@ A -> " + A1, zone=("DYN.TEST", "SOA", w.IN)),

    # -- the message
    Case("empty", "NOERROR", changes=False),
    Case("unsigned", "REFUSED", "", "", "add @ 60 A " + A1,
         "@ A -> NXDOMAIN", signed=False, tsig="none"),
    Case("opcode-unknown", "NOTIMP", opcode=6, changes=False, tsig="none"),
    Case("an-answer", None, "", "", "add @ 60 A " + A1, "@ A -> NXDOMAIN",
         flags=0x8000),
    Case("counts-that-lie", "FORMERR", "", "", "add @ 60 A " + A1,
         "@ A -> NXDOMAIN", signed=False, tsig="none",
         wrap=lambda m: m[:9] + b"\x02" + m[10:]),
    Case("octets-behind-the-end", "FORMERR", "", "", "add @ 60 A " + A1,
         "@ A -> NXDOMAIN", signed=False, tsig="none",
         wrap=lambda m: m + b"\x00"),
    Case("cut-off", "FORMERR", "", "", "add @ 60 A " + A1,
         "@ A -> NXDOMAIN", signed=False, tsig="none",
         wrap=lambda m: m[:-3]),
    Case("large-by-udp", "NOERROR", "", "",
         "\n".join(f"add h{i} 60 A 192.0.2.{i}" for i in range(100)),
         "h0 A -> 192.0.2.0\nh99 A -> 192.0.2.99"),
    Case("large-by-tcp", "NOERROR", "", "",
         "\n".join(f"add h{i} 60 A 192.0.2.{i % 256}" for i in range(1000)),
         "h0 A -> 192.0.2.0\nh999 A -> 192.0.2.231", tcp=True),

    # -- TSIG, RFC 8945
    Case("tsig-unknown-key", "NOTAUTH", "", "", "add @ 60 A " + A1,
         "@ A -> NXDOMAIN", sign={"name": "nobody"}, tsig="BADKEY"),
    Case("tsig-other-algorithm", "NOTAUTH", "", "", "add @ 60 A " + A1,
         "@ A -> NXDOMAIN", sign={"algorithm": "hmac-sha512"},
         tsig="BADKEY"),
    Case("tsig-wrong-secret", "NOTAUTH", "", "", "add @ 60 A " + A1,
         "@ A -> NXDOMAIN", sign={"secret": "c2VjcmV0"}, tsig="BADSIG"),
    Case("tsig-too-old", "NOTAUTH", "", "", "add @ 60 A " + A1,
         "@ A -> NXDOMAIN", sign={"age": 400}, tsig="BADTIME"),
    Case("tsig-from-the-future", "NOTAUTH", "", "", "add @ 60 A " + A1,
         "@ A -> NXDOMAIN", sign={"age": -400}, tsig="BADTIME"),
    Case("tsig-within-its-fudge", "NOERROR", "", "", "add @ 60 A " + A1,
         "@ A -> " + A1, sign={"age": 400, "fudge": 600}),
    Case("tsig-outside-its-fudge", "NOTAUTH", "", "", "add @ 60 A " + A1,
         "@ A -> NXDOMAIN", sign={"age": 100, "fudge": 50}, tsig="BADTIME"),
    Case("tsig-truncated", "NOTAUTH", "", "", "add @ 60 A " + A1,
         "@ A -> NXDOMAIN", sign={"mac_bytes": 16}, tsig="BADTRUNC"),
    Case("tsig-truncated-too-far", "FORMERR", "", "", "add @ 60 A " + A1,
         "@ A -> NXDOMAIN", sign={"mac_bytes": 9}, tsig="none"),
    Case("tsig-forwarded", "NOERROR", "", "", "add @ 60 A " + A1,
         "@ A -> " + A1, sign={"ident": 0x7777}),
]

# What the others answer otherwise, and why we do not.  (server, case) to
# (what it does, our reason).  What it does: an rcode, "serial" (it steps where
# we do not, or the other way round), "after" (other records), "tsig".
PEERS = {
    ("bind", "value-twice-is-once"): (
        {"rcode": "NXRRSET", "serial": False, "after": [A1]},
        "s.2.4.2 compares sets, and a set has no duplicates"),
    ("bind", "failed-prereq-before-mistake"): (
        {"rcode": "FORMERR", "tsig": "none"},
        "BIND reads the whole message first; s.3.2 comes before s.3.4"),
    ("bind", "zone-class"): (
        {"rcode": "NOTIMP"}, "s.3.1.2: a zone that is not ours, NOTAUTH"),
    ("bind", "opcode-unknown"): (
        {"tsig": "NOERROR"},
        "we do not read what nobody has defined, so nothing is verified"),
    ("bind", "octets-behind-the-end"): (
        {"rcode": "REFUSED"}, "BIND lets it pass; it is no DNS message"),
    ("bind", "tsig-truncated-too-far"): (
        {"tsig": "BADSIG"}, "RFC 8945 s.5.2.2.1: FORMERR, nothing said of it"),
    ("knot", "add-with-other-ttl"): (
        {"serial": False, "after": "TTL 60"},
        "s.3.4.2.2: what is there is replaced, TTL and all; as BIND"),
    ("knot", "delete-set-with-ttl"): (
        {"rcode": "NOERROR", "serial": True, "after": [A1]},
        "s.3.4.1.3 wants TTL 0; as BIND"),
    ("knot", "soa-not-at-apex"): (
        {"silent": True},
        "Knot 3.2 takes the SOA in and stops serving the zone"),
    ("knot", "zone-two"): (
        {"rcode": None}, "s.3.1.1: FORMERR; Knot is silent"),
    ("knot", "zone-of-others"): (
        {"tsig": "none"}, "a good signature is answered by one; as BIND"),
    ("knot", "zone-name-in-a-zone"): ({"tsig": "none"}, "as above"),
    ("knot", "zone-class"): (
        {"rcode": "NOTIMP", "tsig": "none"}, "as with BIND, and as above"),
    ("knot", "unsigned"): (
        {"rcode": "NOTAUTH"},
        "REFUSED is what makes Windows sign; as BIND"),
    ("knot", "tsig-truncated"): (
        {"tsig": "BADSIG"}, "RFC 8945 s.5.2.2.1: BADTRUNC; as BIND"),
    ("knot", "tsig-truncated-too-far"): (
        {"rcode": "NOTAUTH", "tsig": "BADSIG"}, "as with BIND"),
}


# ---- running it ----

class Ours:
    name = "ddnsd"

    def __init__(self, directory, key):
        self.ddnsd = Ddnsd(directory, dns=True)
        self.port = self.ddnsd.dns
        ctl = self.ddnsd.ctl
        ctl("zone", "import", ZONE, directory.write("ours.zone", ZONE_TEXT))
        ctl("account", "add", "cases")
        ctl("key", "add", key.name, "--account", "cases", "--alg",
            key.algorithm, "--secret-file", key.file, "--grant",
            f"subtree {ZONE} ANY")

    def start(self):
        self.ddnsd.start()
        return self

    def end(self):
        self.ddnsd.end()


ZONE_TEXT = f"""$ORIGIN {ZONE}.
$TTL 60
@ SOA ns1.{ZONE}. hostmaster.{ZONE}. 1000 3600 600 86400 60
@ NS ns1
ns1 A 127.0.0.1
"""


class Servers:
    """One server at a time; a new one when one is silent for ever."""

    def __init__(self, kind):
        self.kind = kind
        self.running = None

    def get(self):
        if self.running is None:
            directory = Dir()
            key = TsigKey(directory, name="cases-key")
            if self.kind == "ddnsd":
                self.running = Ours(directory, key)
            else:
                peer = {"bind": Bind, "knot": Knot}[self.kind]
                self.running = peer(directory, ZONE, key, ZONE_TEXT)
            self.running.key = key
            self.running.directory = directory
            self.running.start()
        return self.running

    def end(self, kill=False):
        if self.running is None:
            return
        if kill:
            self.running.process.kill()
        else:
            self.running.end()
        bad = self.running.directory.end()
        self.running.directory.remove()
        self.running = None
        assert not bad


@pytest.fixture(scope="module", params=["ddnsd", "bind", "knot"])
def servers(request):
    made = Servers(request.param)
    yield made
    made.end()


class Names:
    """Names of one case in full."""

    def __init__(self, case):
        self.own = f"c-{case.name}.{ZONE}"

    def __call__(self, name):
        if name == "APEX":
            return ZONE
        if name == "OUT":
            return "other.example"
        if name == ZONE.upper():
            return name
        if name.endswith(".@"):
            return name[:-1] + self.own
        return self.own if name == "@" else f"{name}.{self.own}"


def octets(kind, text):
    if text.startswith("\\# ") and not kind.startswith("TYPE"):
        return bytes.fromhex(text[3:])
    return w.rdata_wire(kind, text) if text else b""


def prereq_rr(names, line):
    word, name, *rest = line.split(" ", 3)
    kind = rest[0] if rest else "ANY"
    if word == "rr":
        return raw_rr(names, line)
    if word in ("nxdomain", "nxrrset"):
        return w.rr(names(name), kind, w.NONE)
    if len(rest) < 2:
        return w.rr(names(name), kind, w.ANY)
    return w.rr(names(name), kind, w.IN, 0, octets(kind, rest[1]))


def update_rr(names, line):
    word, name, *rest = line.split(" ", 2)
    if word == "rr":
        return raw_rr(names, line)
    if word == "add":
        ttl, kind, text = rest[0].split(" ", 2)
        return w.rr(names(name), kind, w.IN, int(ttl), octets(kind, text))
    rest = rest[0].split(" ", 1) if rest else ["ANY"]
    if len(rest) == 1:
        return w.rr(names(name), rest[0], w.ANY)
    return w.rr(names(name), rest[0], w.NONE, 0, octets(rest[0], rest[1]))


def raw_rr(names, line):
    _, name, ttl, rdclass, kind, *rest = line.split(" ", 5)
    return w.rr(names(name), kind, CLASSES[rdclass], int(ttl),
                octets(kind, rest[0] if rest else ""))


def serial_of(server):
    return int(ask(server.port, ZONE, "SOA").values[0].split()[2])


def fill(text, serial):
    return re.sub(r"\{serial([+-]\d+)\}",
                  lambda m: str(serial + int(m[1])), text)


class Changed:
    """A key with something wrong in it."""

    def __init__(self, key, **how):
        self.name = how.get("name", key.name)
        self.algorithm = how.get("algorithm", key.algorithm)
        self.secret = how.get("secret", key.secret)

    keyring = TsigKey.keyring


def send(server, wire, key=None, tcp=False, timeout=3.0, **how):
    """Gives (answer, MAC of the request)."""
    import time
    mac = b""
    if key is not None:
        age = how.pop("age", 0)
        options = {k: how[k] for k in ("fudge", "ident", "mac_bytes")
                   if k in how}
        wire, mac = w.sign(wire, Changed(key, **how),
                           when=int(time.time()) - age, **options)
    post = w.send_tcp if tcp else w.send_udp
    return post(server.port, wire, timeout=timeout), mac


def build(case, names, serial):
    zone, kind, rdclass = case.zone
    wire = w.message(
        [w.question(names(zone), kind, rdclass)] * case.zones,
        [prereq_rr(names, line) for line in lines(case.prereq)],
        [update_rr(names, fill(line, serial)) for line in
         lines(case.update)],
        opcode=case.opcode, flags=case.flags)
    return case.wrap(wire) if case.wrap else wire


def look(server, names, line, serial):
    """What is there, in the words of the line, and what the line wants."""
    what, want = fill(line, serial).split(" -> ")
    name, kind = what.split(" ")
    answer = ask(server.port, names(name), kind, tcp=True)
    if want in ("NXDOMAIN", "NODATA"):
        if answer.nodata:
            return "NODATA", want
        return answer.rcode if not answer.values else answer.values, want
    ttl = re.match(r"(\d+) (?=\d+\.)", want)
    if ttl:
        want = want[ttl.end():]
        if answer.ttl != int(ttl[1]):
            return f"TTL {answer.ttl}", f"TTL {ttl[1]}"
    return ([v.strip() for v in answer.values], sorted(want.split(", ")))


def run(server, case):
    """What differs from the row: {what: (seen, wanted)}."""
    names = Names(case)
    different = {}
    if case.given:
        given = Case(case.name, "NOERROR", update=case.given)
        got, _ = send(server, build(given, names, 0), server.key)
        assert w.rcode(got) == "NOERROR"
    serial = serial_of(server)
    timeout = 0.5 if case.rcode is None else 3.0
    got, mac = send(server, build(case, names, serial),
                    server.key if case.signed else None, case.tcp, timeout,
                    **case.sign)
    if w.rcode(got) != case.rcode:
        different["rcode"] = (w.rcode(got), case.rcode)
    if got is not None:
        check_answer(server, case, got, mac, different)
    stepped = serial_of(server) != serial
    wanted = case.rcode == "NOERROR" if case.changes is None else case.changes
    if stepped != wanted:
        different["serial"] = (stepped, wanted)
    for line in lines(case.after):
        seen, want = look(server, names, line, serial)
        if seen != want:
            different["after"] = (seen, want)
    return different


def check_answer(server, case, got, mac, different):
    """Header, question, and the signature."""
    ident = case.sign.get("ident")
    assert got[:2] == b"\x12\x34"
    assert (got[2] >> 3) & 15 == case.opcode and got[2] & 0x80
    error = w.tsig_error(got) or "none"
    wanted = case.tsig or "NOERROR"
    if case.rcode == "FORMERR" and case.tsig is None:
        return  # whether a malformed message was verified first is free
    if error != wanted:
        different["tsig"] = (error, wanted)
    elif case.tsig in (None, "BADTIME", "BADTRUNC"):
        # all three are signed with our key; as the client that was forwarded
        # sees it, under its own ID
        if ident is not None:
            got = ident.to_bytes(2, "big") + got[2:]
        try:
            w.read(got, Changed(server.key), mac)
        except dns.tsig.PeerBadTime:
            assert case.tsig == "BADTIME"
        except dns.tsig.PeerBadTruncation:
            assert case.tsig == "BADTRUNC"
        except dns.exception.DNSException as e:
            different["signature"] = (repr(e), "good")


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_case(servers, case):
    if servers.kind == "ddnsd":
        assert not run(servers.get(), case)
        return
    known, _reason = PEERS.get((servers.kind, case.name), ({}, ""))
    try:
        seen = {k: v[0] for k, v in run(servers.get(), case).items()}
    except dns.exception.Timeout:
        seen = {"silent": True}
        servers.end(kill=True)
    assert seen == known


def test_enough_cases():
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 60
    assert {case for _, case in PEERS} <= set(names)
