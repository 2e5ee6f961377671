/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ddnsctl, the administrator's command line: finds the command, reads its
 * words, runs it, cleans up.  `help` and `complete` live here, since they are
 * about the table of commands itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

#include "common/daemon/ddnsctl.h"

#define COMMAND_WORDS_MAX 2

static bool run_help(struct ctl *ctl);
static bool run_complete(struct ctl *ctl);

static const struct ctl_command own_commands[] = {
	{ "help", "[COMMAND] [SUBCOMMAND]", "tell about the commands", NULL,
	    run_help },
	{ NULL, NULL, NULL, NULL, NULL },
};
/* For the shell's completion: not listed. */
static const struct ctl_command complete_command = {
	"complete", "[WORD]...", "words that can come next", NULL,
	run_complete
};

/* In the order in which an administrator meets them. */
static const struct ctl_command *const families[] = {
	ctl_config_commands,
	ctl_zone_commands,
	ctl_import_commands,
	ctl_record_commands,
	ctl_account_commands,
	ctl_host_commands,
	ctl_token_commands,
	ctl_key_commands,
	ctl_grant_commands,
	ctl_log_commands,
	ctl_check_commands,
	ctl_status_commands,
	ctl_backup_commands,
	own_commands,
};

typedef bool command_fn(const struct ctl_command *command, void *arg);

/* Calls each until one says false. */
static void
each_command(command_fn *each, void *arg)
{
	for (size_t f = 0; f < DDNS_COUNT(families); f++) {
		for (const struct ctl_command *c = families[f];
		    c->name != NULL; c++) {
			if (!each(c, arg))
				return;
		}
	}
}

struct search {
	const char *const *words;
	unsigned words_count;
	const struct ctl_command *found;
	unsigned found_words;
};

/* How many words the command's name has, if `words` begin with them; or 0. */
static unsigned
match_words(const char *name, const char *const *words, unsigned count)
{
	unsigned matched = 0;

	while (*name != '\0') {
		size_t len = strcspn(name, " ");

		if (matched == count || strlen(words[matched]) != len ||
		    memcmp(words[matched], name, len) != 0)
			return 0;
		matched++;
		name += len;
		name += strspn(name, " ");
	}
	return matched;
}

static bool
search_one(const struct ctl_command *command, void *arg)
{
	struct search *search = arg;
	unsigned n = match_words(command->name, search->words,
	    search->words_count);

	if (n == 0)
		return true;
	search->found = command;
	search->found_words = n;
	return false;
}

static const struct ctl_command *
find_command(const char *const *words, unsigned count, unsigned *ret_words)
{
	struct search search = { words, count, NULL, 0 };

	if (count > 0 && strcmp(words[0], complete_command.name) == 0) {
		*ret_words = 1;
		return &complete_command;
	}
	each_command(search_one, &search);
	*ret_words = search.found_words;
	return search.found;
}

/* ---- help ---- */

static json_t *
command_json(const struct ctl_command *command)
{
	json_t *options = json_array();

	for (const struct ctl_option *o = command->options;
	    o != NULL && o->name != NULL; o++) {
		json_t *value = o->value != NULL ? json_string(o->value) :
		    json_null();

		json_array_append_new(options, json_pack("{s:s, s:o, s:s}",
		    "name", o->name, "value", value, "about", o->about));
	}
	return json_pack("{s:s, s:s, s:s, s:o}", "command", command->name,
	    "arguments", command->args, "about", command->about, "options",
	    options);
}

static void
help_command(const struct ctl_command *command)
{
	printf("ddnsctl %s%s%s%s\n    %s\n", command->name,
	    *command->args != '\0' ? " " : "", command->args,
	    command->options != NULL ? " [OPTION]..." : "", command->about);
	for (const struct ctl_option *o = command->options;
	    o != NULL && o->name != NULL; o++) {
		int width = printf("    %s%s%s", o->name,
		    o->value != NULL ? " " : "",
		    o->value != NULL ? o->value : "");

		printf("%*s%s\n", width < 32 ? 32 - width : 2, "", o->about);
	}
}

static bool
help_line(const struct ctl_command *command, void *arg)
{
	(void)arg;
	int width = printf("  %s%s%s", command->name,
	    *command->args != '\0' ? " " : "", command->args);

	printf("%*s%s\n", width < 40 ? 40 - width : 2, "", command->about);
	return true;
}

struct family_help {
	const char *word;
	unsigned found;
};

static bool
help_family(const struct ctl_command *command, void *arg)
{
	struct family_help *help = arg;
	size_t len = strlen(help->word);

	if (strncmp(command->name, help->word, len) != 0 ||
	    (command->name[len] != ' ' && command->name[len] != '\0'))
		return true;
	if (help->found++ > 0)
		putchar('\n');
	help_command(command);
	return true;
}

static bool
add_json(const struct ctl_command *command, void *arg)
{
	json_array_append_new(arg, command_json(command));
	return true;
}

static void
help_all(void)
{
	fputs("usage: ddnsctl [-c CONF] [--json] COMMAND [ARGUMENT]... "
	    "[OPTION]...\n\n", stdout);
	each_command(help_line, NULL);
	fputs("\nddnsctl help COMMAND tells its options; the manual is "
	    "ddnsctl(8).\n", stdout);
}

static bool
run_help(struct ctl *ctl)
{
	struct family_help help = { ctl_pos(ctl, 0), 0 };
	const struct ctl_command *one;
	unsigned words;

	if (ctl->json) {
		json_t *all = json_array();

		each_command(add_json, all);
		return ctl_show(ctl, all);
	}
	if (help.word == NULL) {
		help_all();
		return true;
	}
	one = find_command(ctl->args.pos, ctl->args.pos_count, &words);
	if (one != NULL && words == ctl->args.pos_count) {
		help_command(one);
		return true;
	}
	if (ctl_pos(ctl, 1) == NULL)
		each_command(help_family, &help);
	if (help.found == 0)
		return ctl_usage(ctl, "there is no command \"%s%s%s\"",
		    help.word, ctl_pos(ctl, 1) != NULL ? " " : "",
		    ctl_pos(ctl, 1) != NULL ? ctl_pos(ctl, 1) : "");
	return true;
}

/* ---- completion ---- */

struct completing {
	const char *const *words; /* those that are finished */
	unsigned count;
	char last[64];
};

/* The next word of every command whose first words are there already. */
static bool
complete_name(const struct ctl_command *command, void *arg)
{
	struct completing *c = arg;
	const char *rest = command->name;
	size_t len;

	for (unsigned i = 0; i < c->count; i++) {
		len = strcspn(rest, " ");
		if (strlen(c->words[i]) != len ||
		    memcmp(c->words[i], rest, len) != 0)
			return true;
		rest += len;
		rest += strspn(rest, " ");
		if (*rest == '\0')
			return true;
	}
	len = strcspn(rest, " ");
	if (strlen(c->last) == len && memcmp(c->last, rest, len) == 0)
		return true; /* said already */
	snprintf(c->last, sizeof(c->last), "%.*s", (int)len, rest);
	puts(c->last);
	return true;
}

static enum ddns_err
say_name(const struct ddns_name *name)
{
	char text[DDNS_NAME_TEXT_MAX];

	ddns_name_format(name, text);
	puts(text);
	return DDNS_OK;
}

static enum ddns_err
say_zone(const struct ddns_zone *zone, void *arg)
{
	(void)arg;
	return say_name(&zone->name);
}

static enum ddns_err
say_host(const struct ddns_host *host, void *arg)
{
	(void)arg;
	return say_name(&host->name);
}

static enum ddns_err
say_account(const struct ddns_account *account, void *arg)
{
	(void)arg;
	puts(account->name);
	return DDNS_OK;
}

static enum ddns_err
say_cred(const struct ddns_cred *cred, void *arg)
{
	(void)arg;
	puts(cred->name);
	return DDNS_OK;
}

/* Names from the store for an argument of that kind.  Silent on failure. */
static void
complete_value(struct ctl *ctl, const char *kind, size_t len)
{
	struct ddns_buf why = { 0 };
	enum ddns_err err = DDNS_OK;

	if (ddns_conf_load(ctl->conf_path, &ctl->conf, &why) != DDNS_OK ||
	    ddns_store_open(ctl->conf->store, DDNS_STORE_READ, &ctl->store) !=
	    DDNS_OK) {
		ddns_buf_done(&why);
		return;
	}
	ddns_buf_done(&why);
#define IS(word) (len == strlen(word) && memcmp(kind, word, len) == 0)
	if (IS("ZONE"))
		err = ddns_store_zone_list(ctl->store, say_zone, NULL);
	else if (IS("HOST"))
		err = ddns_store_host_list(ctl->store, 0, 0, say_host, NULL);
	else if (IS("ACCOUNT"))
		err = ddns_store_account_list(ctl->store, say_account, NULL);
	else if (IS("TOKEN"))
		err = ddns_store_cred_list(ctl->store, 0, DDNS_CRED_TOKEN,
		    say_cred, NULL);
	else if (IS("KEY"))
		err = ddns_store_cred_list(ctl->store, 0, DDNS_CRED_TSIG,
		    say_cred, NULL);
	else if (IS("CREDENTIAL"))
		err = ddns_store_cred_list(ctl->store, 0, 0, say_cred, NULL);
	else if (IS("FILE"))
		puts("@files");
#undef IS
	(void)err; /* what was said is what there is */
}

/* The name of the n-th argument in "ZONE FILE" or "[HOST]...". */
static const char *
argument_kind(const char *args, unsigned n, size_t *ret_len)
{
	for (;;) {
		size_t len = strcspn(args, " ");
		const char *next = args + len + strspn(args + len, " ");

		if (len == 0)
			return NULL;
		if (n-- == 0 || (*next == '\0' &&
		    memmem(args, len, "...", 3) != NULL)) {
			args += strspn(args, "[");
			*ret_len = strspn(args, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
			return args;
		}
		args = next;
	}
}

static const struct ctl_option *
option_wanting_value(const struct ctl_command *command, const char *word)
{
	for (const struct ctl_option *o = command->options;
	    o != NULL && o->name != NULL; o++) {
		if (o->value != NULL && strcmp(o->name, word) == 0)
			return o;
	}
	return NULL;
}

static void
complete_arguments(struct ctl *ctl, const struct ctl_command *command,
    const char *const *words, unsigned count)
{
	const struct ctl_option *open = NULL;
	const char *kind;
	size_t len;
	unsigned n = 0;

	for (unsigned i = 0; i < count; i++) {
		if (open != NULL)
			open = NULL; /* this was its value */
		else if (words[i][0] == '-')
			open = option_wanting_value(command, words[i]);
		else
			n++;
	}
	if (open != NULL) {
		complete_value(ctl, open->value, strlen(open->value));
		return;
	}
	for (const struct ctl_option *o = command->options;
	    o != NULL && o->name != NULL; o++)
		puts(o->name);
	kind = argument_kind(command->args, n, &len);
	if (kind != NULL)
		complete_value(ctl, kind, len);
}

/*
 * complete -- WORD...: the finished words of the line; prints what can come
 * next, one a line, "@files" for a file.  The shell picks by prefix.
 */
static bool
run_complete(struct ctl *ctl)
{
	struct completing c = { ctl->args.pos, ctl->args.pos_count, "" };
	const struct ctl_command *command;
	unsigned words;

	command = find_command(c.words, c.count, &words);
	if (command == own_commands) { /* help COMMAND */
		c.words++;
		c.count--;
		command = NULL;
	}
	if (command == NULL)
		each_command(complete_name, &c);
	else
		complete_arguments(ctl, command, c.words + words,
		    c.count - words);
	return true;
}

/* ---- main ---- */

/*
 * The options of ddnsctl itself.  -c and the like stand before the command,
 * --json anywhere before "--".
 */
static bool
take_globals(struct ctl *ctl, int argc, char **argv, const char **words,
    unsigned *ret_count)
{
	bool ended = false;

	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (!ended && strcmp(word, "--") == 0)
			ended = true;
		if (!ended && strcmp(word, "--json") == 0) {
			ctl->json = true;
		} else if (*ret_count > 0 || word[0] != '-') {
			words[(*ret_count)++] = word;
		} else if (strcmp(word, "-h") == 0 ||
		    strcmp(word, "--help") == 0) {
			words[(*ret_count)++] = "help";
		} else if (strcmp(word, "-V") == 0 ||
		    strcmp(word, "--version") == 0) {
			words[(*ret_count)++] = "--version";
		} else if (strcmp(word, "-c") == 0 && i + 1 < argc) {
			ctl->conf_path = argv[++i];
		} else {
			return ctl_usage(ctl, "%s: wanted: -c CONF, --json, "
			    "-h, -V, or a command", word);
		}
	}
	return true;
}

static bool
run(struct ctl *ctl, const char *const *words, unsigned count)
{
	struct ddns_buf why = { 0 };
	unsigned used;
	enum ddns_err err;

	if (count == 0) {
		help_all();
		ctl->exit = CTL_EXIT_USAGE;
		return false;
	}
	if (strcmp(words[0], "--version") == 0) {
		puts("ddnsctl " PACKAGE_VERSION);
		return true;
	}
	ctl->command = find_command(words, count, &used);
	if (ctl->command == NULL)
		return ctl_usage(ctl, "there is no command \"%s%s%s\"",
		    words[0], count > 1 ? " " : "", count > 1 ? words[1] : "");
	for (unsigned i = used; i < count && strcmp(words[i], "--") != 0 &&
	    ctl->command != &complete_command; i++) {
		if (strcmp(words[i], "--help") != 0)
			continue;
		help_command(ctl->command);
		return true;
	}
	err = ctl_args_parse(ctl->command, words + used, count - used,
	    &ctl->args, &why);
	if (err != DDNS_OK)
		ctl_usage(ctl, "%s", why.len_bytes > 0 ? ddns_buf_text(&why) :
		    ddns_err_text(err));
	ddns_buf_done(&why);
	return err == DDNS_OK && ctl->command->run(ctl);
}

static void
ctl_free(struct ctl *ctl)
{
	if (ctl->store != NULL)
		ddns_store_rollback(ctl->store);
	ddns_store_free(ctl->store);
	ddns_conf_free(ctl->conf);
	ddns_secret_key_wipe(&ctl->key);
	ctl_args_done(&ctl->args);
	free(ctl->user);
}

int
main(int argc, char **argv)
{
	struct ctl ctl = { .conf_path = DDNS_CONF_DEFAULT_PATH };
	const char **words = calloc((size_t)argc + 1, sizeof(*words));
	unsigned count = 0;
	bool ok = false;

	ctl.exit = CTL_EXIT_FAILED;
	ddns_log_set_level(DDNS_LOG_WARNING);
	if (words != NULL && take_globals(&ctl, argc, argv, words, &count))
		ok = run(&ctl, words, count);
	if (ok)
		ctl.exit = CTL_EXIT_OK;
	if (fflush(stdout) != 0 && ok) {
		fputs("ddnsctl: cannot write the output\n", stderr);
		ctl.exit = CTL_EXIT_FAILED;
	}
	ctl_free(&ctl);
	free(words);
	return (int)ctl.exit;
}
