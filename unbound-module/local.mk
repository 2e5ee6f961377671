# Everything but the two files that include Unbound's headers.
noinst_LTLIBRARIES += libddns-module.la
libddns_module_la_SOURCES = \
	%D%/abi.c %D%/abi.h \
	%D%/cache.h \
	%D%/drop.c %D%/drop.h \
	%D%/generation.c %D%/generation.h \
	%D%/inflight.c %D%/inflight.h \
	%D%/listener.c %D%/listener.h \
	%D%/settings.c %D%/settings.h \
	%D%/stats.c %D%/stats.h \
	%D%/verify.c %D%/verify.h \
	%D%/window.c %D%/window.h \
	%D%/zones.c %D%/zones.h

module_unbound_sources = %D%/module.c %D%/cache.c
EXTRA_DIST += $(module_unbound_sources) %D%/check-exports

if UNBOUND_MODULE
# Unbound's tree goes before the current folder (-iquote), for it has a
# config.h as well, and its headers are not ours to warn about.
noinst_LTLIBRARIES += libddns-module-unbound.la
libddns_module_unbound_la_SOURCES = $(module_unbound_sources)
libddns_module_unbound_la_CPPFLAGS = -iquote $(UNBOUND_SOURCE) $(AM_CPPFLAGS)

unboundmoduledir = $(libdir)
unboundmodule_LTLIBRARIES = unbound-ddns.la
unbound_ddns_la_SOURCES =
# libddns-conf.la brings dns and base along
unbound_ddns_la_LIBADD = libddns-module-unbound.la libddns-module.la \
	libddns-conf.la
# nodelete: a reload closes and opens the library, and the last good settings
# live in it; now: a symbol that is missing must show at once.
unbound_ddns_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-export-symbols-regex \
	'^(init|deinit|operate|inform_super|clear|get_mem)$$' \
	-Wl,-z,now -Wl,-z,nodelete

noinst_DATA += unbound-ddns.so
CLEANFILES += unbound-ddns.so
dist_check_SCRIPTS += %D%/check-exports
TESTS += %D%/check-exports
unbound-ddns.so: unbound-ddns.la
	$(AM_V_GEN)cp .libs/unbound-ddns.so $@
endif
