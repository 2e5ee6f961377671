#!/bin/sh
# Makes configure from configure.ac.  Needs autoconf, autoconf-archive, automake, libtool, pkgconf.
set -eu
cd "$(dirname "$0")"
mkdir -p m4 build-aux
autoreconf --install --force --warnings=all,no-obsolete
driver=$(automake --print-libdir)/tap-driver.sh
cp "$driver" build-aux/tap-driver.sh
