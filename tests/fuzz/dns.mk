# fuzz targets of dns.  Without libFuzzer, `make check` replays the corpus.
fuzz_main = tests/fuzz/fuzz.h
if LIBFUZZER
fuzz_link = -fsanitize=fuzzer
else
fuzz_link =
fuzz_main += tests/fuzz/main.c
endif
fuzz_corpus = -DFUZZ_CORPUS='"$(top_srcdir)/tests/fuzz/corpus/

dns_fuzz = \
	tests/fuzz/fuzz_dns_msg \
	tests/fuzz/fuzz_dns_notify \
	tests/fuzz/fuzz_dns_rdata \
	tests/fuzz/fuzz_dns_tsig \
	tests/fuzz/fuzz_dns_zonefile
check_PROGRAMS += $(dns_fuzz)
if !LIBFUZZER
TESTS += $(dns_fuzz)
endif
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/main.c

tests_fuzz_fuzz_dns_msg_SOURCES = tests/fuzz/fuzz_dns_msg.c $(fuzz_main)
tests_fuzz_fuzz_dns_msg_CPPFLAGS = $(AM_CPPFLAGS) $(fuzz_corpus)dns_msg"'
tests_fuzz_fuzz_dns_msg_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link)
tests_fuzz_fuzz_dns_msg_LDADD = libddns-dns.la

tests_fuzz_fuzz_dns_notify_SOURCES = tests/fuzz/fuzz_dns_notify.c $(fuzz_main)
tests_fuzz_fuzz_dns_notify_CPPFLAGS = $(AM_CPPFLAGS) \
	$(fuzz_corpus)dns_notify"'
tests_fuzz_fuzz_dns_notify_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link)
tests_fuzz_fuzz_dns_notify_LDADD = libddns-dns.la

tests_fuzz_fuzz_dns_rdata_SOURCES = tests/fuzz/fuzz_dns_rdata.c $(fuzz_main)
tests_fuzz_fuzz_dns_rdata_CPPFLAGS = $(AM_CPPFLAGS) $(fuzz_corpus)dns_rdata"'
tests_fuzz_fuzz_dns_rdata_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link)
tests_fuzz_fuzz_dns_rdata_LDADD = libddns-rdata.la

tests_fuzz_fuzz_dns_tsig_SOURCES = tests/fuzz/fuzz_dns_tsig.c $(fuzz_main)
tests_fuzz_fuzz_dns_tsig_CPPFLAGS = $(AM_CPPFLAGS) $(fuzz_corpus)dns_tsig"'
tests_fuzz_fuzz_dns_tsig_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link)
tests_fuzz_fuzz_dns_tsig_LDADD = libddns-dns.la

tests_fuzz_fuzz_dns_zonefile_SOURCES = tests/fuzz/fuzz_dns_zonefile.c \
	$(fuzz_main)
tests_fuzz_fuzz_dns_zonefile_CPPFLAGS = $(AM_CPPFLAGS) \
	$(fuzz_corpus)dns_zonefile"'
tests_fuzz_fuzz_dns_zonefile_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link)
tests_fuzz_fuzz_dns_zonefile_LDADD = libddns-rdata.la
