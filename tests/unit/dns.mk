# unit tests of dns
EXTRA_DIST += tests/unit/dns_tsig_vectors.py
if HAVE_CMOCKA
dns_tests = \
	tests/unit/test_dns_msg \
	tests/unit/test_dns_name \
	tests/unit/test_dns_notify \
	tests/unit/test_dns_rdata \
	tests/unit/test_dns_rrset \
	tests/unit/test_dns_tsig
check_PROGRAMS += $(dns_tests)
TESTS += $(dns_tests)

tests_unit_test_dns_msg_SOURCES = tests/unit/test_dns_msg.c tests/unit/unit.h
tests_unit_test_dns_msg_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_dns_msg_LDADD = libddns-dns.la $(CMOCKA_LIBS)

tests_unit_test_dns_name_SOURCES = tests/unit/test_dns_name.c tests/unit/unit.h
tests_unit_test_dns_name_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_dns_name_LDADD = libddns-dns.la $(CMOCKA_LIBS)

tests_unit_test_dns_notify_SOURCES = tests/unit/test_dns_notify.c \
	tests/unit/unit.h
tests_unit_test_dns_notify_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_dns_notify_LDADD = libddns-dns.la $(CMOCKA_LIBS)

tests_unit_test_dns_rdata_SOURCES = tests/unit/test_dns_rdata.c \
	tests/unit/unit.h
tests_unit_test_dns_rdata_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_dns_rdata_LDADD = libddns-rdata.la $(CMOCKA_LIBS)

tests_unit_test_dns_rrset_SOURCES = tests/unit/test_dns_rrset.c \
	tests/unit/unit.h
tests_unit_test_dns_rrset_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_dns_rrset_LDADD = libddns-dns.la $(CMOCKA_LIBS)

tests_unit_test_dns_tsig_SOURCES = tests/unit/test_dns_tsig.c \
	tests/unit/dns_tsig_vectors.h tests/unit/unit.h
tests_unit_test_dns_tsig_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_dns_tsig_LDADD = libddns-dns.la $(CMOCKA_LIBS)
endif
