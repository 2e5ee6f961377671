# unit tests of store
if HAVE_CMOCKA
store_tests_ldadd = libddns-store.la $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_store_zone
TESTS += tests/unit/test_store_zone
tests_unit_test_store_zone_SOURCES = tests/unit/test_store_zone.c tests/unit/store_util.h
tests_unit_test_store_zone_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_zone_LDADD = $(store_tests_ldadd)
endif
