bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = %D%/bash-completion/ddnsctl
exampledir = $(docdir)/examples
dist_example_DATA = %D%/ddnsd.conf %D%/pdns-ddns.conf \
	%D%/unbound-ddns.conf %D%/kea-dhcp-ddns.conf %D%/dhcpd-ddns.conf \
	%D%/dnsdist-ddns.conf
