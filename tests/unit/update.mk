# unit tests of update
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_update_message
TESTS += tests/unit/test_update_message
tests_unit_test_update_message_SOURCES = tests/unit/test_update_message.c tests/unit/unit.h
tests_unit_test_update_message_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_update_message_LDADD = libddns-update.la libddns-store.la libddns-rdata.la $(CMOCKA_LIBS)
endif
