/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The least that PowerDNS's pipe connector can be answered with: constants,
 * no store, no JSON.  What it reaches is the limit of the protocol, and what
 * the backend is measured against.
 *     stub_backend ZONE
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char apex[512], domains[256], apex_name[300];

static const char host[] = "{\"result\":[{\"qtype\":\"A\",\"qname\":"
    "\"host0000000.dyn.test\",\"content\":\"10.0.0.1\",\"ttl\":60,"
    "\"auth\":1,\"domain_id\":1}]}\n";
static const char metadata[] = "{\"result\":{}}\n";
static const char yes[] = "{\"result\":true}\n";

static const char *
answer_to(const char *line)
{
	if (strstr(line, "\"lookup\"") != NULL)
		return strstr(line, apex_name) != NULL ? apex : host;
	if (strstr(line, "\"getAllDomains\"") != NULL)
		return domains;
	if (strstr(line, "\"getAllDomainMetadata\"") != NULL)
		return metadata;
	return yes;
}

int
main(int argc, char **argv)
{
	const char *zone = argc > 1 ? argv[1] : "dyn.test", *answer;
	static char line[65536];
	ssize_t n;

	snprintf(apex_name, sizeof(apex_name), "\"qname\": \"%s.\"", zone);
	snprintf(apex, sizeof(apex), "{\"result\":[{\"qtype\":\"SOA\","
	    "\"qname\":\"%s\",\"content\":\"ns1.%s hostmaster.%s 1 3600 600 "
	    "86400 60\",\"ttl\":300,\"auth\":1,\"domain_id\":1}]}\n", zone,
	    zone, zone);
	snprintf(domains, sizeof(domains), "{\"result\":[{\"id\":1,\"zone\":"
	    "\"%s\",\"kind\":\"master\",\"serial\":1,\"notified_serial\":1,"
	    "\"last_check\":0,\"masters\":[]}]}\n", zone);
	/* one line a read: PowerDNS waits for the answer */
	while ((n = read(STDIN_FILENO, line, sizeof(line) - 1)) > 0) {
		line[n] = '\0';
		answer = answer_to(line);
		if (write(STDOUT_FILENO, answer, strlen(answer)) < 0)
			return 1;
	}
	return 0;
}
