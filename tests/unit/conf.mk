# unit tests of conf
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_conf_conf
TESTS += tests/unit/test_conf_conf
tests_unit_test_conf_conf_SOURCES = tests/unit/test_conf_conf.c tests/unit/unit.h
tests_unit_test_conf_conf_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_conf_conf_LDADD = libddns-conf.la $(CMOCKA_LIBS)
endif
