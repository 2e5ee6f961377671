# unit tests of base
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_base_bytes
TESTS += tests/unit/test_base_bytes
tests_unit_test_base_bytes_SOURCES = tests/unit/test_base_bytes.c tests/unit/unit.h
tests_unit_test_base_bytes_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_base_bytes_LDADD = libddns-base.la $(CMOCKA_LIBS)
endif
