# unit tests of daemon
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_daemon_args
TESTS += tests/unit/test_daemon_args
tests_unit_test_daemon_args_SOURCES = tests/unit/test_daemon_args.c \
	common/daemon/ddnsctl_args.c tests/unit/unit.h
tests_unit_test_daemon_args_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_daemon_args_LDADD = libddns-base.la $(CMOCKA_LIBS)
endif
