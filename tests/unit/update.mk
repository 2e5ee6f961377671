# unit tests of update
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_update_message
TESTS += tests/unit/test_update_message
tests_unit_test_update_message_SOURCES = tests/unit/test_update_message.c tests/unit/unit.h
tests_unit_test_update_message_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_update_message_LDADD = libddns-update.la libddns-store.la libddns-rdata.la $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_update_apply tests/unit/test_update_authorize
TESTS += tests/unit/test_update_apply tests/unit/test_update_authorize
tests_unit_test_update_apply_SOURCES = tests/unit/test_update_apply.c
tests_unit_test_update_apply_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_update_apply_LDADD = libddns-update.la libddns-store.la $(CMOCKA_LIBS)
tests_unit_test_update_authorize_SOURCES = tests/unit/test_update_authorize.c
tests_unit_test_update_authorize_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_update_authorize_LDADD = libddns-update.la libddns-store.la $(CMOCKA_LIBS)
endif
