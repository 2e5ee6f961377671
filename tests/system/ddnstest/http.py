# SPDX-License-Identifier: BSD-3-Clause
"""Updates over HTTP and HTTPS."""

import base64
import http.client
import ssl
import urllib.parse


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body
        self.text = body.decode("utf-8", "replace")

    @property
    def lines(self):
        return self.text.split("\n")[:-1] if self.text.endswith("\n") \
            else self.text.split("\n")

    def __repr__(self):
        return f"<{self.status} {self.text!r}>"


def connect(port, ca=None, host="127.0.0.1", timeout=10.0):
    """A connection that can be used for several requests.  With ca, TLS."""
    if ca is None:
        return http.client.HTTPConnection(host, port, timeout=timeout)
    context = ssl.create_default_context(cafile=str(ca))
    return http.client.HTTPSConnection(host, port, timeout=timeout,
                                       context=context)


def basic(user, password):
    pair = f"{user}:{password}".encode()
    return "Basic " + base64.b64encode(pair).decode()


def request(port, target, method="GET", headers=None, body=None, ca=None,
            connection=None, host="127.0.0.1", timeout=10.0):
    """One request; a new connection unless one is given."""
    link = connection or connect(port, ca, host, timeout)
    try:
        link.request(method, target, body=body, headers=headers or {})
        response = link.getresponse()
        data = response.read()
        return Reply(response.status, response.headers, data)
    finally:
        if connection is None:
            link.close()


def update(port, hostname, myip=None, token=None, ca=None, connection=None,
           path="/nic/update", bearer=False, headers=None, **parameters):
    """A dyndns2 update, as a well-behaved client sends it."""
    names = hostname if isinstance(hostname, str) else ",".join(hostname)
    query = {"hostname": names}
    if myip is not None:
        query["myip"] = myip if isinstance(myip, str) else ",".join(myip)
    query.update(parameters)
    sent = {"User-Agent": "ddnstest/1"}
    if token is not None:
        sent["Authorization"] = (f"Bearer {token}" if bearer
                                 else basic("ddns", token))
    sent.update(headers or {})
    target = path + "?" + urllib.parse.urlencode(query, safe=",:")
    return request(port, target, headers=sent, ca=ca, connection=connection)
