# SPDX-License-Identifier: BSD-3-Clause
"""What README.md tells people to write and to run works as it stands there."""

import re
import shlex
import subprocess

import pytest

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


def options_of(source, *tables):
    """The names in the tables of options of a file in common/conf."""
    text = (TOP / "common/conf" / source).read_text()
    names = []
    for table in tables:
        body = text.split(f" {table}[] = {{")[1].split("\n};")[0]
        names += re.findall(r'(?:[A-Z]+\(|\{ )"([a-z0-9-]+)",', body)
    return names


@pytest.mark.parametrize("source, tables, count, sections, page, sample", [
    ("conf.c", ("options", "subscriber_options"), 30, {"subscriber"},
     "ddnsd.conf.5", "ddnsd.conf"),
    ("module.c", ("options", "key_options", "zone_options"), 6,
     {"key", "zone"}, "unbound-ddns.conf.5", "unbound-ddns.conf"),
], ids=["ddnsd.conf", "unbound-ddns.conf"])
def test_manual_and_sample_have_every_option_and_no_other(
        source, tables, count, sections, page, sample):
    names = options_of(source, *tables)
    assert len(names) >= count
    text = (TOP / "man" / page).read_text()
    told = set()
    for line in re.findall(r"^\.It Cm (.*)$", text, flags=re.M):
        # up to what follows a name: "No = ...", "Ar name Brq ..."
        told |= set(re.findall(r"[a-z][a-z0-9-]+",
                               re.split(r" (?:No|Ar) ", line)[0]))
    assert told - sections == set(names)
    sample_text = (TOP / "etc" / sample).read_text()
    missing = [name for name in names if not re.search(
        rf"^#?\s*{name} = ", sample_text, flags=re.M)]
    assert not missing, f"not in etc/{sample}: {missing}"


def test_commented_lines_of_the_sample_are_right_too(work):
    """What stands behind a # is accepted once it does not."""
    needs(programs.ddnsd)
    certificate, key = Authority(work.mkdir("ca")).server()
    TsigKey(work, "ddns-notify")
    text = (TOP / "etc/ddnsd.conf").read_text()
    text = re.sub(r"^#[ \t]+(?=[a-z-]+ = |subscriber |\}|\t)", "", text,
                  flags=re.M)
    text = text.replace("/etc/ddnsd/fullchain.pem", str(certificate))
    text = text.replace("/etc/ddnsd/privkey.pem", str(key))
    for place in ("/etc/ddnsd", "/var/lib/ddnsd"):
        text = text.replace(place, str(work.path))
    conf = work.write("sample.conf", text)
    assert len(re.findall(r"^subscriber ", text, flags=re.M)) >= 3
    done = subprocess.run([programs.ddnsd, "-n", "-c", conf],
                          capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "configuration OK\n"), done
