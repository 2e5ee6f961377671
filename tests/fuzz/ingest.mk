# fuzz targets of ingest; fuzz_link, fuzz_main and fuzz_corpus: dns.mk
ingest_fuzz = tests/fuzz/fuzz_ingest_http
check_PROGRAMS += $(ingest_fuzz)
if !LIBFUZZER
TESTS += $(ingest_fuzz)
endif

tests_fuzz_fuzz_ingest_http_SOURCES = tests/fuzz/fuzz_ingest_http.c \
	$(fuzz_main)
tests_fuzz_fuzz_ingest_http_CPPFLAGS = $(AM_CPPFLAGS) \
	$(fuzz_corpus)ingest_http"'
tests_fuzz_fuzz_ingest_http_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link)
tests_fuzz_fuzz_ingest_http_LDADD = libddns-ingest.la libddns-update.la \
	libddns-store.la libddns-rdata.la
