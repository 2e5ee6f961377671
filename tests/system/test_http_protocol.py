# SPDX-License-Identifier: BSD-3-Clause
"""dyndns2 over raw sockets: every answer, every rule of docs/http.md."""

import threading
import time

import pytest

from ddnstest import programs, wait_until
from ddnstest.web import Web, read_answer

GOOD = "hostname=home.dyn.test&myip=192.0.2.1"


@pytest.fixture
def web(work):
    return Web(work).start()


@pytest.fixture
def make_web(work):
    def make(**options):
        return Web(work, **options).start()
    return make


def test_answer_is_exactly_this(web):
    answer = web.update(GOOD)
    date = answer.headers.pop("date")
    assert date.endswith(" GMT")
    assert answer.headers == {
        "content-type": "text/plain; charset=utf-8",
        "content-length": "15",
        "cache-control": "no-store",
        "connection": "close",
    }
    assert answer.raw.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.text == "good 192.0.2.1\n"
    assert web.addresses("home") == ["192.0.2.1"]


def test_paths_and_methods(web):
    for path in ("/nic/update", "/v3/update", "/v2/update", "/update",
                 "/dyndns/update", "http://ddns.test/nic/update"):
        answer = web.get(f"{path}?{GOOD}", web.token)
        assert answer.text.split()[0] in ("good", "nochg"), path
    answer = web.get("/nic/update", web.token, method="POST",
                     body="hostname=home.dyn.test&myip=192.0.2.2",
                     headers=["Content-Type: "
                              "application/x-www-form-urlencoded"])
    assert answer.text == "good 192.0.2.2\n"
    # query and form together
    answer = web.get("/nic/update?hostname=home.dyn.test", web.token,
                     method="POST", body="myip=192.0.2.3")
    assert answer.text == "good 192.0.2.3\n"
    answer = web.get("/nic/update", web.token, method="POST", body="{}",
                     headers=["Content-Type: application/json"])
    assert answer.status == 415
    for method in ("HEAD", "PUT", "DELETE", "OPTIONS"):
        answer = web.update("hostname=home.dyn.test&myip=192.0.2.9",
                            method=method)
        assert answer.status == 405
        assert answer.headers["allow"] == "GET, POST"
    assert web.get(f"/other?{GOOD}", web.token).status == 404
    assert web.get("/update?domains=home", web.token).status == 404
    wait_until(lambda: "unknown path \"/other\""
               in web.ddnsd.process.log_text())
    assert web.addresses("home") == ["192.0.2.3"]


def test_every_return_code(web):
    web.add_host("private", "--ttl", "60")
    web.add_host("off", "--disable")
    web.ctl("token", "create", "weak", "--account", "alice",
            "--host", "home.dyn.test", "--types", "A", "--allow-http")
    weak = web.ctl("token", "rotate", "weak")

    def said(query, token=None, **options):
        answer = web.update(query, token, **options)
        return answer.status, answer.text
    assert said(GOOD) == (200, "good 192.0.2.1\n")
    assert said(GOOD) == (200, "nochg 192.0.2.1\n")
    assert said(GOOD, "wrong") == (401, "badauth\n")
    assert said("hostname=nobody.dyn.test") == (200, "nohost\n")
    assert said("hostname=home.other.test") == (200, "nohost\n")
    assert said("hostname=cam.dyn.test", weak) == (200, "nohost\n")
    assert said("hostname=home.dyn.test&myip=2001:db8::1", weak) \
        == (200, "nohost\n")
    assert said("hostname=home") == (200, "notfqdn\n")
    assert said("myip=192.0.2.1") == (200, "notfqdn\n")
    assert said("hostname=" + ",".join(
        f"h{i}.dyn.test" for i in range(21))) == (200, "numhost\n")
    assert said("hostname=home.dyn.test&myip=nonsense") == (200, "dnserr\n")
    assert said("hostname=home.dyn.test&myip=192.0.2.1&myip=192.0.2.2") \
        == (200, "dnserr\n")
    assert said("hostname=private.dyn.test&myip=10.0.0.1") \
        == (200, "dnserr\n")
    assert said("hostname=home.dyn.test&offline=YES", weak) \
        == (200, "!donator\n")
    assert said("hostname=off.dyn.test&myip=192.0.2.1") == (403, "abuse\n")
    assert said("hostname=home.dyn.test&offline=YES") == (200, "good\n")
    assert web.addresses("home") == []
    # no host named, and the token is for one
    assert said("myip=192.0.2.7", weak) == (200, "good 192.0.2.7\n")
    assert said("hostname=YES&myip=192.0.2.7", weak) \
        == (200, "nochg 192.0.2.7\n")


def test_challenge_and_bad_credentials_look_alike(web):
    bare = web.get(f"/nic/update?{GOOD}")
    wrong = web.update(GOOD, "ddns_wrong")
    odd = web.get(f"/nic/update?{GOOD}",
                  headers=["Authorization: Digest foo"])
    for answer in (bare, wrong, odd):
        assert answer.status == 401
        assert answer.text == "badauth\n"
        assert answer.headers["www-authenticate"] \
            == 'Basic realm="ddns", charset="UTF-8"'
    for header in (f"Authorization: Bearer {web.token}",
                   f"Authorization: Token {web.token}",
                   f"X-Api-Key: {web.token}"):
        answer = web.get(f"/nic/update?{GOOD}", headers=[header])
        assert answer.text.split()[0] in ("good", "nochg")


def test_token_needs_tls_and_header_unless_allowed(work, authority):
    web = Web(work, authority).start()
    strict = web.ctl("token", "create", "strict", "--account", "alice")
    url = web.ctl("token", "create", "url", "--account", "alice",
                  "--allow-url")
    answer = web.update(GOOD, strict)
    assert (answer.status, answer.text) == (403, "badauth\n")
    answer = web.update(GOOD, strict, headers=["User-Agent: ddclient/3.9"])
    assert (answer.status, answer.text) == (200, "badauth\n")
    assert web.update(GOOD, strict, tls=True).text == "good 192.0.2.1\n"
    answer = web.get(f"/nic/update?{GOOD}&password={strict}", tls=True)
    assert (answer.status, answer.text) == (403, "badauth\n")
    for name in ("password", "pass", "token", "key"):
        answer = web.get(f"/nic/update?{GOOD}&{name}={url}", tls=True)
        assert answer.text == "nochg 192.0.2.1\n"
    assert web.get(f"/nic/update?{GOOD}&token={url}").status == 403
    reasons = {r["reason"] for r in web.rows(4, "--result", "badauth")}
    assert reasons == {"the credential may not come without TLS",
                       "the credential may not stand in the URL"}
    rows = web.rows(1, "--result", "good")
    assert rows[0]["tls"] and rows[0]["credential"] == "strict"
    for row in web.rows(4, "--result", "badauth"):
        assert row["credential"] in ("strict", "url")


def test_one_family_never_touches_the_other(web):
    def update(query, text):
        assert web.update(f"hostname=home.dyn.test&{query}").text == text
    update("myip=192.0.2.1,2001:db8::1", "good 192.0.2.1,2001:db8::1\n")
    update("myip=192.0.2.2", "good 192.0.2.2\n")
    assert web.addresses("home") == ["192.0.2.2", "2001:db8::1"]
    update("myipv6=2001%3adb8%3a%3a2", "good 2001:db8::2\n")
    assert web.addresses("home") == ["192.0.2.2", "2001:db8::2"]
    update("myip=no&myipv6=2001:db8::3", "good 2001:db8::3\n")
    update("myip=192.0.2.2,2001:db8::4", "good 192.0.2.2,2001:db8::4\n")
    # empty is absent: the connection's source, and AAAA stays
    update("myip=", "good 127.0.0.1\n")
    update("myip=&myipv6=", "nochg 127.0.0.1\n")
    update("", "nochg 127.0.0.1\n")
    assert web.addresses("home") == ["127.0.0.1", "2001:db8::4"]


def test_a_line_a_host_in_order(web):
    answer = web.update("hostname=CAM.dyn.test.,no.dyn.test,x,"
                        "home.dyn.test&myip=192.0.2.1")
    assert answer.status == 200
    assert answer.text == ("good 192.0.2.1\nnohost\nnotfqdn\n"
                           "good 192.0.2.1\n")
    answer = web.update("hostname=cam.dyn.test,cam.dyn.test&myip=192.0.2.2")
    assert answer.text == "good 192.0.2.2\nnochg 192.0.2.2\n"
    answer = web.update("hostname=cam.dyn.test,home.dyn.test&myip=bad")
    assert answer.text == "dnserr\ndnserr\n"
    answer = web.update("hostname=a.dyn.test,b.dyn.test&myip=192.0.2.1",
                        headers=["User-Agent: OPNsense-dyndns"])
    assert (answer.status, answer.text) == (404, "nohost\nnohost\n")
    answer = web.update("hostname=a.dyn.test,cam.dyn.test&myip=192.0.2.3",
                        headers=["User-Agent: OPNsense-dyndns"])
    assert (answer.status, answer.text) == (200, "nohost\ngood 192.0.2.3\n")


def test_wildcard_rides_along_where_it_is_a_host(web):
    query = GOOD + "&wildcard=ON&mx=mail.dyn.test&backmx=YES"
    assert web.update(query).text == "good 192.0.2.1\n"
    web.ctl("host", "add", "*.home.dyn.test", "--account", "alice",
            "--allow-special")
    query = query.replace("192.0.2.1", "192.0.2.2")
    assert web.update(query).text == "good 192.0.2.2\n"
    assert web.addresses("*.home") == ["192.0.2.2"]
    assert web.update(GOOD + "&wildcard=NOCHG").text == "good 192.0.2.1\n"
    assert web.addresses("*.home") == ["192.0.2.2"]


def test_idn_is_one_name_in_every_spelling(web):
    web.ctl("host", "add", "xn--bcher-kva.dyn.test", "--account", "alice",
            "--allow-special")
    for name in ("b%C3%BCcher.dyn.test", "B%C3%9CCHER.dyn.test",
                 "b%75%CC%88cher.dyn.test", "XN--BCHER-KVA.dyn.test"):
        answer = web.update(f"hostname={name}&myip=192.0.2.1")
        assert answer.text.split()[0] in ("good", "nochg"), name
    assert web.update("hostname=%ff.dyn.test").text == "notfqdn\n"
    assert web.addresses("xn--bcher-kva") == ["192.0.2.1"]


def test_private_and_special_addresses_follow_the_host(web):
    web.add_host("plain", "--ttl", "60")
    web.add_host("lan", "--allow-private")
    web.add_host("nocgn", "--refuse-cgnat")

    def said(host, address):
        return web.update(f"hostname={host}.dyn.test&myip={address}").text
    for address in ("10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1",
                    "169.254.0.1", "192.0.2.1", "198.18.0.1", "0.0.0.0",
                    "224.0.0.1", "255.255.255.255", "::1", "fe80::1",
                    "fd00::1", "2001:db8::1", "ff02::1", "2002:a00:1::1"):
        assert said("plain", address) == "dnserr\n", address
    assert said("plain", "8.8.8.8") == "good 8.8.8.8\n"
    assert said("plain", "100.64.0.1") == "good 100.64.0.1\n"
    assert said("lan", "10.0.0.1") == "good 10.0.0.1\n"
    assert said("lan", "127.0.0.1") == "dnserr\n"
    assert said("nocgn", "100.64.0.1") == "dnserr\n"
    log = web.ddnsd.process.log_text()
    assert 'reason="10.0.0.1 is private (RFC 1918, RFC 4193)"' in log
    assert "shared address space (RFC 6598)" in log
    rows = web.rows(17, "--result", "dnserr")
    assert "192.168.1.1 is private (RFC 1918, RFC 4193)" in [
        r["reason"] for r in rows]


def test_quirks_when_limited(make_web):
    web = make_web(options={"rate-burst": 2, "rate-per-minute": 1})
    n = iter(range(1, 100))

    def said(**options):
        answer = web.update(
            f"hostname=home.dyn.test&myip=192.0.2.{next(n)}", **options)
        return answer.status, answer.text, answer.headers.get("retry-after")
    assert said()[1] == "good 192.0.2.1\n"
    assert said()[1] == "good 192.0.2.2\n"
    assert said() == (429, "abuse\n", "60")
    assert said(headers=["User-Agent: ddclient/3.10.0"]) \
        == (200, "abuse\n", "60")
    assert said(headers=["User-Agent: inadyn/2.10.0 https://x"]) \
        == (503, "911\n", "60")
    answer = web.raw(b"GET /nic/update?hostname=home.dyn.test&myip=192.0.2.77"
                     b" HTTP/1.0\r\nAuthorization: Basic "
                     + _pair(web.token) + b"\r\nUser-Agent: Mozilla/5.0\r\n"
                     b"\r\n")
    assert (answer.status, answer.text) == (503, "911\n")
    assert said(headers=["User-Agent: OPNsense-dyndns"]) \
        == (429, "abuse\n", "60")
    # no change is free, the other family and the other host have their own
    assert web.update("hostname=home.dyn.test&myip=192.0.2.2").text \
        == "nochg 192.0.2.2\n"
    assert web.update("hostname=home.dyn.test&myip=2001:db8::1").text \
        == "good 2001:db8::1\n"
    assert web.update("hostname=cam.dyn.test&myip=192.0.2.2").text \
        == "good 192.0.2.2\n"


def _pair(token):
    import base64
    return base64.b64encode(b"x:" + token.encode())


def test_brake_slows_failures_and_lets_the_valid_token_pass(make_web):
    web = make_web(options={"source-failures": 5})
    for _ in range(20):  # wget's first request is no failure
        assert web.get(f"/nic/update?{GOOD}").status == 401
    seen = [web.update(GOOD, f"wrong{i}").status for i in range(20)]
    assert seen[:5] == [401] * 5
    assert seen[5:] == [429] * 15
    assert web.update(GOOD).text == "good 192.0.2.1\n"
    assert web.update(GOOD, "wrong",
                      headers=["User-Agent: ddclient/3.10.0"]).text \
        == "abuse\n"


def test_strangers_cannot_fill_the_journal(make_web):
    web = make_web(options={"source-failures": 10})
    for i in range(60):
        query = f"hostname=x{i}.dyn.test"
        web.update(query, f"wrong{i}", headers=[f"User-Agent: agent{i}"])
        web.get(f"/nic/update?{query}")
    assert web.ddnsd.end() == 0  # all is written
    rows = [r for r in web.ctl.log() if r["protocol"] == "dyndns2"]
    assert sum(r["repeats"] for r in rows) == 120
    assert len([r for r in rows if r["name"]]) <= 12
    assert len(rows) < 40


def test_journal_has_every_attempt_once(web):
    for _ in range(3):
        web.update("hostname=no.dyn.test&myip=192.0.2.1")
    web.update(GOOD)
    for _ in range(4):
        web.update(GOOD)
    web.update(GOOD, "wrong", headers=["User-Agent: a\xe9b"])
    web.get(f"/nic/update?{GOOD}")
    rows = web.rows(5)
    by = {r["result"] + r["reason"]: r for r in rows}
    row = by["nohostthe host is not registered"]
    assert row["repeats"] == 3 and row["name"] == "no.dyn.test"
    assert row["credential"] == "router" and row["account"] == "alice"
    assert row["source"] == "127.0.0.1" and not row["tls"]
    assert row["user_agent"] == "test/1" and row["type"] == "A"
    row = by["good"]
    assert row["changed"] and row["new"] == ["192.0.2.1"]
    assert by["nochg"]["repeats"] == 4
    row = by["badauthno such credential"]
    assert row["account"] == row["credential"] == ""
    assert row["user_agent"].isascii()
    assert by["badauthno credential was sent"]["repeats"] == 1
    shown = web.ctl.json("token", "list")
    assert shown[0]["last_used"] is not None


def test_x_forwarded_for_only_from_trusted_proxies(make_web):
    web = make_web(options={"trusted-proxies": ["127.0.0.1", "10.0.0.0/8"]})
    shapes = [
        (["X-Forwarded-For: 198.51.100.7"], "198.51.100.7"),
        (["X-Forwarded-For: 8.8.8.8, 198.51.100.7"], "198.51.100.7"),
        (["X-Forwarded-For: 198.51.100.7, 10.1.2.3"], "198.51.100.7"),
        (["X-Forwarded-For: 198.51.100.7", "X-Forwarded-For: 10.1.2.3"],
         "198.51.100.7"),
        (["X-Forwarded-For: 2001:db8::7"], "2001:db8::7"),
        (["X-Forwarded-For: junk"], "127.0.0.1"),
        ([], "127.0.0.1"),
        (["X-Real-IP: 198.51.100.7", "Forwarded: for=198.51.100.7"],
         "127.0.0.1"),
    ]
    for headers, source in shapes:
        assert web.get("/myip", headers=headers).text == source + "\n"
        answer = web.update("hostname=home.dyn.test", headers=headers)
        assert answer.text.split()[1] == source
    assert [r["source"] for r in web.rows(3, "--changed")] \
        == ["198.51.100.7", "2001:db8::7", "127.0.0.1"]
    strict = web.ctl("token", "create", "strict", "--account", "alice")
    assert web.update(GOOD, strict).status == 403
    assert web.update(GOOD, strict,
                      headers=["X-Forwarded-Proto: https"]).status == 200


def test_x_forwarded_for_of_a_stranger_says_nothing(web):
    headers = ["X-Forwarded-For: 198.51.100.7", "X-Forwarded-Proto: https"]
    assert web.get("/myip", headers=headers).text == "127.0.0.1\n"
    strict = web.ctl("token", "create", "strict", "--account", "alice")
    assert web.update(GOOD, strict, headers=headers).status == 403


def test_checkip_pages(web):
    answer = web.get("/checkip")
    assert answer.headers["content-type"] == "text/html"
    assert answer.text == (
        "<html><head><title>Current IP Check</title></head><body>Current IP "
        "Address: 127.0.0.1</body></html>\r\n")
    assert web.get("/myip").text == "127.0.0.1\n"
    answer = web.get("/api/v1/myip")
    assert answer.headers["content-type"] == "application/json"
    assert answer.text == '{"ip":"127.0.0.1","family":4,"cgnat":false}\n'
    assert web.get("/myip", method="POST", body="").status == 405


def test_ipv6_listener_and_source(work):
    from ddnstest.proc import free_port
    port = free_port("::1")
    web = Web(work, options={"http-listen": [f"[::1]:{port}"]})
    web.ddnsd.start(wait=False)
    import socket

    def ask():
        try:
            link = socket.create_connection(("::1", port), timeout=5)
        except ConnectionRefusedError:
            return None
        with link:
            return web.get("/myip", link=link)
    assert wait_until(ask).text == "::1\n"


def test_kept_alive_only_for_1_1(web):
    with web.connect() as link:
        for i in range(3):
            answer = web.update(
                f"hostname=home.dyn.test&myip=192.0.2.{i + 1}", link=link)
            assert answer.text == f"good 192.0.2.{i + 1}\n"
            assert "connection" not in answer.headers
        # pipelined: answered one after the other, in order
        one = (b"GET /nic/update?hostname=home.dyn.test&myip=192.0.2.%d "
               b"HTTP/1.1\r\nHost: a\r\nAuthorization: Basic "
               + _pair(web.token) + b"\r\n\r\n")
        link.sendall(one % 11 + one % 12 + one % 12)
        got = b""
        while got.count(b"192.0.2.12\n") < 2:
            got += link.recv(65536)
        assert got.index(b"good 192.0.2.11") < got.index(b"good 192.0.2.12") \
            < got.index(b"nochg 192.0.2.12")
    for version, header in ((b"1.0", b""), (b"1.0", b"Connection: "
                                            b"keep-alive\r\n"),
                            (b"1.1", b"Connection: close\r\n")):
        answer = web.raw(b"GET /myip HTTP/" + version + b"\r\nHost: a\r\n"
                         + header + b"\r\n")
        assert answer.text == "127.0.0.1\n"  # read to the end of stream
        assert answer.headers["connection"] == "close"


def test_broken_requests(web):
    cases = [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET /myip HTTP/1.1\r\n\r\n", 400),
        (b"GET /myip HTTP/2.0\r\n\r\n", 505),
        (b"GET /myip HTTP/1.1\r\nHost: a\r\nA: " + b"x" * 9000, 431),
        (b"GET /myip HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 100 + b"\r\n",
         431),
        (b"POST /nic/update HTTP/1.1\r\nHost: a\r\nContent-Length: 20000"
         b"\r\n\r\n" + b"x" * 20000, 413),
        (b"POST /nic/update HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
         b"chunked\r\n\r\n0\r\n\r\n", 501),
        (b"GET /myip HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
         b"Content-Length: 2\r\n\r\n", 400),
    ]
    for request, status in cases:
        answer = web.raw(request)
        assert answer is not None and answer.status == status, request[:60]
        assert answer.headers["connection"] == "close"
    assert web.update(GOOD).text == "good 192.0.2.1\n"


def test_expect_continue(web):
    body = b"hostname=home.dyn.test&myip=192.0.2.5"
    with web.connect() as link:
        link.sendall(b"POST /nic/update HTTP/1.1\r\nHost: a\r\nExpect: "
                     b"100-continue\r\nContent-Length: %d\r\n"
                     b"Authorization: Basic %s\r\n\r\n"
                     % (len(body), _pair(web.token)))
        assert link.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        link.sendall(body)
        assert read_answer(link).text == "good 192.0.2.5\n"


def test_client_that_closes_its_half_is_answered(web):
    import socket
    with web.connect() as link:
        link.sendall(b"GET /nic/update?" + GOOD.encode()
                     + b" HTTP/1.0\r\nAuthorization: Basic "
                     + _pair(web.token) + b"\r\n\r\n")
        link.shutdown(socket.SHUT_WR)
        assert read_answer(link, to_end=True).text == "good 192.0.2.1\n"


def test_client_that_goes_away_does_not_stop_its_update(web):
    for i in range(50):
        link = web.connect()
        link.sendall(b"GET /nic/update?hostname=home.dyn.test&myip=192.0.2.%d"
                     b" HTTP/1.1\r\nHost: a\r\nAuthorization: Basic %s\r\n"
                     b"\r\n" % (i + 1, _pair(web.token)))
        link.close()
    wait_until(lambda: web.addresses("home") == ["192.0.2.50"])
    assert web.update("hostname=home.dyn.test&myip=192.0.2.50").text \
        == "nochg 192.0.2.50\n"


def test_a_slow_request_ends_at_its_deadline(make_web):
    web = make_web(options={"request-timeout": 1, "idle-timeout": 1})
    began = time.monotonic()
    with web.connect() as link:
        link.settimeout(5)
        stop = threading.Event()

        def drip():
            while not stop.wait(0.1):
                try:
                    link.sendall(b"G")
                except OSError:
                    return
        thread = threading.Thread(target=drip)
        thread.start()
        answer = read_answer(link, to_end=True)
        stop.set()
        thread.join()
    assert answer.status == 408
    assert 0.9 < time.monotonic() - began < 3
    began = time.monotonic()
    with web.connect() as link:  # says nothing at all
        link.settimeout(5)
        assert link.recv(1) == b""
    assert 0.9 < time.monotonic() - began < 3
    with web.connect() as link:  # idle after a request
        assert web.get("/myip", link=link).status == 200
        link.settimeout(5)
        assert link.recv(1) == b""


def test_slow_connections_do_not_keep_others_out(make_web):
    web = make_web(options={"max-connections": 100, "request-timeout": 60})
    links = []
    for _ in range(500):
        link = web.connect()
        link.sendall(b"GET /")
        links.append(link)
    began = time.monotonic()
    assert web.update(GOOD).text == "good 192.0.2.1\n"
    assert time.monotonic() - began < 1
    for link in links:
        link.close()


def test_policy_changes_count_at_once(web):
    assert web.update(GOOD).text == "good 192.0.2.1\n"
    web.ctl("account", "disable", "alice")
    assert web.update(GOOD).status == 401
    web.ctl("account", "enable", "alice")
    web.ctl("host", "set", "home.dyn.test", "--disable")
    assert web.update(GOOD).status == 403
    web.ctl("host", "set", "home.dyn.test", "--enable")
    assert web.update(GOOD).text == "nochg 192.0.2.1\n"
    fresh = web.ctl("token", "rotate", "router", "--overlap", "0")
    assert web.update(GOOD).status == 401
    assert web.update(GOOD, fresh).text == "nochg 192.0.2.1\n"
    web.ctl("token", "revoke", "router")
    assert web.update(GOOD, fresh).status == 401
    reasons = [r["reason"] for r in web.rows(3, "--result", "badauth")]
    assert "the account is disabled" in reasons
    assert "the credential is revoked" in reasons


def test_memory_stays_small(make_web):
    web = make_web(hosts=())
    rss = rss_kib(web)
    for _ in range(300):
        web.update(GOOD, "wrong")
    links = [web.connect() for _ in range(300)]
    assert rss_kib(web) - rss < 16 * 1024
    for link in links:
        link.close()
    assert rss_kib(web) < 32 * 1024 or "sanitize" in str(programs.build)


def rss_kib(web):
    with open(f"/proc/{web.ddnsd.process.pid}/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def test_refused_connections_that_linger_do_not_keep_others_out(make_web):
    web = make_web(options={"max-connections": 50})
    links = []
    for _ in range(200):
        link = web.connect()
        link.sendall(b"RUBBISH\r\n\r\n")
        links.append(link)
    began = time.monotonic()
    assert web.update(GOOD).text == "good 192.0.2.1\n"
    assert time.monotonic() - began < 1
    for link in links:
        link.close()
