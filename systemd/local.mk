nodist_systemdsystemunit_DATA += %D%/ddnsd.service
EXTRA_DIST += %D%/ddnsd.service.in
CLEANFILES += %D%/ddnsd.service

%D%/ddnsd.service: $(srcdir)/%D%/ddnsd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) %D% && $(SED) \
		-e 's|@sbindir[@]|$(sbindir)|g' \
		-e 's|@sysconfdir[@]|$(sysconfdir)|g' \
		$(srcdir)/%D%/ddnsd.service.in >$@.tmp && mv $@.tmp $@
