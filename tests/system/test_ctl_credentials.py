# SPDX-License-Identifier: BSD-3-Clause
"""ddnsctl: tokens, keys, rules; and that no secret is stored in clear."""

import base64
import json
import re
import subprocess

import pytest

from ddnstest import Ddnsd, needs, programs, wait_until


@pytest.fixture
def ctl(work, monkeypatch):
    monkeypatch.chdir(work.path)
    ctl = Ddnsd(work).ctl
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    for account, host in ("alice", "h1"), ("alice", "h2"), ("bob", "b1"):
        if account not in [a["account"] for a in ctl.json("account",
                                                          "list")]:
            ctl("account", "add", account)
        ctl("host", "add", f"{host}.dyn.test", "--account", account)
    return ctl


def rules(ctl, name):
    return [g["rule"] for g in ctl.json("grant", "list", name)]


def stored_bytes(work):
    return b"".join(p.read_bytes() for p in work.path.glob("ddnsd.db*"))


# ---- tokens ----

def test_token_is_random_and_only_its_hash_is_stored(ctl, work):
    tokens = {ctl("token", "create", f"t{i}", "--account", "alice")
              for i in range(5)}
    assert len(tokens) == 5
    for token in tokens:
        assert re.fullmatch(r"ddns_[A-Za-z0-9_-]{32}", token)
        assert token.encode() not in stored_bytes(work)
        assert token[5:].encode() not in stored_bytes(work)
        assert token not in json.dumps(ctl.log())
    assert "token" not in ctl.json("token", "show", "t1")


def test_token_grants_and_flags(ctl):
    ctl("token", "create", "all", "--account", "alice")
    assert rules(ctl, "all") == ["account A AAAA"]
    ctl("token", "create", "one", "--account", "alice", "--host",
        "h1.dyn.test", "--host", "h2.dyn.test", "--types", "a,TXT",
        "--allow-http", "--allow-url", "--allow-offline", "--expires", "90d",
        "--note", "router")
    assert rules(ctl, "one") == ["name h1.dyn.test A TXT",
                                 "name h2.dyn.test A TXT"]
    token = ctl.json("token", "show", "one")
    assert token["flags"] == ["allow-http", "allow-url", "allow-offline"]
    assert token["note"] == "router"
    assert token["expires"] > token["created"]
    ctl("token", "set", "one", "--no-allow-url", "--expires", "never")
    token = ctl.json("token", "show", "one")
    assert token["flags"] == ["allow-http", "allow-offline"]
    assert token["expires"] is None


def test_token_rotates_with_overlap(ctl):
    ctl("token", "create", "t", "--account", "alice")
    new = ctl("token", "rotate", "t", "--overlap", "1h")
    assert new.startswith("ddns_")
    assert ctl.json("token", "show", "t")["secrets"] == 2
    ctl("token", "rotate", "t")  # ends both at once
    assert ctl.json("token", "show", "t")["secrets"] == 1
    ctl("token", "revoke", "t")
    done = ctl.run("token", "rotate", "t", check=False)
    assert done.returncode == 1 and "revoked" in done.stderr


def test_host_that_is_given_away_leaves_the_old_tokens(ctl):
    ctl("token", "create", "ta", "--account", "alice", "--host",
        "h1.dyn.test", "--host", "h2.dyn.test")
    ctl("token", "create", "tb", "--account", "bob")
    ctl("grant", "add", "tb", "name", "h1.dyn.test", "TXT")
    done = ctl.run("host", "set", "h1.dyn.test", "--account", "bob")
    assert "1 rules of the old account" in done.stderr
    assert rules(ctl, "ta") == ["name h2.dyn.test A AAAA"]
    assert rules(ctl, "tb") == ["account A AAAA", "name h1.dyn.test TXT"]
    assert not why(ctl, "ta", "h1.dyn.test", "A")[0]
    assert why(ctl, "tb", "h1.dyn.test", "A")[0]


def test_account_of_a_token_that_is_deleted(ctl):
    ctl("account", "add", "carol")
    ctl("token", "create", "t", "--account", "carol")
    assert ctl.json("token", "list", "--account", "carol")[0]["name"] == "t"
    ctl("account", "delete", "carol")
    assert ctl.json("token", "list") == []


def test_policy_is_journalled_with_the_user(ctl):
    ctl("token", "create", "t", "--account", "alice")
    row = ctl.log()[-1]
    assert (row["protocol"], row["result"], row["reason"]) == (
        "admin", "good", "token create t")
    assert row["account"] == subprocess.check_output(
        ["id", "-un"], text=True).strip()
    assert not row["changed"]


# ---- keys ----

def secret_of(text):
    return re.search(r'secret "([^"]+)"', text).group(1)


@pytest.mark.parametrize("alg, size", [
    ("hmac-sha224", 28), ("hmac-sha256", 32), ("hmac-sha384", 48),
    ("hmac-sha512", 64)])
def test_key_secret_has_the_length_of_the_algorithm(ctl, work, alg, size):
    secret = ctl.json("key", "add", "K.Alice.", "--account", "alice",
                      "--alg", alg, "--grant", "account ANY")["secret"]
    raw = base64.b64decode(secret)
    assert len(raw) == size
    for form in secret.encode(), raw, raw.hex().encode():
        assert form not in stored_bytes(work)
    got = ctl.json("key", "export", "k.alice")
    assert (got["name"], got["algorithm"], got["secret"]) == (
        "k.alice", alg, secret)


def test_key_from_a_file_and_from_stdin(ctl, work):
    secret = base64.b64encode(b"0123456789abcdef0123").decode()
    path = work.write("secret", secret + "\n")
    ctl("key", "add", "k1", "--account", "alice", "--secret-file", path)
    assert secret_of(ctl("key", "export", "k1")) == secret
    ctl("key", "add", "k2", "--account", "alice", "--secret-file", "-",
        stdin=secret)
    assert secret_of(ctl("key", "export", "k2")) == secret
    for bad in "", "!!!!", base64.b64encode(b"short").decode():
        done = ctl.run("key", "add", "k3", "--account", "alice",
                       "--secret-file", "-", stdin=bad, check=False)
        assert done.returncode == 1
    done = ctl.run("key", "add", "k3", "--account", "alice",
                   "--secret-file", "none", check=False)
    assert done.returncode == 1 and "cannot open" in done.stderr


def test_key_rotates_with_overlap(ctl):
    one = secret_of(ctl("key", "add", "k", "--account", "alice",
                        "--grant", "account ANY"))
    two = secret_of(ctl("key", "rotate", "k", "--overlap", "1d"))
    assert one != two
    assert secret_of(ctl("key", "export", "k")) == two
    assert ctl.json("key", "show", "k")["secrets"] == 2
    ctl("key", "rotate", "k", "--alg", "hmac-sha512")
    key = ctl.json("key", "show", "k")
    assert (key["secrets"], key["algorithm"]) == (1, "hmac-sha512")


def nsupdate(work, key, port, address):
    """The rcode of one update; key is what `key export` printed."""
    done = subprocess.run(
        ["nsupdate", "-k", work.write("nsupdate.key", key)], text=True,
        input=f"server 127.0.0.1 {port}\nzone dyn.test\n"
        f"update delete h1.dyn.test A\n"
        f"update add h1.dyn.test 60 A {address}\nsend\n",
        capture_output=True)
    if done.returncode == 0:
        return "NOERROR"
    return re.search(r"update failed: (\w+)|\b(BAD\w+)\b",
                     done.stdout + done.stderr).group(0)


def test_key_works_at_ddnsd_through_many_rotations(work):
    needs(programs.find("nsupdate"))
    ddnsd = Ddnsd(work, dns=True)
    ctl = ddnsd.ctl
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    ctl("account", "add", "alice")
    ctl("host", "add", "h1.dyn.test", "--account", "alice",
        "--allow-special")
    keys = [ctl("key", "add", "k.alice", "--account", "alice", "--grant",
                "name h1.dyn.test A")]
    assert f"server 127.0.0.1 {ddnsd.dns}" in keys[0]
    ddnsd.start()

    def answer(key, address):
        return nsupdate(work, key, ddnsd.dns, address)
    assert answer(keys[0], "192.0.2.1") == "NOERROR"
    for i in range(6):  # more often than secrets are kept for one key
        keys.append(ctl("key", "rotate", "k.alice"))
        assert answer(keys[-1], f"192.0.2.{10 + i}") == "NOERROR"
        assert answer(keys[-2], "192.0.2.66") != "NOERROR"
    for i in range(3):
        keys.append(ctl("key", "rotate", "k.alice", "--overlap", "1h"))
    for i, key in enumerate(keys[-4:]):
        assert answer(key, f"192.0.2.{20 + i}") == "NOERROR"
    done = ctl.run("key", "rotate", "k.alice", "--overlap", "1h",
                   check=False)
    assert done.returncode == 1 and "4 valid secrets" in done.stderr
    assert ctl.json("host", "show", "h1.dyn.test")["a"] == ["192.0.2.23"]
    ctl("key", "revoke", "k.alice")
    assert answer(keys[-1], "192.0.2.30") != "NOERROR"
    assert ctl.json("key", "show", "k.alice")["last_used"]


def test_key_sealed_by_another_key_file_is_said_so(ctl, work):
    ctl("key", "add", "k", "--account", "alice")
    (work / "ddnsd.key").unlink()
    ctl("init")
    done = ctl.run("key", "export", "k", check=False)
    assert done.returncode == 1
    assert "another key file" in done.stderr


def test_sha1_only_if_the_configuration_allows_it(ctl, work):
    add = ["key", "add", "k", "--account", "alice", "--alg", "hmac-sha1"]
    done = ctl.run(*add, check=False)
    assert done.returncode == 1 and "allow-hmac-sha1" in done.stderr
    with open(ctl.conf, "a") as conf:
        conf.write("allow-hmac-sha1 = true\n")
    assert "hmac-sha1" in ctl(*add)


@pytest.fixture
def exported(ctl, work):
    ctl("key", "add", "k.alice", "--account", "alice", "--grant",
        "account ANY")
    secret = secret_of(ctl("key", "export", "k.alice"))

    def export(program):
        return secret, ctl("key", "export", "k.alice", "--for", program)
    return export


def test_export_for_certbot(exported):
    secret, text = exported("certbot")
    for line in ("dns_rfc2136_name = k.alice.",
                 f"dns_rfc2136_secret = {secret}",
                 "dns_rfc2136_algorithm = HMAC-SHA256"):
        assert line in text.splitlines()


def test_export_for_lego(exported):
    secret, text = exported("lego")
    assert f"RFC2136_TSIG_SECRET={secret}" in text.splitlines()
    assert "RFC2136_TSIG_ALGORITHM=hmac-sha256." in text.splitlines()


def test_export_for_kea_is_json_that_kea_reads(exported, work):
    secret, text = exported("kea")
    body = "\n".join(line for line in text.splitlines()
                     if not line.startswith("//"))
    whole = json.loads("{" + body + "}")
    assert whole["tsig-keys"] == [{
        "name": "k.alice", "algorithm": "HMAC-SHA256", "secret": secret}]
    kea = programs.find("kea-dhcp-ddns")
    needs(kea)
    path = work.write("kea.conf", '{ "DhcpDdns": { "ip-address": '
                      '"127.0.0.1", "port": 53001, "reverse-ddns": {}, '
                      + text + " } }")
    done = subprocess.run([kea, "-t", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_export_for_bind_and_nsupdate(exported, work):
    secret, text = exported("bind")
    path = work.write("named.conf", text)
    check = programs.find("named-checkconf")
    needs(check)
    subprocess.run([check, path], check=True)
    path = work.write("key.conf", exported("nsupdate")[1])
    subprocess.run([check, path], check=True)
    assert secret in text


def test_export_for_knsupdate(exported, work):
    secret, text = exported("knsupdate")
    assert text.splitlines()[0] == f"hmac-sha256:k.alice:{secret}"
    needs(programs.find("knsupdate"))
    path = work.write("key", text)
    done = subprocess.run(["knsupdate", "-k", path], input="quit\n",
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# ---- rules ----

@pytest.fixture
def key(ctl):
    ctl("key", "add", "k.dyn.test", "--account", "alice")
    return "k.dyn.test"


def test_grants_are_an_ordered_list(ctl, key):
    for rule in ("subtree dyn.test any", "acme h1.dyn.test",
                 "range 192.0.2.0/24", "range 2001:db8::/32 PTR DHCID",
                 "account A,AAAA", "below dyn.test TYPE65400", "self A",
                 "selfsub A"):
        ctl("grant", "add", key, *rule.split())
    ctl("grant", "add", key, "deny name H2.dyn.test A", "--position", "1")
    assert rules(ctl, key) == [
        "deny name h2.dyn.test A", "subtree dyn.test ANY",
        "acme h1.dyn.test TXT", "range 192.0.2.0/24 PTR",
        "range 2001:db8::/32 PTR DHCID", "account A AAAA",
        "below dyn.test TYPE65400", "self A", "selfsub A"]
    grants = ctl.json("grant", "list", key)
    assert [g["action"] for g in grants][:2] == ["deny", "allow"]
    ctl("grant", "delete", key, grants[1]["position"])
    assert "subtree dyn.test ANY" not in rules(ctl, key)


@pytest.mark.parametrize("rule, words", [
    ("wild dyn.test A", '"wild" is no kind of rule'),
    ("deny", "is no kind of rule"),
    ("name", "name wants a name"),
    ("name dyn.test", "no types"),
    ("account", "no types"),
    ("range dyn.test PTR", "no prefix"),
    ("name dyn.test NOPE", '"NOPE" is no record type'),
    ("name dyn..test A", "no domain name"),
])
def test_wrong_rules_are_refused(ctl, key, rule, words):
    done = ctl.run("grant", "add", key, rule, check=False)
    assert done.returncode == 2 and words in done.stderr
    assert rules(ctl, key) == []


def test_rule_about_a_keys_name_is_not_for_tokens(ctl):
    ctl("token", "create", "t", "--account", "alice")
    done = ctl.run("grant", "add", "t", "self", "A", check=False)
    assert done.returncode == 2 and "a token has none" in done.stderr


def test_rule_about_a_foreign_name_is_warned_of(ctl, key):
    done = ctl.run("grant", "add", key, "name x.other.test A")
    assert "in none of our zones" in done.stderr


def why(ctl, *question):
    done = ctl.run("--json", "why", *question, check=False)
    got = json.loads(done.stdout)
    assert done.returncode == (0 if got["allowed"] else 1)
    return got["allowed"], got["position"], got["reason"]


def test_why_names_the_rule_that_decides(ctl, key):
    for rule in ("deny name x.dyn.test ANY", "subtree dyn.test TXT",
                 "self A", "acme h1.dyn.test"):
        ctl("grant", "add", key, rule)
    assert why(ctl, key, "x.dyn.test", "TXT")[:2] == (False, 1)
    assert why(ctl, key, "y.dyn.test", "TXT")[:2] == (True, 2)
    assert why(ctl, key, "y.dyn.test", "A")[:2] == (False, 0)
    assert why(ctl, key, "K.dyn.test", "A")[:2] == (True, 3)
    text = ctl("why", key, "x.dyn.test", "A", check=False)
    assert "refused: rule 1: deny name x.dyn.test" in text


def test_why_looks_at_all_that_decides(ctl):
    ctl("token", "create", "t", "--account", "alice")
    assert why(ctl, "t", "h1.dyn.test", "A", "203.0.114.1")[0]
    assert why(ctl, "t", "b1.dyn.test", "A")[0] is False
    assert "private" in why(ctl, "t", "h1.dyn.test", "A", "10.0.0.1")[2]
    ctl("host", "set", "h1.dyn.test", "--allow-private")
    assert why(ctl, "t", "h1.dyn.test", "A", "10.0.0.1")[0]
    ctl("host", "set", "h1.dyn.test", "--disable")
    assert "disabled" in why(ctl, "t", "h1.dyn.test", "A")[2]
    ctl("account", "disable", "alice")
    assert "account is disabled" in why(ctl, "t", "h2.dyn.test", "A")[2]
    ctl("account", "enable", "alice")
    ctl("token", "revoke", "t")
    assert "revoked" in why(ctl, "t", "h2.dyn.test", "A")[2]
    ctl("token", "create", "soon", "--account", "alice", "--expires", "1s")
    wait_until(lambda: "expired" in why(ctl, "soon", "h2.dyn.test", "A")[2],
               what="the end of the token")


def test_token_works_at_ddnsd_until_it_is_revoked(work, authority):
    """What is made here is what ddnsd takes, at once and without restart."""
    ddnsd = Ddnsd(work, authority)
    ctl = ddnsd.ctl
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    ctl("account", "add", "alice")
    ctl("host", "add", "h1.dyn.test", "--account", "alice",
        "--allow-special")
    old = ctl("token", "create", "t", "--account", "alice")
    ddnsd.start()

    def answer(token, address):
        return ddnsd.update("h1.dyn.test", address, token).text.split()[0]
    assert answer(old, "192.0.2.1") == "good"
    new = ctl("token", "rotate", "t", "--overlap", "1h")
    assert answer(old, "192.0.2.2") == "good"
    assert answer(new, "192.0.2.3") == "good"
    newest = ctl("token", "rotate", "t")
    assert answer(old, "192.0.2.4") == "badauth"
    assert answer(new, "192.0.2.4") == "badauth"
    assert answer(newest, "192.0.2.5") == "good"
    ctl("host", "set", "h1.dyn.test", "--disable")
    assert answer(newest, "192.0.2.6") != "good"
    ctl("host", "set", "h1.dyn.test", "--enable")
    ctl("account", "disable", "alice")
    assert answer(newest, "192.0.2.6") == "badauth"
    ctl("account", "enable", "alice")
    assert answer(newest, "192.0.2.6") == "good"
    ctl("token", "revoke", "t")
    assert answer(newest, "192.0.2.7") == "badauth"
    assert ctl.json("host", "show", "h1.dyn.test")["a"] == ["192.0.2.6"]
    log = json.dumps(ctl.log())
    for token in old, new, newest:
        assert token not in log
        assert token.encode() not in stored_bytes(work)
        assert token not in (work / "ddnsd.log").read_text()
    assert ctl.json("token", "show", "t")["last_used"]
