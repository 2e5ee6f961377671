store_migrations = sql/sqlite/0001.sql

noinst_LTLIBRARIES += libddns-store.la
libddns_store_la_SOURCES = \
	%D%/engine.h \
	%D%/journal.h \
	%D%/sqlite_account.c \
	%D%/sqlite_checkpoint.c \
	%D%/sqlite_cred.c \
	%D%/sqlite_db.c %D%/sqlite_db.h \
	%D%/sqlite_grant.c \
	%D%/sqlite_host.c \
	%D%/sqlite_journal.c \
	%D%/sqlite_open.c \
	%D%/sqlite_replay.c \
	%D%/sqlite_rr.c \
	%D%/sqlite_subscriber.c \
	%D%/sqlite_tx.c \
	%D%/sqlite_version.c \
	%D%/sqlite_watch.c \
	%D%/sqlite_zone.c \
	%D%/store.h \
	%D%/writer.c %D%/writer.h
nodist_libddns_store_la_SOURCES = %D%/sqlite_migrations.c
libddns_store_la_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
libddns_store_la_LIBADD = libddns-rdata.la libddns-dns.la libddns-base.la $(SQLITE_LIBS) -lpthread

EXTRA_DIST += tools/embed-sql $(store_migrations)
CLEANFILES += %D%/sqlite_migrations.c

%D%/sqlite_migrations.c: tools/embed-sql $(store_migrations)
	$(AM_V_GEN)$(MKDIR_P) %D% && (cd $(srcdir) && \
		$(SHELL) tools/embed-sql db_migrations $(store_migrations)) >$@.tmp && \
		mv $@.tmp $@
