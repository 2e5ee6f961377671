# bench programs for module
EXTRA_DIST += tests/bench/bench_module.py
