# Checks of the tree itself; they run in make check beside the unit tests.
tree_checks = %D%/check-layers %D%/check-headers %D%/check-man %D%/check-words
dist_check_SCRIPTS += $(tree_checks)
TESTS += $(tree_checks)
EXTRA_DIST += %D%/build %D%/build-unbound %D%/codespell-ignore %D%/demo \
	%D%/demo.py %D%/install-deps %D%/run-bench %D%/run-tests docs .clang-format .editorconfig
AM_TESTS_ENVIRONMENT += UNBOUND_SOURCE='$(UNBOUND_SOURCE)'; \
	DDNS_CC='$(CC) $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) \
	$(CPPFLAGS) $(SQLITE_CFLAGS) $(LDNS_CFLAGS) $(CONFUSE_CFLAGS)'; \
	export UNBOUND_SOURCE DDNS_CC;

help:
	@sed -n 's/^##	//p' $(srcdir)/%D%/local.mk
##	make                  build
##	make check            unit tests, fuzz corpus, checks of the tree
##	make check-system     real PowerDNS, Unbound and clients (tests/system)
##	make lint             checks of the tree, cppcheck
##	make format           clang-format on every C file
##	make coverage         lines reached by make check, as HTML
##	make distcheck        a release, built and checked from its tarball
##	make install          see README.md
##	tools/demo            everything running on loopback, to play with
##	tools/run-tests       install what tests need, run all of them
##	tools/run-bench       the figures of docs/performance.md

c_files = find $(srcdir)/common $(srcdir)/pdns-backend \
	$(srcdir)/unbound-module $(srcdir)/tests -name '*.[ch]'

format:
	$(c_files) | xargs clang-format -i

lint:
	@failed=0; for check in $(tree_checks); do \
	  srcdir=$(srcdir) $(TESTS_ENVIRONMENT) $(AM_TESTS_ENVIRONMENT) \
	  $(srcdir)/$$check || failed=1; done; \
	if command -v cppcheck >/dev/null; then \
	  $(c_files) ! -path '*/tests/*' | xargs cppcheck --quiet --error-exitcode=1 \
	    --enable=warning,portability --inline-suppr -D__GNUC__ \
	    --suppress=missingInclude --suppress=uninitvar --suppress=unknownMacro \
	    --suppress=nullPointerRedundantCheck \
	    --suppress=duplicateAssignExpression || failed=1; \
	else echo "no cppcheck: left out"; fi; exit $$failed

coverage:
	mkdir -p build-coverage
	cd build-coverage && $(abs_srcdir)/configure --enable-developer \
	  CFLAGS='-O0 -g --coverage' LDFLAGS=--coverage && \
	  $(MAKE) check && gcovr -r $(abs_srcdir) . --exclude '.*/tests/.*' \
	  --html-details coverage.html --print-summary
.PHONY: help format lint coverage

if UNBOUND_MODULE
AM_DISTCHECK_CONFIGURE_FLAGS = --with-unbound-source=$(UNBOUND_SOURCE)
endif
