# SPDX-License-Identifier: BSD-3-Clause
"""ddnsctl: zone files in and out, records, hosts."""

import time

import pytest

import dns.zone

from ddnstest import Ddnsd

FULL = r"""
$TTL 1h
@   IN SOA ns1 host\.master ( 2026112101 ; serial
        7200 900 1209600 300 )
    IN NS ns1
    IN NS ns2.example.net.
    MX 10 mail
    MX 20 mail.example.net.
    TXT "v=spf1 mx -all" "second; string"
    CAA 0 issue "letsencrypt.org"
ns1 A 192.0.2.53
    AAAA 2001:db8::53
mail 300 A 192.0.2.25
www CNAME home
*.wild A 192.0.2.99
_sip._tcp SRV 10 60 5060 sip
sip A 192.0.2.60
host SSHFP 4 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
_443._tcp.www TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
naptr NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@dyn.test!" .
loc LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
https HTTPS 1 . alpn=h2,h3
sub NS ns.sub
ns.sub A 192.0.2.77
unknown TYPE65400 \# 4 01020304
$ORIGIN deep.dyn.test.
a.b A 192.0.2.11
"""


@pytest.fixture
def ctl(work, monkeypatch):
    monkeypatch.chdir(work.path)
    return Ddnsd(work).ctl


def records(ctl, zone="dyn.test", *options):
    return sorted((r["name"], r["type"], r["ttl"], r["data"])
                  for r in ctl.json("record", "list", zone, *options))


def names(ctl):
    return {r[0] for r in records(ctl)}


def serial(ctl):
    return ctl.json("zone", "show", "dyn.test")["serial"]


def load(text):
    """A zone file as dnspython understands it: for comparison."""
    zone = dns.zone.from_text(text, origin="dyn.test.", relativize=False,
                              check_origin=False)
    return {(name.to_text().lower(), r.rdtype, r.ttl, d.to_text())
            for name, r in ((n, r) for n, node in zone.items()
                            for r in node.rdatasets)
            for d in r if r.rdtype != 6}


def test_import_makes_a_zone_of_many_types(ctl, work):
    path = work.write("full.zone", FULL)
    done = ctl.json("zone", "import", "dyn.test", path)
    assert done["new"] is True
    assert done["records"] == 22
    zone = ctl.json("zone", "show", "dyn.test")
    assert zone["mname"] == "ns1.dyn.test"
    assert zone["rname"] == r"host\.master.dyn.test"
    assert zone["minimum"] == 300
    assert zone["serial"] >= 2026112101
    assert zone["ns"] == ["ns1.dyn.test", "ns2.example.net"]
    exported = ctl("zone", "export", "dyn.test")
    # an independent reader finds the same in both
    assert load(exported) == load(FULL)
    have = records(ctl)
    assert ("dyn.test", "TXT", 3600,
            '"v=spf1 mx -all" "second; string"') in have
    assert ("mail.dyn.test", "A", 300, "192.0.2.25") in have
    assert ("_sip._tcp.dyn.test", "SRV", 3600,
            "10 60 5060 sip.dyn.test") in have
    assert ("unknown.dyn.test", "TYPE65400", 3600,
            r"\# 4 01020304") in have


def test_import_of_an_export_changes_nothing(ctl, work):
    ctl("zone", "import", "dyn.test", work.write("full.zone", FULL))
    rows, was, now = len(ctl.log()), records(ctl), serial(ctl)
    work.write("again.zone", ctl("zone", "export", "dyn.test") + "\n")
    done = ctl.json("zone", "import", "dyn.test", "again.zone")
    assert (done["changed"], done["deleted"]) == (0, 0)
    assert records(ctl) == was
    assert serial(ctl) == now
    assert len(ctl.log()) == rows


def test_import_replaces_static_records_and_keeps_hosts(ctl, work):
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    ctl("account", "add", "alice")
    ctl("host", "add", "h1.dyn.test", "--account", "alice",
        "--allow-special", "--a", "192.0.2.1")
    ctl("record", "set", "_acme-challenge.h1.dyn.test", "TXT", "token")
    work.write("one.zone", "a A 192.0.2.10\nb A 192.0.2.11\nc TXT x\n")
    assert ctl.json("zone", "import", "dyn.test", "one.zone")["changed"] == 3
    before = serial(ctl)
    work.write("two.zone", "a A 192.0.2.10\nb A 192.0.2.12\nd A 192.0.2.13\n"
               "h1 A 192.0.2.66\nh1 MX 10 a\n_acme-challenge.h1 TXT bad\n")
    done = ctl.run("--json", "zone", "import", "dyn.test", "two.zone")
    assert "3 records at the names of hosts" in done.stderr
    assert records(ctl) == [
        ("_acme-challenge.h1.dyn.test", "TXT", 3600, '"token"'),
        ("a.dyn.test", "A", 3600, "192.0.2.10"),
        ("b.dyn.test", "A", 3600, "192.0.2.12"),
        ("d.dyn.test", "A", 3600, "192.0.2.13"),
        ("dyn.test", "NS", 3600, "ns1.dyn.test"),
        ("h1.dyn.test", "A", 60, "192.0.2.1"),
    ]
    assert serial(ctl) == before + 1  # one transaction, one step
    rows = [r for r in ctl.log("--changed") if r["serial"] == before + 1]
    assert {(r["name"], r["type"]) for r in rows} == {
        ("b.dyn.test", "A"), ("c.dyn.test", "TXT"), ("d.dyn.test", "A")}
    by_name = {r["name"]: r for r in rows}
    assert by_name["b.dyn.test"]["old"] == ["192.0.2.11"]
    assert by_name["b.dyn.test"]["new"] == ["192.0.2.12"]
    assert by_name["c.dyn.test"]["vanished"]
    assert by_name["d.dyn.test"]["appeared"]


def test_import_takes_over_soa_and_a_newer_serial_only(ctl, work):
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test", "--ttl", "30")
    before = serial(ctl)
    text = "@ SOA ns9 admin {} 1800 60 90000 5\n@ NS ns9\n"
    work.write("old.zone", text.format(7))
    ctl("zone", "import", "dyn.test", "old.zone")
    zone = ctl.json("zone", "show", "dyn.test")
    assert zone["serial"] == before + 1
    assert (zone["mname"], zone["rname"]) == ("ns9.dyn.test",
                                              "admin.dyn.test")
    assert (zone["refresh"], zone["minimum"], zone["ttl"]) == (1800, 5, 30)
    assert zone["ns"] == ["ns9.dyn.test"]
    assert ctl.log()[-1]["zone"] is True
    work.write("new.zone", text.format(before + 1000))
    ctl("zone", "import", "dyn.test", "new.zone")
    assert serial(ctl) == before + 1001


def test_large_import_is_one_row(ctl, work):
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    rows, before = len(ctl.log()), serial(ctl)
    work.write("big.zone", "".join(
        f"n{i} A 192.0.2.{i % 256}\n" for i in range(20000)))
    start = time.monotonic()
    done = ctl.json("zone", "import", "dyn.test", "big.zone")
    assert time.monotonic() - start < 20
    assert done["changed"] == 20000
    assert len(records(ctl)) == 20001
    log = ctl.log()
    assert len(log) == rows + 1 and log[-1]["zone"] is True
    assert serial(ctl) == before + 1


def test_import_dry_run_keeps_nothing(ctl, work):
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    work.write("one.zone", "a A 192.0.2.10\n")
    rows = len(ctl.log())
    done = ctl.json("zone", "import", "dyn.test", "one.zone", "--dry-run")
    assert done["changed"] == 1
    assert "a.dyn.test" not in names(ctl)
    assert len(ctl.log()) == rows


def test_import_from_stdin(ctl):
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    ctl("zone", "import", "dyn.test", "-", "--ttl", "5m",
        stdin="a A 192.0.2.10\n")
    assert ("a.dyn.test", "A", 300, "192.0.2.10") in records(ctl)


def test_import_leaves_signatures_out(ctl, work):
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    work.write("signed.zone", "a A 192.0.2.10\na NSEC b A NSEC\n")
    done = ctl.run("zone", "import", "dyn.test", "signed.zone")
    assert "1 RRSIG, NSEC" in done.stderr
    assert {r[1] for r in records(ctl)} == {"A", "NS"}


@pytest.mark.parametrize("text, line, words", [
    ("a A 192.0.2.10\nb A 192.0.2.300\n", 2, ""),
    ("a A 192.0.2.10\n\n; fine\nb NOTYPE x\n", 4, ""),
    ("a MX mail\n", 1, ""),
    ("a A 192.0.2.10\n$INCLUDE other\n", 2, "INCLUDE"),
    ("a A 192.0.2.10\nx.other.test. A 192.0.2.1\n", 2, "outside"),
    ("a A 192.0.2.10\na CNAME b\n", 2, "CNAME"),
    ("a CNAME b\na CNAME c\n", 1, "CNAME"),
    ("a SOA b c 1 1 1 1 1\n", 1, "SOA"),
    ("@ SOA b c 1 1 1 1 1\n@ SOA b c 2 1 1 1 1\n", 2, "second SOA"),
    ("\n; one\n\n;two\na A 192.0.2.10\n;\nb MX (\n10 )\n", 7, ""),
])
def test_import_of_a_mistake_names_the_line_and_changes_nothing(
        ctl, work, text, line, words):
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    was, log = records(ctl), ctl.log()
    work.write("bad.zone", text)
    done = ctl.run("zone", "import", "dyn.test", "bad.zone", check=False)
    assert done.returncode == 1
    assert f"bad.zone:{line}: " in done.stderr
    assert words in done.stderr
    assert "nothing was changed" in done.stderr
    assert records(ctl) == was
    assert ctl.log() == log


def test_import_of_a_new_zone_needs_soa_and_ns(ctl, work):
    work.write("a.zone", "a A 192.0.2.10\n")
    done = ctl.run("zone", "import", "dyn.test", "a.zone", check=False)
    assert (done.returncode, "no SOA" in done.stderr) == (1, True)
    work.write("b.zone", "@ SOA b c 1 1 1 1 1\na A 192.0.2.10\n")
    done = ctl.run("zone", "import", "dyn.test", "b.zone", check=False)
    assert (done.returncode, "no NS" in done.stderr) == (1, True)
    assert ctl.json("zone", "list") == []


# ---- zones ----

def test_zone_options_are_stored(ctl):
    ctl("zone", "add", "Dyn.Test.", "--ns", "ns1.dyn.test", "--ns",
        "NS2.example.net", "--rname", "first.last@dyn.test", "--ttl", "2m",
        "--ttl-min", "30", "--ttl-max", "1h", "--refresh", "1h", "--retry",
        "10m", "--expire", "2w", "--minimum", "15", "--soa-ttl", "1d")
    assert {k: v for k, v in ctl.json("zone", "show", "dyn.test").items()
            if k != "serial"} == {
        "zone": "dyn.test", "mname": "ns1.dyn.test",
        "rname": r"first\.last.dyn.test", "ttl": 120, "ttl_min": 30,
        "ttl_max": 3600, "refresh": 3600, "retry": 600, "expire": 1209600,
        "minimum": 15, "soa_ttl": 86400,
        "ns": ["ns1.dyn.test", "ns2.example.net"], "hosts": 0, "names": 1,
        "records": 2}


def test_zone_set_changes_what_is_given_and_the_ttl_of_hosts(ctl):
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    ctl("account", "add", "alice")
    for name, ttl in ("h1", "0"), ("h2", "45"):
        ctl("host", "add", f"{name}.dyn.test", "--account", "alice",
            "--allow-special", "--a", "192.0.2.1", "--ttl", ttl)
    before = ctl.json("zone", "show", "dyn.test")
    ctl("zone", "set", "dyn.test", "--ttl", "20", "--mname", "ns7.dyn.test")
    after = ctl.json("zone", "show", "dyn.test")
    assert after["serial"] == before["serial"] + 1
    assert {k for k in after if after[k] != before[k]} == {
        "serial", "ttl", "mname"}
    assert [r[2] for r in records(ctl, "dyn.test", "--type", "A")] == [20,
                                                                       45]
    ctl("zone", "set", "dyn.test", "--serial", "4000000000")
    assert serial(ctl) == 4000000001


def test_zone_made_again_goes_on_above_its_serial(ctl):
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    before = serial(ctl)
    ctl("zone", "delete", "dyn.test")
    assert ctl.log()[-1]["zone"] is True
    deleted = ctl.log()[-1]["serial"]
    assert deleted == before + 1
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    assert serial(ctl) > deleted
    ctl("zone", "set", "dyn.test", "--serial", "4294967290")
    ctl("zone", "delete", "dyn.test")
    # serial arithmetic: after 4294967292 the time in seconds is later
    text = "@ SOA a b 4294967000 1 1 1 1\n@ NS a\n"
    ctl("zone", "import", "dyn.test", "-", stdin=text)
    assert serial(ctl) == 4294967294


def test_zone_delete_with_hosts(ctl):
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    ctl("account", "add", "alice")
    ctl("host", "add", "h1.dyn.test", "--account", "alice")
    assert ctl.json("zone", "delete", "dyn.test", "--force")["hosts"] == 1
    assert ctl.json("zone", "list") == ctl.json("host", "list") == []
    ctl("account", "delete", "alice")


# ---- records ----

def test_record_set_replaces_and_delete_deletes(ctl):
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    ctl("record", "set", "www.dyn.test", "A", "192.0.2.1", "192.0.2.2",
        "--ttl", "5m")
    ctl("record", "set", "www.dyn.test", "A", "192.0.2.3")
    ctl("record", "set", "www.dyn.test", "mx", "10 mail.dyn.test")
    ctl("record", "set", "dyn.test", "NS", "ns2.dyn.test")
    assert records(ctl) == [
        ("dyn.test", "NS", 3600, "ns2.dyn.test"),
        ("www.dyn.test", "A", 3600, "192.0.2.3"),
        ("www.dyn.test", "MX", 3600, "10 mail.dyn.test")]
    ctl("record", "delete", "www.dyn.test", "A")
    assert records(ctl, "dyn.test", "--name", "WWW.dyn.test") == [
        ("www.dyn.test", "MX", 3600, "10 mail.dyn.test")]
    ctl("record", "delete", "www.dyn.test")
    assert names(ctl) == {"dyn.test"}
    row = ctl.log()[-1]
    assert (row["name"], row["type"], row["old"], row["vanished"]) == (
        "www.dyn.test", "MX", ["10 mail.dyn.test"], True)
    done = ctl.run("record", "set", "www.dyn.test", "A", "192.0.2.1", "bad",
                   check=False)
    assert done.returncode == 2 and '"bad" is no data of type A' \
        in done.stderr
    assert names(ctl) == {"dyn.test"}


# ---- hosts ----

@pytest.fixture
def hosts(ctl):
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    ctl("account", "add", "alice")
    ctl("host", "add", "h1.dyn.test", "--account", "alice", "--a",
        "192.0.2.1", "--aaaa", "2001:db8::1", "--allow-special", "--note",
        "in the attic")
    return ctl


def test_host_add_registers_the_name(hosts):
    hosts("host", "add", "H2.Dyn.Test.", "--account", "alice")
    row = hosts.log()[-1]
    assert (row["name"], row["appeared"], row["protocol"]) == (
        "h2.dyn.test", True, "admin")
    host = hosts.json("host", "show", "h2.dyn.test")
    assert (host["a"], host["changed"]) == ([], None)


def test_host_set_changes_only_what_is_given(hosts):
    before = hosts.json("host", "show", "h1.dyn.test")
    hosts("host", "set", "h1.dyn.test", "--aaaa", "none")
    after = hosts.json("host", "show", "h1.dyn.test")
    assert after["aaaa"] == [] and after["a"] == ["192.0.2.1"]
    assert {k for k in after if after[k] != before[k]} <= {"aaaa", "changed"}
    hosts("account", "add", "bob")
    hosts("host", "set", "h1.dyn.test", "--account", "bob", "--disable",
          "--refuse-cgnat", "--no-allow-special", "--ttl", "5m")
    after = hosts.json("host", "show", "h1.dyn.test")
    assert after["account"] == "bob"
    assert after["flags"] == ["refuse-cgnat", "disabled"]
    assert after["note"] == "in the attic"
    assert records(hosts, "dyn.test", "--type", "A") == [
        ("h1.dyn.test", "A", 300, "192.0.2.1")]
    hosts("host", "set", "h1.dyn.test", "--enable")
    assert hosts.json("host", "show", "h1.dyn.test")["flags"] == [
        "refuse-cgnat"]
    done = hosts.run("host", "set", "h1.dyn.test", "--ttl", "2d",
                     check=False)
    assert done.returncode == 2 and "1 to 86400 seconds" in done.stderr


def test_host_set_same_address_writes_no_record_row(hosts):
    before = serial(hosts)
    hosts("host", "set", "h1.dyn.test", "--a", "192.0.2.1")
    assert serial(hosts) == before


@pytest.mark.parametrize("address, flag, refused", [
    ("10.0.0.1", "--allow-private", True),
    ("127.0.0.1", "--allow-special", True),
    ("100.64.0.1", "--refuse-cgnat", False),
    ("203.0.114.1", "--allow-private", False),
])
def test_host_addresses_keep_the_policy(hosts, address, flag, refused):
    hosts("host", "add", "h2.dyn.test", "--account", "alice")
    done = hosts.run("host", "set", "h2.dyn.test", "--a", address,
                     check=False)
    assert done.returncode == (1 if refused else 0)
    done = hosts.run("host", "set", "h2.dyn.test", flag, "--a", address,
                     check=False)
    assert done.returncode == (1 if flag == "--refuse-cgnat" else 0)


def test_host_rename_keeps_addresses_history_and_grants(hosts):
    hosts("record", "set", "h1.dyn.test", "TXT", "note")
    hosts("token", "create", "t1", "--account", "alice", "--host",
          "h1.dyn.test")
    before = serial(hosts)
    hosts("host", "rename", "h1.dyn.test", "new.dyn.test")
    assert serial(hosts) == before + 1  # both in one transaction
    host = hosts.json("host", "show", "new.dyn.test")
    assert (host["a"], host["aaaa"]) == (["192.0.2.1"], ["2001:db8::1"])
    assert host["note"] == "in the attic"
    assert ("new.dyn.test", "TXT", 3600, '"note"') in records(hosts)
    assert "h1.dyn.test" not in names(hosts)
    assert hosts.json("grant", "list", "t1")[0]["rule"] == \
        "name new.dyn.test A AAAA"
    rows = [r for r in hosts.log("--changed") if r["serial"] == before + 1]
    assert {(r["name"], r["type"]) for r in rows if r["type"]} == {
        (name, kind) for name in ("h1.dyn.test", "new.dyn.test")
        for kind in ("A", "AAAA", "TXT")}
    # first the new name, so that no moment is without either
    assert rows[0]["name"] == "new.dyn.test" and rows[0]["appeared"]
    assert rows[-1]["name"] == "h1.dyn.test" and rows[-1]["vanished"]
    history = hosts.log("--host", "h1.dyn.test")
    assert history[0]["reason"] == "host add"
    assert history[-1]["reason"] == "host rename to new.dyn.test"


def test_host_delete_takes_everything_of_it(hosts):
    hosts("record", "set", "_acme-challenge.h1.dyn.test", "TXT", "x")
    hosts("record", "set", "below.h1.dyn.test", "A", "192.0.2.9")
    hosts("token", "create", "t1", "--account", "alice", "--host",
          "h1.dyn.test")
    hosts("host", "delete", "h1.dyn.test")
    assert names(hosts) == {"dyn.test", "below.h1.dyn.test"}
    assert hosts.json("host", "list") == []
    assert hosts.json("grant", "list", "t1") == []


def test_host_at_the_apex_is_only_its_addresses(hosts):
    hosts("host", "add", "dyn.test", "--account", "alice",
          "--allow-special", "--a", "192.0.2.80")
    hosts("record", "set", "dyn.test", "MX", "10 h1.dyn.test")
    hosts("host", "delete", "dyn.test")
    assert [r[1] for r in records(hosts, "dyn.test", "--name", "dyn.test")] \
        == ["MX", "NS"]


def test_host_is_not_put_where_nobody_would_see_it(hosts):
    hosts("record", "set", "alias.dyn.test", "CNAME", "h1.dyn.test")
    hosts("record", "set", "sub.dyn.test", "NS", "ns.example.net")
    for name, words in (("alias.dyn.test", "CNAME"),
                        ("h.sub.dyn.test", "delegated"),
                        ("sub.dyn.test", "delegated")):
        done = hosts.run("host", "add", name, "--account", "alice",
                         check=False)
        assert done.returncode == 1 and words in done.stderr


def test_host_in_the_deepest_zone(hosts):
    hosts("zone", "add", "deep.dyn.test", "--ns", "ns1.dyn.test")
    hosts("host", "add", "h.deep.dyn.test", "--account", "alice")
    assert [h["host"] for h in hosts.json("host", "list", "--zone",
                                          "deep.dyn.test")] == [
        "h.deep.dyn.test"]
    assert hosts.json("host", "list", "--zone", "dyn.test",
                      "--account", "alice")[0]["host"] == "h1.dyn.test"
