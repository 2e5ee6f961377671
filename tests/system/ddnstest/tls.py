# SPDX-License-Identifier: BSD-3-Clause
"""A certificate authority of our own, by the openssl command."""

import subprocess


class Authority:
    """ca.pem signs; server() gives a certificate for loopback."""

    def __init__(self, directory):
        self.dir = directory
        self.ca = directory / "ca.pem"
        self.ca_key = directory / "ca.key"
        self.count = 0
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-subj", "/CN=ddnsd test authority", "-keyout", self.ca_key,
            "-out", self.ca,
            "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *map(str, arguments)],
                              stdin=subprocess.DEVNULL, text=True,
                              capture_output=True)
        assert done.returncode == 0, done.stderr

    def server(self, name="server", names=("localhost", "ddns.test"),
               addresses=("127.0.0.1", "::1")):
        """Gives (certificate, key) as paths."""
        self.count += 1
        key = self.dir / f"{name}.key"
        request = self.dir / f"{name}.csr"
        certificate = self.dir / f"{name}.pem"
        extensions = self.dir / f"{name}.ext"
        alt = [f"DNS:{n}" for n in names] + [f"IP:{a}" for a in addresses]
        extensions.write_text(
            f"subjectAltName={','.join(alt)}\n"
            "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:P-256", "-nodes", "-subj",
                      f"/CN={names[0]}", "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.ca,
                      "-CAkey", self.ca_key, "-set_serial", self.count,
                      "-days", "30", "-extfile", extensions, "-out",
                      certificate)
        return certificate, key
