# unit tests of ingest
if HAVE_CMOCKA
ingest_tests = \
	tests/unit/test_ingest_credentials \
	tests/unit/test_ingest_dns \
	tests/unit/test_ingest_dyndns2 \
	tests/unit/test_ingest_http_parse \
	tests/unit/test_ingest_reply
check_PROGRAMS += $(ingest_tests)
TESTS += $(ingest_tests)
ingest_tests_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
ingest_tests_ldadd = libddns-ingest.la libddns-update.la libddns-store.la \
	$(CMOCKA_LIBS)

tests_unit_test_ingest_credentials_SOURCES = tests/unit/test_ingest_credentials.c
tests_unit_test_ingest_credentials_CFLAGS = $(ingest_tests_cflags)
tests_unit_test_ingest_credentials_LDADD = $(ingest_tests_ldadd)
tests_unit_test_ingest_dns_SOURCES = tests/unit/test_ingest_dns.c \
	tests/unit/store_util.h
tests_unit_test_ingest_dns_CFLAGS = $(ingest_tests_cflags)
tests_unit_test_ingest_dns_LDADD = $(ingest_tests_ldadd)
tests_unit_test_ingest_dyndns2_SOURCES = tests/unit/test_ingest_dyndns2.c
tests_unit_test_ingest_dyndns2_CFLAGS = $(ingest_tests_cflags)
tests_unit_test_ingest_dyndns2_LDADD = $(ingest_tests_ldadd)
tests_unit_test_ingest_http_parse_SOURCES = tests/unit/test_ingest_http_parse.c
tests_unit_test_ingest_http_parse_CFLAGS = $(ingest_tests_cflags)
tests_unit_test_ingest_http_parse_LDADD = $(ingest_tests_ldadd)
tests_unit_test_ingest_reply_SOURCES = tests/unit/test_ingest_reply.c
tests_unit_test_ingest_reply_CFLAGS = $(ingest_tests_cflags)
tests_unit_test_ingest_reply_LDADD = $(ingest_tests_ldadd)
endif
