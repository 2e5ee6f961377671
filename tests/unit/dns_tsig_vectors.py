#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes dns_tsig_vectors.h: messages that dnspython has signed.

Run by hand when a case is added; the header is kept in the tree so that the
unit test needs no Python.
"""
import base64
import time

import dns.message
import dns.name
import dns.rcode
import dns.tsig
import dns.update

NOW = 1700000000
SECRET = bytes(range(1, 33))
ALGS = ["hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384",
        "hmac-sha512"]

time.time = lambda: float(NOW)


def request(key):
    u = dns.update.UpdateMessage("dyn.test", id=0x1234)
    u.absent("Host.dyn.test")
    u.add("Host.dyn.test", 60, "A", "192.0.2.1")
    u.use_tsig(key, fudge=300)
    return u


def main():
    print("/* SPDX-License-Identifier: BSD-3-Clause */")
    print("/* made by dns_tsig_vectors.py with dnspython */")
    print("#define VECTOR_NOW %d" % NOW)
    print("static const struct {\n\tconst char *alg, *request, *answer,"
          "\n\t    *stream[3];\n} vectors[] = {")
    for alg in ALGS:
        key = dns.tsig.Key("Key.Test", SECRET, dns.name.from_text(alg))
        u = request(key)
        out = [u.to_wire()]
        r = dns.message.make_response(u)
        r.set_rcode(dns.rcode.NXDOMAIN)
        out.append(r.to_wire())
        ctx = None
        for _ in range(3):
            m = dns.message.make_response(u)
            wire = m.to_wire(multi=True, tsig_ctx=ctx)
            ctx = m.tsig_ctx
            out.append(wire)
        print('\t{ "%s",' % alg)
        for n, wire in enumerate(out):
            h = wire.hex()
            lines = ['"%s"' % h[i:i + 64] for i in range(0, len(h), 64)]
            lead = "\t    { " if n == 2 else "\t    "
            tail = " } }," if n == 4 else ","
            print(lead + "\n\t    ".join(lines) + tail)
    print("};")


main()
