# unit tests of store
if HAVE_CMOCKA
store_tests_ldadd = libddns-store.la $(SQLITE_LIBS) $(CMOCKA_LIBS) -lpthread
store_tests_cflags = $(AM_CFLAGS) $(SQLITE_CFLAGS) $(CMOCKA_CFLAGS)

check_PROGRAMS += tests/unit/test_store_zone
TESTS += tests/unit/test_store_zone
tests_unit_test_store_zone_SOURCES = tests/unit/test_store_zone.c tests/unit/store_util.h
tests_unit_test_store_zone_CFLAGS = $(store_tests_cflags)
tests_unit_test_store_zone_LDADD = $(store_tests_ldadd)

check_PROGRAMS += tests/unit/test_store_rr
TESTS += tests/unit/test_store_rr
tests_unit_test_store_rr_SOURCES = tests/unit/test_store_rr.c tests/unit/store_util.h
tests_unit_test_store_rr_CFLAGS = $(store_tests_cflags)
tests_unit_test_store_rr_LDADD = $(store_tests_ldadd)

check_PROGRAMS += tests/unit/test_store_version
TESTS += tests/unit/test_store_version
tests_unit_test_store_version_SOURCES = tests/unit/test_store_version.c tests/unit/store_util.h
tests_unit_test_store_version_CFLAGS = $(store_tests_cflags)
tests_unit_test_store_version_LDADD = $(store_tests_ldadd)

check_PROGRAMS += tests/unit/test_store_policy
TESTS += tests/unit/test_store_policy
tests_unit_test_store_policy_SOURCES = tests/unit/test_store_policy.c tests/unit/store_util.h
tests_unit_test_store_policy_CFLAGS = $(store_tests_cflags)
tests_unit_test_store_policy_LDADD = $(store_tests_ldadd)

check_PROGRAMS += tests/unit/test_store_journal
TESTS += tests/unit/test_store_journal
tests_unit_test_store_journal_SOURCES = tests/unit/test_store_journal.c tests/unit/store_util.h
tests_unit_test_store_journal_CFLAGS = $(store_tests_cflags)
tests_unit_test_store_journal_LDADD = $(store_tests_ldadd)

check_PROGRAMS += tests/unit/test_store_open
TESTS += tests/unit/test_store_open
tests_unit_test_store_open_SOURCES = tests/unit/test_store_open.c tests/unit/store_util.h
tests_unit_test_store_open_CFLAGS = $(store_tests_cflags)
tests_unit_test_store_open_LDADD = $(store_tests_ldadd)

check_PROGRAMS += tests/unit/test_store_writer
TESTS += tests/unit/test_store_writer
tests_unit_test_store_writer_SOURCES = tests/unit/test_store_writer.c tests/unit/store_util.h
tests_unit_test_store_writer_CFLAGS = $(store_tests_cflags)
tests_unit_test_store_writer_LDADD = $(store_tests_ldadd)

check_PROGRAMS += tests/unit/test_store_kill
TESTS += tests/unit/test_store_kill
tests_unit_test_store_kill_SOURCES = tests/unit/test_store_kill.c tests/unit/store_util.h
tests_unit_test_store_kill_CFLAGS = $(store_tests_cflags)
tests_unit_test_store_kill_LDADD = $(store_tests_ldadd)

check_PROGRAMS += tests/unit/test_store_memory
TESTS += tests/unit/test_store_memory
tests_unit_test_store_memory_SOURCES = tests/unit/test_store_memory.c tests/unit/store_util.h
tests_unit_test_store_memory_CFLAGS = $(store_tests_cflags)
tests_unit_test_store_memory_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray
tests_unit_test_store_memory_LDADD = $(store_tests_ldadd)
endif
