sbin_PROGRAMS += ddnsctl
ddnsctl_SOURCES = \
	%D%/ddnsctl.c %D%/ddnsctl.h \
	%D%/ddnsctl_account.c \
	%D%/ddnsctl_args.c \
	%D%/ddnsctl_backup.c \
	%D%/ddnsctl_check.c \
	%D%/ddnsctl_config.c \
	%D%/ddnsctl_grant.c \
	%D%/ddnsctl_host.c \
	%D%/ddnsctl_import.c \
	%D%/ddnsctl_key.c \
	%D%/ddnsctl_log.c \
	%D%/ddnsctl_open.c \
	%D%/ddnsctl_record.c \
	%D%/ddnsctl_say.c \
	%D%/ddnsctl_status.c \
	%D%/ddnsctl_take.c \
	%D%/ddnsctl_token.c \
	%D%/ddnsctl_zone.c
ddnsctl_LDADD = libddns-update.la libddns-store.la libddns-conf.la \
	libddns-rdata.la libddns-dns.la libddns-base.la $(JANSSON_LIBS)

sbin_PROGRAMS += ddnsd
ddnsd_SOURCES = \
	%D%/ddnsd.c \
	%D%/janitor.c %D%/janitor.h \
	%D%/sd_notify.c %D%/sd_notify.h
ddnsd_LDADD = libddns-publish.la libddns-ingest.la libddns-update.la libddns-store.la \
	libddns-conf.la libddns-rdata.la libddns-dns.la libddns-base.la \
	$(EVENT_LIBS)
