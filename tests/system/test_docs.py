# SPDX-License-Identifier: BSD-3-Clause
"""What README.md tells people to write and to run works as it stands there."""

import re
import shlex
import subprocess

from ddnstest import Authority, Ddnsctl, TsigKey, needs, programs
from ddnstest.proc import TOP


def block(first_line):
    """The indented block of README.md that begins so."""
    text = (TOP / "README.md").read_text()
    at = text.index("    " + first_line)
    lines = []
    for line in text[at:].splitlines():
        if line and not line.startswith("    "):
            break
        lines.append(line[4:])
    return "\n".join(lines).strip() + "\n"


def configured(work):
    """README's ddnsd.conf, with its places moved into the test's."""
    needs(programs.ddnsd, programs.ddnsctl)
    certificate, key = Authority(work.mkdir("ca")).server()
    TsigKey(work, "ddns-notify")
    text = block("store           =")
    text = text.replace("/etc/ddnsd/tls.pem", str(certificate))
    text = text.replace("/etc/ddnsd/tls.key", str(key))
    for place in ("/etc/ddnsd", "/var/lib/ddnsd"):
        text = text.replace(place, str(work.path))
    assert "/etc/" not in text and "/var/" not in text
    return work.write("ddnsd.conf", text)


def test_configuration_of_the_readme_is_right(work):
    done = subprocess.run([programs.ddnsd, "-n", "-c", configured(work)],
                          capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "configuration OK\n"), done


def test_first_host_of_the_readme(work):
    ctl = Ddnsctl(configured(work))
    said = ""
    for line in block("ddnsctl init").splitlines():
        words = shlex.split(line)
        assert words[0] == "ddnsctl"
        said = ctl(*words[1:])
    assert re.fullmatch(r"ddns_[A-Za-z0-9_-]{32,}", said)
    assert [row["host"] for row in ctl.json("host", "list")] \
        == ["home.dyn.example.org"]


def test_sample_files_name_only_options_that_exist(work):
    """etc/ddnsd.conf as it is: every option with its default."""
    needs(programs.ddnsd)
    text = (TOP / "etc/ddnsd.conf").read_text()
    text = text.replace("/var/lib/ddnsd", str(work.path))
    conf = work.write("sample.conf", text + 'http-listen = {"127.0.0.1:1"}\n')
    done = subprocess.run([programs.ddnsd, "-n", "-c", conf],
                          capture_output=True, text=True)
    assert done.returncode == 0, done
