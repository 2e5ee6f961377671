# unit tests of publish
if HAVE_CMOCKA
publish_tests_ldadd = libddns-publish.la $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_publish_order tests/unit/test_publish_pending \
	tests/unit/test_publish_reach
TESTS += tests/unit/test_publish_order tests/unit/test_publish_pending \
	tests/unit/test_publish_reach
tests_unit_test_publish_order_SOURCES = tests/unit/test_publish_order.c
tests_unit_test_publish_order_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_publish_order_LDADD = $(publish_tests_ldadd)
tests_unit_test_publish_pending_SOURCES = tests/unit/test_publish_pending.c
tests_unit_test_publish_pending_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_publish_pending_LDADD = $(publish_tests_ldadd)
tests_unit_test_publish_reach_SOURCES = tests/unit/test_publish_reach.c tests/unit/store_util.h
tests_unit_test_publish_reach_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_publish_reach_LDADD = $(publish_tests_ldadd)
endif

# the publisher without a front end, for tests/system and measurements
noinst_PROGRAMS += tests/bench/publish_drive
tests_bench_publish_drive_SOURCES = tests/bench/publish_drive.c
tests_bench_publish_drive_LDADD = libddns-publish.la libddns-update.la libddns-store.la
