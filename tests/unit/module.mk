# unit tests of module
if HAVE_CMOCKA
module_tests = \
	tests/unit/test_module_drop \
	tests/unit/test_module_generation \
	tests/unit/test_module_zones
check_PROGRAMS += $(module_tests)
TESTS += $(module_tests)
module_test_libs = libddns-module.la libddns-conf.la $(CMOCKA_LIBS) -lpthread

tests_unit_test_module_drop_SOURCES = tests/unit/test_module_drop.c
tests_unit_test_module_drop_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_module_drop_LDADD = $(module_test_libs)

tests_unit_test_module_generation_SOURCES = \
	tests/unit/test_module_generation.c
tests_unit_test_module_generation_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_module_generation_LDADD = $(module_test_libs)

tests_unit_test_module_zones_SOURCES = tests/unit/test_module_zones.c
tests_unit_test_module_zones_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_module_zones_LDADD = $(module_test_libs)
endif
