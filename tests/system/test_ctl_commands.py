# SPDX-License-Identifier: BSD-3-Clause
"""ddnsctl as a program: each command in both views, help, exit codes, the
manual, completion."""

import json
import os
import re
import subprocess

import pytest

from ddnstest import Ddnsd, needs, programs
from ddnstest.proc import TOP

# One run of every command, in an order that makes sense: the exit code, the
# words that its table shows, the keys of its JSON.
RUNS = [
    ("init", [], ["ddnsd.db"], {"store", "key_file", "made_key"}),
    ("config check", [], ["configuration OK"], {"conf", "store"}),
    ("zone add", ["dyn.test", "--ns", "ns1.dyn.test"], ["dyn.test"],
     {"zone", "serial", "mname"}),
    ("zone list", [], ["ZONE", "SERIAL", "dyn.test", "ns1.dyn.test"],
     {"zone", "serial", "hosts"}),
    ("zone show", ["dyn.test"], ["zone:", "ns1.dyn.test", "minimum:"],
     {"zone", "ns", "records", "names", "minimum"}),
    ("zone set", ["dyn.test", "--minimum", "30"], ["dyn.test"],
     {"zone", "minimum"}),
    ("zone import", ["dyn.test", "static.zone"], ["1 records read"],
     {"zone", "records", "changed", "deleted", "left_to_hosts"}),
    ("zone export", ["dyn.test"], ["$ORIGIN .", "SOA", "mail.dyn.test."],
     None),
    ("record set", ["www.dyn.test", "A", "192.0.2.1", "192.0.2.2"],
     ["www.dyn.test A is set"], {"name", "type", "ttl", "data"}),
    ("record list", ["dyn.test"], ["NAME", "mail.dyn.test", "A",
                                   "192.0.2.25"],
     {"name", "ttl", "type", "data"}),
    ("record delete", ["www.dyn.test"], ["www.dyn.test is deleted"],
     {"name"}),
    ("account add", ["alice", "--note", "Zoë"], ["alice"],
     {"account", "note", "disabled"}),
    ("account list", [], ["ACCOUNT", "alice", "Zoë"],
     {"account", "hosts", "tokens", "keys"}),
    ("account show", ["alice"], ["account:", "alice"],
     {"account", "hosts", "credentials"}),
    ("account set", ["alice", "--note", "x"], ["alice"],
     {"account", "note"}),
    ("account disable", ["alice"], ["alice"], {"account", "disabled"}),
    ("account enable", ["alice"], ["alice"], {"account", "disabled"}),
    ("host add", ["h1.dyn.test", "--account", "alice"], ["h1.dyn.test"],
     {"host", "account", "a", "aaaa", "flags"}),
    ("host list", [], ["HOST", "h1.dyn.test", "alice"],
     {"host", "account", "a", "aaaa", "changed"}),
    ("host show", ["h1.dyn.test"], ["host:", "h1.dyn.test"],
     {"host", "created"}),
    ("host set", ["h1.dyn.test", "--allow-special", "--a", "192.0.2.7"],
     ["h1.dyn.test"], {"host", "a", "flags"}),
    ("host rename", ["h1.dyn.test", "h2.dyn.test"], ["h2.dyn.test"],
     {"host", "a"}),
    ("token create", ["t1", "--account", "alice"], ["ddns_"],
     {"name", "token", "account", "expires"}),
    ("token list", [], ["NAME", "t1", "alice"],
     {"name", "account", "secrets", "last_used"}),
    ("token show", ["t1"], ["name:", "t1"], {"name", "account"}),
    ("token set", ["t1", "--allow-http"], ["t1"], {"name", "flags"}),
    ("token rotate", ["t1", "--overlap", "1h"], ["ddns_"],
     {"name", "token"}),
    ("key add", ["k1.test", "--account", "alice", "--grant",
                 "subtree dyn.test ANY"], ["key \"k1.test\"", "secret"],
     {"name", "algorithm", "secret"}),
    ("key list", [], ["ALGORITHM", "k1.test", "hmac-sha256"],
     {"name", "algorithm"}),
    ("key show", ["k1.test"], ["k1.test", "hmac-sha256"],
     {"name", "algorithm"}),
    ("key export", ["k1.test"], ["key \"k1.test\"", "hmac-sha256"],
     {"name", "algorithm", "secret"}),
    ("key set", ["k1.test", "--allow-transfer"], ["k1.test"],
     {"name", "flags"}),
    ("key rotate", ["k1.test"], ["key \"k1.test\""], {"name", "secret"}),
    ("grant add", ["k1.test", "deny", "name", "x.dyn.test", "A"],
     ["deny name x.dyn.test A"], {"credential", "rule"}),
    ("grant list", ["k1.test"], ["POSITION", "subtree dyn.test ANY"],
     {"position", "action", "kind", "types", "rule"}),
    ("why", ["k1.test", "y.dyn.test", "TXT"], ["allowed", "rule 1"],
     {"allowed", "rule", "position", "reason"}),
    ("grant delete", ["k1.test", "1"], ["k1.test"],
     {"credential", "position"}),
    ("key revoke", ["k1.test"], ["revoke"], {"name", "flags"}),
    ("key delete", ["k1.test"], ["deleted"], {"name"}),
    ("token revoke", ["t1"], ["revoke"], {"name", "flags"}),
    ("token delete", ["t1"], ["deleted"], {"name"}),
    ("log", [], ["TIME", "h1.dyn.test", "good", "host rename"],
     {"seq", "time", "name", "type", "old", "new", "result", "changed"}),
    ("status", [], ["SUBSCRIBER", "LAG", "P99 MS"], None),
    ("backup", ["copy.db"], ["copy.db"], {"file", "key_file"}),
    ("journal trim", [], ["0 rows removed"], {"removed"}),
    ("host delete", ["h2.dyn.test"], ["deleted"], {"host"}),
    ("zone delete", ["dyn.test"], ["deleted"], {"zone", "hosts"}),
    ("account delete", ["alice"], ["deleted"], {"account"}),
    ("help", [], ["usage:", "zone add NAME"], {"command", "options"}),
]
# has a file of its own
ELSEWHERE = {"check"}


@pytest.fixture
def ctl(work, monkeypatch):
    monkeypatch.chdir(work.path)
    work.write("static.zone", "mail A 192.0.2.25\n")
    return Ddnsd(work).ctl


def commands(ctl):
    return ctl.json("help")


@pytest.mark.parametrize("view", ["table", "json"])
def test_every_command_works(ctl, view):
    assert {run[0] for run in RUNS} | ELSEWHERE == {
        c["command"] for c in commands(ctl)}
    for name, arguments, words, keys in RUNS:
        if view == "table":
            text = ctl(*name.split(), *arguments)
            for word in words:
                assert word in text, (name, word, text)
        elif keys is not None:
            got = ctl.json(*name.split(), *arguments)
            one = got[0] if isinstance(got, list) else got
            assert keys <= set(one), (name, one)
        elif name == "zone export":
            done = ctl.run("--json", *name.split(), *arguments, check=False)
            assert done.returncode == 2
        else:
            assert ctl.json(*name.split(), *arguments) == []


def test_manual_has_every_command_and_option(ctl):
    page = (TOP / "man" / "ddnsctl.8").read_text()
    blocks = {}
    for block in re.split(r"^\.It Cm (?=[a-z])", page, flags=re.M)[1:]:
        line, _, text = block.partition("\n")
        name = re.match(r"[a-z]+(?: [a-z]+)?", line).group(0)
        blocks.setdefault(name, (line, text))
    for command in commands(ctl):
        name = command["command"]
        assert name in blocks, f"{name} is not in the manual"
        line, text = blocks[name]
        for word in re.findall(r"[A-Z]{2,}", command["arguments"]):
            assert f"Ar {word}" in line, (name, line)
        # options of this command, up to the end of its list
        text = text.split("\n.Ss ")[0].split("\n.Sh ")[0]
        told = set(re.findall(r"^\.It Fl (\S+)", text, flags=re.M))
        want = {o["name"][1:] for o in command["options"]}
        assert told == want, name


def test_help_lists_every_command(ctl):
    text = ctl("help")
    for command in commands(ctl):
        assert re.search(rf"^  {command['command']}\b", text, flags=re.M)
        one = ctl("help", *command["command"].split())
        assert one.startswith(f"ddnsctl {command['command']}")
        for option in command["options"]:
            assert option["name"] in one
        assert ctl(*command["command"].split(), "--help") == one
    assert "zone add" in ctl("help", "zone")
    assert ctl("--help") == text == ctl("-h")
    assert ctl("--version").startswith("ddnsctl ")


@pytest.mark.parametrize("arguments, words", [
    ([], "usage:"),
    (["nonsense"], 'there is no command "nonsense"'),
    (["zone"], 'there is no command "zone"'),
    (["zone", "nonsense"], 'there is no command "zone nonsense"'),
    (["help", "nonsense"], 'there is no command "nonsense"'),
    (["-x"], "-x"),
    (["zone", "add"], "too few arguments; wanted: NAME"),
    (["zone", "list", "more"], "too many arguments"),
    (["zone", "list", "--nonsense"], "unknown option --nonsense"),
    (["host", "list", "--nonsense"], "allowed: --account, --zone"),
    (["host", "list", "--account"], "--account wants a value"),
    (["zone", "delete", "z", "--force=1"], "--force takes no value"),
    (["zone", "add", "dyn.test"], "--ns NAME is needed"),
    (["zone", "add", "dyn..test", "--ns", "a"], 'NAME: "dyn..test"'),
    (["zone", "add", "*.test", "--ns", "a"], 'NAME: "*.test"'),
    (["zone", "add", "dyn.test", "--ns", "a b"], '--ns: "a b"'),
    (["zone", "add", "dyn.test", "--ns", "a", "--ttl", "x"],
     '--ttl: "x" is not allowed; wanted: 0 to 2147483647 seconds'),
    (["zone", "add", "dyn.test", "--ns", "a", "--ttl", "1d", "--ttl-max",
      "1h"], "--ttl: 86400 is not from --ttl-min 1 to --ttl-max 3600"),
    (["account", "add", "a b"], 'NAME: "a b" is not allowed'),
    (["account", "add", "-"], 'NAME: "-" is not allowed'),
    (["account", "add", "a" * 65], "1 to 64"),
    (["account", "add", "a", "--note", "x" * 1025], "--note: wanted"),
    (["host", "add", "h.dyn.test"], "--account ACCOUNT is needed"),
    (["host", "add", "h_1.dyn.test", "--account", "a"], "no host name"),
    (["host", "add", "*.dyn.test", "--account", "a"], "no host name"),
    (["host", "add", "b\u00fccher.dyn.test", "--account", "a"], "xn--"),
    (["token", "create", "t"], "--account ACCOUNT is needed"),
    (["token", "create", "t", "--account", "a", "--types", "NOPE"],
     '--types: "NOPE" is no record type'),
    (["token", "create", "t", "--account", "a", "--expires", "2001-01-01"],
     "is not in the future"),
    (["token", "create", "t", "--account", "a", "--expires", "soon"],
     '--expires: "soon" is no time'),
    (["token", "rotate", "t", "--overlap", "2y"], '--overlap: "2y"'),
    (["key", "add", "k", "--account", "a", "--alg", "hmac-md5"],
     '--alg: "hmac-md5" is none of'),
    (["key", "add", "k", "--account", "a", "--for", "emacs"],
     '--for: "emacs" is none of nsupdate, bind'),
    (["grant", "delete", "t", "x"], 'POSITION: "x" is no number'),
    (["log", "--since", "yesterday"], '--since: "yesterday" is no time'),
    (["log", "--source", "here"], '--source: "here" is no address'),
    (["log", "-n", "0"], '-n: "0" is not allowed; wanted: a number from 1'),
    (["check", "h.dyn.test"], "nobody to ask"),
    (["check", "h.dyn.test", "--auth", "x"], '--auth: "x" is no address'),
    (["record", "set", "x.dyn.test", "SOA", "x"], "zone set"),
    (["record", "set", "x.dyn.test", "AXFR", "x"], "no zone holds"),
])
def test_wrong_command_lines_exit_2(ctl, arguments, words):
    done = ctl.run(*arguments, check=False)
    assert done.returncode == 2
    assert words in done.stderr + done.stdout
    assert not os.path.exists("ddnsd.db")  # nothing was begun


@pytest.mark.parametrize("arguments, words", [
    (["zone", "show", "no.test"], 'there is no zone "no.test"'),
    (["host", "show", "no.dyn.test"], 'there is no host "no.dyn.test"'),
    (["account", "show", "no"], 'there is no account "no"'),
    (["token", "show", "no"], 'there is no token "no"'),
    (["key", "show", "no"], 'there is no key "no"'),
    (["grant", "list", "no"], 'there is no token or key "no"'),
    (["host", "add", "h.other.test", "--account", "alice"],
     "in none of our zones"),
    (["zone", "add", "dyn.test", "--ns", "a.test"], "already"),
    (["account", "add", "alice"], "already"),
    (["host", "add", "h1.dyn.test", "--account", "alice"], "already"),
    (["token", "create", "t1", "--account", "alice"], "already"),
    (["token", "create", "t2", "--account", "alice", "--host",
      "b1.dyn.test"], "belongs to another account"),
    (["token", "create", "t2", "--account", "alice", "--host",
      "no.dyn.test"], "there is no host"),
    (["account", "delete", "alice"], "has hosts"),
    (["zone", "delete", "dyn.test"], "2 hosts; --force"),
    (["zone", "add", "h1.dyn.test", "--ns", "a.test"], "would be hidden"),
    (["host", "rename", "h1.dyn.test", "b1.dyn.test"], "in use already"),
    (["host", "rename", "h1.dyn.test", "h1.dyn.test"], "already"),
    (["host", "rename", "h1.dyn.test", "h1.other.test"], "none of our"),
    (["host", "set", "h1.dyn.test", "--a", "10.1.2.3"], "private"),
    (["record", "set", "h1.dyn.test", "A", "192.0.2.1"], "host set"),
    (["record", "set", "h1.dyn.test", "CNAME", "x.test"], "CNAME"),
    (["record", "delete", "no.dyn.test"], "no such record"),
    (["record", "delete", "dyn.test", "NS"], "keeps its NS"),
    (["zone", "import", "dyn.test", "missing.zone"], "cannot open"),
])
def test_what_cannot_be_done_exits_1_and_changes_nothing(ctl, arguments,
                                                         words):
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    for account, host in ("alice", "h1.dyn.test"), ("bob", "b1.dyn.test"):
        ctl("account", "add", account)
        ctl("host", "add", host, "--account", account)
    ctl("token", "create", "t1", "--account", "alice")
    before = ctl.log()
    done = ctl.run(*arguments, check=False)
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stdout == ""
    assert ctl.log() == before


def test_reading_needs_a_store_and_writing_makes_it(ctl, work):
    for command in ["zone list"], ["log"], ["status"], ["backup", "b.db"]:
        done = ctl.run(*command[0].split(), *command[1:], check=False)
        assert done.returncode == 1
        assert "ddnsctl init" in done.stderr
    assert not (work / "ddnsd.db").exists()
    ctl("account", "add", "alice")
    assert (work / "ddnsd.db").stat().st_mode & 0o007 == 0
    assert (work / "ddnsd.key").stat().st_mode & 0o027 == 0
    key = (work / "ddnsd.key").read_bytes()
    assert ctl.json("init")["made_key"] is False
    assert (work / "ddnsd.key").read_bytes() == key


def test_key_file_that_others_read_is_refused(ctl, work):
    ctl("account", "add", "alice")
    (work / "ddnsd.key").chmod(0o644)
    done = ctl.run("token", "create", "t", "--account", "alice", check=False)
    assert done.returncode == 1
    assert "0600 or 0640" in done.stderr
    assert ctl.json("token", "list") == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_root_gives_new_files_to_the_owner_of_the_folder(ctl, work):
    os.chown(work.path, 65534, 65534)
    ctl("init")
    ctl("account", "add", "alice")
    for path in work.path.glob("ddnsd.db*"), work.path.glob("ddnsd.key"):
        found = list(path)
        assert found and {p.stat().st_uid for p in found} == {65534}


def test_config_check_names_file_and_line(ctl, work):
    work.write("bad.conf", 'store = "x"\nrate-burst = 0\n')
    ctl.conf = work / "bad.conf"
    done = ctl.run("config", "check", check=False)
    assert done.returncode == 1
    assert "bad.conf:2" in done.stderr
    assert "rate-burst" in done.stderr
    ctl.conf = work / "none.conf"
    done = ctl.run("config", "check", check=False)
    assert done.returncode == 1
    assert "none.conf" in done.stderr


def test_options_stand_anywhere_and_json_too(ctl):
    ctl("init")
    assert json.loads(ctl("account", "add", "--note=n", "--json", "alice"))[
        "note"] == "n"
    assert json.loads(ctl("account", "--json", "list"))[0]["note"] == "n"
    assert json.loads(ctl("account", "show", "alice", "--json"))[
        "note"] == "n"
    assert ctl("account", "list", "--").startswith("ACCOUNT")


def test_output_that_cannot_be_written_is_an_error(ctl):
    ctl("init")
    with open("/dev/full", "w") as full:
        done = subprocess.run([programs.ddnsctl, "-c", ctl.conf, "help"],
                              stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1


def test_control_characters_do_not_reach_the_terminal(ctl):
    ctl("account", "add", "alice", "--note", "a\x1b[31m\x7f\u009bb")
    assert "a?[31m??b" in ctl("account", "list")
    assert ctl.json("account", "list")[0]["note"] == "a\x1b[31m\x7f\u009bb"


# ---- completion ----

BASH = """
source {script}
PATH={build}:$PATH
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_ddnsctl
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def complete(ctl, *words):
    needs(programs.ddnsctl)
    quoted = " ".join(f"'{w}'" for w in ("ddnsctl", "-c", ctl.conf, *words))
    done = subprocess.run(["bash", "-c", BASH.format(
        script=TOP / "etc" / "bash-completion" / "ddnsctl",
        build=programs.build, words=quoted)], text=True,
        capture_output=True)
    assert done.stderr == ""
    return done.stdout.split()


def test_completion_in_bash(ctl):
    ctl("zone", "add", "dyn.test", "--ns", "ns1.dyn.test")
    ctl("account", "add", "alice")
    ctl("account", "add", "bob")
    ctl("host", "add", "h1.dyn.test", "--account", "alice")
    ctl("token", "create", "t1", "--account", "alice")
    first = complete(ctl, "")
    assert set(first) == {c["command"].split()[0] for c in commands(ctl)}
    assert complete(ctl, "zo") == ["zone"]
    assert "import" in complete(ctl, "zone", "")
    assert complete(ctl, "zone", "d") == ["delete"]
    assert complete(ctl, "zone", "delete", "dy") == ["dyn.test"]
    assert complete(ctl, "host", "show", "h") == ["h1.dyn.test"]
    assert complete(ctl, "host", "add", "x", "--account", "") == [
        "alice", "bob"]
    assert complete(ctl, "host", "add", "x", "--acc") == ["--account"]
    assert complete(ctl, "token", "rotate", "t") == ["t1"]
    assert complete(ctl, "why", "t") == ["t1"]
    assert complete(ctl, "help", "to") == ["token"]
    assert "static.zone" in complete(ctl, "zone", "import", "dyn.test", "st")
