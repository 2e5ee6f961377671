# SPDX-License-Identifier: BSD-3-Clause
"""Real clients: ddclient and inadyn of Debian over HTTPS with a private CA,
curl and GNU wget, and what others were recorded to send, byte by byte."""

import json
import pathlib
import shutil
import subprocess

import pytest

from ddnstest import wait_until
from ddnstest.proc import needs, programs
from ddnstest.web import Web, read_answer

RECORDED = json.loads((pathlib.Path(__file__).parent / "data"
                       / "client_requests.json").read_text())


@pytest.fixture
def web(work, authority):
    return Web(work, authority, hosts=("home", "cam", "vpn")).start()


# ---- recorded requests ----

def expected(request):
    """What an untouched server answers to it."""
    line = request.split("\r\n")[0]
    if "/checkip" in line:
        return "Current IP Address: 127.0.0.1"
    if "/myip" in line:
        return "127.0.0.1\n"
    query = line.split("?")[1].split(" ")[0].replace("%3a", ":")
    pairs = dict(p.split("=") for p in query.split("&"))
    address = pairs.get("myip") or pairs.get("myipv6") or "127.0.0.1"
    return f"good {address}\n" * len(pairs["hostname"].split(","))


@pytest.mark.parametrize("case", RECORDED, ids=lambda c: (
    f"{c['client'].replace(' ', '-')}-{c['case']}"))
@pytest.mark.parametrize("tls", (False, True), ids=("http", "https"))
def test_recorded_request(work, authority, case, tls):
    web = Web(work, authority, hosts=("home", "cam", "vpn")).start()
    password = {"czNjcjpldCBwQHNz": "s3cr:et p@ss", "dG9rLA==": "tok,"}
    for end, text in password.items():
        if end in case["request"]:
            web.set_token("router", text)
            break
    else:
        web.set_token("router", "tok")
    request = case["request"].encode()
    with web.connect(tls) as link:
        link.settimeout(5)
        link.sendall(request)
        keep = b"HTTP/1.1" in request and b"Connection: close" not in request
        answer = read_answer(link, to_end=not keep)
    assert answer.status == 200
    assert answer.length == len(answer.body)
    assert ("connection" in answer.headers) != keep
    assert expected(case["request"]) in answer.text
    for row in web.ctl.log("--result", "good"):
        if row["protocol"] == "dyndns2":
            assert row["user_agent"] == case["request"].split(
                "User-Agent: ")[1].split("\r\n")[0]


# ---- ddclient ----

class Ddclient:
    def __init__(self, work, web, token, hosts="home.dyn.test"):
        needs(pathlib.Path("/usr/bin/ddclient"))
        self.work, self.web, self.token = work, web, token
        self.hosts = hosts

    def run(self, address, *options):
        use = (f"use=ip, ip={address}" if address else
               f"use=web, web=https://127.0.0.1:{self.web.ddnsd.https}"
               "/checkip, web-skip='Current IP Address:'")
        conf = self.work.write("ddclient.conf", "\n".join([
            "ssl=yes", f"ssl_ca_file={self.web.ddnsd.ca}",
            "protocol=dyndns2", use,
            f"server=127.0.0.1:{self.web.ddnsd.https}", "login=router",
            f"password='{self.token}'", self.hosts]) + "\n")
        done = subprocess.run(
            ["/usr/bin/ddclient", "-file", conf, "-cache",
             self.work / "ddclient.cache", "-pid", self.work / "dd.pid",
             "-daemon=0", "-noquiet", "-nosyslog", *options],
            capture_output=True, text=True, timeout=60,
            stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout + done.stderr

    def forget(self):
        (self.work / "ddclient.cache").unlink(missing_ok=True)


def test_ddclient_over_https(work, web):
    client = Ddclient(work, web, web.token, "home.dyn.test,cam.dyn.test")
    status, said = client.run("192.0.2.10")
    assert status == 0
    for host in ("home", "cam"):
        assert (f"SUCCESS:  updating {host}.dyn.test: good: IP address set "
                "to 192.0.2.10") in said
        assert web.addresses(host) == ["192.0.2.10"]
    client.forget()
    status, said = client.run("192.0.2.11")
    assert "good: IP address set to 192.0.2.11" in said
    assert web.addresses("home") == ["192.0.2.11"]
    status, said = client.run("192.0.2.11", "-force")
    assert status == 0
    assert "home.dyn.test: nochg: No update required" in said
    client.forget()
    status, said = client.run("2001:db8::10")
    assert "good: IP address set to 2001:db8::10" in said
    assert web.addresses("home") == ["192.0.2.11", "2001:db8::10"]
    client.forget()
    status, said = client.run(None)  # by our /checkip
    assert "good: IP address set to 127.0.0.1" in said
    rows = web.rows(1, "--changed")
    assert {r["user_agent"] for r in rows} == {"ddclient/3.10.0"}
    assert all(r["tls"] for r in rows)


def test_ddclient_is_told_what_is_wrong(work, web):
    status, said = Ddclient(work, web, "wrong").run("192.0.2.10")
    assert status == 1
    assert "FAILED:   updating home.dyn.test: authorization failed" in said
    client = Ddclient(work, web, web.token, "nobody.dyn.test")
    status, said = client.run("192.0.2.10")
    assert status == 1
    assert ("FAILED:   updating nobody.dyn.test: nohost: The hostname "
            "specified does not exist") in said
    web.add_host("plain", "--ttl", "60")
    client = Ddclient(work, web, web.token, "plain.dyn.test")
    status, said = client.run("10.0.0.1")
    assert status == 1 and "plain.dyn.test: dnserr" in said
    web.ctl("host", "set", "home.dyn.test", "--disable")
    client = Ddclient(work, web, web.token)
    client.forget()  # that it was refused a moment ago
    status, said = client.run("192.0.2.10")
    assert status == 1 and "home.dyn.test: abuse" in said
    assert web.addresses("home") == []
    got = {(r["result"], r["name"]) for r in web.rows(4)}
    assert got == {("badauth", "home.dyn.test"),
                   ("nohost", "nobody.dyn.test"),
                   ("dnserr", "plain.dyn.test"),
                   ("abuse", "home.dyn.test")}


def test_ddclient_is_told_that_it_is_limited(work, authority):
    web = Web(work, authority,
              options={"rate-burst": 1, "rate-per-minute": 1}).start()
    client = Ddclient(work, web, web.token)
    assert client.run("192.0.2.10")[0] == 0
    client.forget()
    status, said = client.run("192.0.2.11")
    assert status == 1 and "home.dyn.test: abuse" in said


# ---- inadyn ----

class Inadyn:
    def __init__(self, work, web, token):
        needs(programs.find("inadyn"))
        self.work, self.web, self.token = work, web, token

    def command(self, address, hosts="home.dyn.test", param="myip"):
        at = f"127.0.0.1:{self.web.ddnsd.https}"
        check = (f'    checkip-command = "echo {address}"\n' if address else
                 f"    checkip-server = {at}\n    checkip-path = /checkip\n"
                 "    checkip-ssl = true\n")
        conf = self.work.write("inadyn.conf", (
            "period = 300\nallow-ipv6 = true\nverify-address = false\n"
            f"ca-trust-file = {self.web.ddnsd.ca}\n"
            "custom ours {\n    username = router\n"
            f'    password = "{self.token}"\n{check}'
            f"    ddns-server = {at}\n"
            f'    ddns-path = "/nic/update?hostname=%h&{param}=%i"\n'
            f"    hostname = {{ {hosts} }}\n}}\n"))
        cache = self.work / "inadyn-cache"
        shutil.rmtree(cache, ignore_errors=True)
        cache.mkdir()
        return [programs.find("inadyn"), "-1", "-n", "--force", "-l", "info",
                "-f", conf, "--cache-dir", cache, "-P", self.work / "in.pid"]

    def run(self, *arguments, **options):
        done = subprocess.run(
            self.command(*arguments, **options), capture_output=True,
            text=True, timeout=60, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout + done.stderr


def test_inadyn_over_https(work, web):
    client = Inadyn(work, web, web.token)
    status, said = client.run("192.0.2.10", "home.dyn.test, cam.dyn.test")
    assert status == 0, said
    for host in ("home", "cam"):
        assert (f"Successful alias table update for {host}.dyn.test => new "
                "IP# 192.0.2.10") in said
        assert web.addresses(host) == ["192.0.2.10"]
    assert client.run("192.0.2.11")[0] == 0
    assert client.run("192.0.2.11")[0] == 0  # nochg
    assert client.run("2001:db8::10", param="myipv6")[0] == 0
    assert web.addresses("home") == ["192.0.2.11", "2001:db8::10"]
    status, said = client.run(None)  # by our /checkip
    assert status == 0, said
    assert web.addresses("home") == ["127.0.0.1", "2001:db8::10"]
    rows = web.rows(6)
    assert [r["result"] for r in rows].count("nochg") == 1
    assert {r["user_agent"].split("/")[0] for r in rows} == {"inadyn"}


def test_inadyn_is_told_what_is_wrong(work, web):
    status, said = Inadyn(work, web, "wrong").run("192.0.2.10")
    assert status != 0
    assert "Authentication failure" in said
    status, said = Inadyn(work, web, web.token).run(
        "192.0.2.10", "nobody.dyn.test")
    assert status != 0
    assert "nohost" in said
    assert {r["result"] for r in web.rows(2)} == {"badauth", "nohost"}


def test_inadyn_lives_on_when_it_is_limited(work, authority):
    web = Web(work, authority,
              options={"rate-burst": 1, "rate-per-minute": 1}).start()
    client = Inadyn(work, web, web.token)
    assert client.run("192.0.2.10")[0] == 0
    process = work.spawn(client.command("192.0.2.11"))
    wait_until(lambda: "Will retry again in 600 sec" in process.log_text())
    assert "[503 Service Unavailable] 911" in process.log_text()
    assert process.running()


# ---- others ----

def test_curl_and_wget(work, web):
    base = f"https://127.0.0.1:{web.ddnsd.https}/nic/update"
    needs(programs.find("curl"))
    done = subprocess.run(
        ["curl", "-sS", "--cacert", web.ddnsd.ca, "-u",
         f"router:{web.token}", "-o", "-", "-w", "%{http_code} "
         "%{http_version}", f"{base}?hostname=home.dyn.test&myip=192.0.2.1"],
        capture_output=True, text=True, timeout=30)
    assert done.stdout == "good 192.0.2.1\n200 1.1", done.stderr
    wget = programs.find("wget")
    needs(wget)
    # without the challenge GNU wget never sends its password
    done = subprocess.run(
        [wget, "-q", "-O", "-", "--ca-certificate", web.ddnsd.ca,
         "--user", "router", "--password", web.token,
         f"{base}?hostname=home.dyn.test&myip=192.0.2.2"],
        capture_output=True, text=True, timeout=30)
    assert done.stdout == "good 192.0.2.2\n", done.stderr
    wait_until(lambda: web.addresses("home") == ["192.0.2.2"])
