EXTRA_DIST += tools/build-unbound
