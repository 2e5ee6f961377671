# System tests: real programs, driven by pytest.  Every file of the folder is
# part of a release; dist-hook takes what Python left behind.
EXTRA_DIST += %D%
PYTHON3 = /usr/bin/python3
PYTEST_ARGS =

check-system: all
	DDNS_BUILDDIR=$(abs_builddir) PYTHONDONTWRITEBYTECODE=1 \
	  $(PYTHON3) -m pytest $(PYTEST_ARGS) $(srcdir)/%D%
.PHONY: check-system

dist-hook:
	find $(distdir) -depth \( -name __pycache__ -o -name '*.pyc' \) \
	  -exec rm -rf {} +
