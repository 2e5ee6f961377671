nodist_systemdsystemunit_DATA += %D%/ddnsd.service \
	%D%/pdns-backend-ddns.service
dist_systemdsystemunit_DATA = %D%/pdns-backend-ddns.socket
EXTRA_DIST += %D%/ddnsd.service.in %D%/pdns-backend-ddns.service.in
CLEANFILES += %D%/ddnsd.service %D%/pdns-backend-ddns.service

systemd_edit = $(MKDIR_P) %D% && $(SED) \
	-e 's|@sbindir[@]|$(sbindir)|g' \
	-e 's|@sysconfdir[@]|$(sysconfdir)|g'

%D%/ddnsd.service: $(srcdir)/%D%/ddnsd.service.in Makefile
	$(AM_V_GEN)$(systemd_edit) $(srcdir)/%D%/ddnsd.service.in >$@.tmp && \
		mv $@.tmp $@

%D%/pdns-backend-ddns.service: $(srcdir)/%D%/pdns-backend-ddns.service.in \
	Makefile
	$(AM_V_GEN)$(systemd_edit) \
		$(srcdir)/%D%/pdns-backend-ddns.service.in >$@.tmp && \
		mv $@.tmp $@
