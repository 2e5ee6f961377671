/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a table of ours to libconfuse's and back.  libconfuse tokenises, keeps
 * the line numbers and refuses unknown words; what a value may be is checked
 * while it stands on its line, so that each message names that line.
 *
 * Its callbacks carry no pointer of ours, hence the one static.
 */
#include "common/conf/table.h"

#include "common/base/secret.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_OPTIONS 64

struct loading {
	const struct ddns_option *options;
	size_t options_count;
	const struct ddns_option_section *sections;
	size_t sections_count;
	void *into;
	struct ddns_buf *why;
	enum ddns_err err;
};
static struct loading *loading;

static void
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char what[512];

	if (loading == NULL || loading->why->len_bytes > 0)
		return; /* the first mistake is the one to mend */
	vsnprintf(what, sizeof(what), fmt, ap);
	if (cfg != NULL && cfg->filename != NULL)
		ddns_buf_putf(loading->why, "%s:%d: ", cfg->filename,
		    cfg->line);
	ddns_buf_put_text(loading->why, what);
}

static const struct ddns_option *
find_option(const struct ddns_option *options, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

static const struct ddns_option_section *
find_section(const char *name)
{
	for (size_t i = 0; i < loading->sections_count; i++)
		if (strcmp(loading->sections[i].name, name) == 0)
			return &loading->sections[i];
	return NULL;
}

static const struct {
	const char *text;
	enum ddns_log_level level;
} levels[] = {
	{ "error", DDNS_LOG_ERROR },
	{ "warning", DDNS_LOG_WARNING },
	{ "notice", DDNS_LOG_NOTICE },
	{ "info", DDNS_LOG_INFO },
	{ "debug", DDNS_LOG_DEBUG },
};

static bool
parse_level(const char *text, enum ddns_log_level *ret)
{
	for (size_t i = 0; i < DDNS_COUNT(levels); i++) {
		if (strcmp(levels[i].text, text) != 0)
			continue;
		*ret = levels[i].level;
		return true;
	}
	return false;
}

/* Says what is wrong with one value, or is silent and returns true. */
static bool
check_text(cfg_t *cfg, const struct ddns_option *option, const char *text)
{
	enum ddns_log_level level;
	struct ddns_listen listen;
	struct ddns_prefix prefix;
	struct ddns_name name;

	switch (option->kind) {
	case DDNS_OPTION_LEVEL:
		if (parse_level(text, &level))
			return true;
		cfg_error(cfg, "%s: \"%s\" is none of error, warning, notice, "
		    "info, debug", option->name, text);
		return false;
	case DDNS_OPTION_LISTENS:
		if (ddns_addr_parse_port(text, (uint16_t)option->min,
		    &listen.addr, &listen.addr_len) == DDNS_OK)
			return true;
		cfg_error(cfg, "%s: \"%s\" is no address, want "
		    "\"192.0.2.1:PORT\" or \"[2001:db8::1]:PORT\"",
		    option->name, text);
		return false;
	case DDNS_OPTION_PREFIXES:
		if (ddns_prefix_parse(text, &prefix) == DDNS_OK)
			return true;
		cfg_error(cfg, "%s: \"%s\" is no address range, want "
		    "\"192.0.2.0/24\" or \"2001:db8::/32\"", option->name,
		    text);
		return false;
	case DDNS_OPTION_NAMES:
		if (ddns_name_parse(text, &name) == DDNS_OK)
			return true;
		cfg_error(cfg, "%s: \"%s\" is no domain name", option->name,
		    text);
		return false;
	case DDNS_OPTION_UINT:
	case DDNS_OPTION_UINTS:
	case DDNS_OPTION_BOOL:
	case DDNS_OPTION_TEXT:
		return true;
	}
	return true;
}

static bool
check_number(cfg_t *cfg, const struct ddns_option *option, long v)
{
	if (v >= option->min && v <= option->max)
		return true;
	cfg_error(cfg, "%s: %ld is out of range, want %ld to %ld%s%s",
	    option->name, v, option->min, option->max,
	    option->unit[0] != '\0' ? " " : "", option->unit);
	return false;
}

static int
check_values(cfg_t *cfg, cfg_opt_t *opt, const struct ddns_option *option)
{
	unsigned n = cfg_opt_size(opt);

	if (option->kind == DDNS_OPTION_UINTS && n > option->most_values) {
		cfg_error(cfg, "%s: more than %zu values", option->name,
		    option->most_values);
		return -1;
	}
	for (unsigned i = 0; i < n; i++) {
		bool fine = true;

		if (option->kind == DDNS_OPTION_UINT ||
		    option->kind == DDNS_OPTION_UINTS)
			fine = check_number(cfg, option,
			    cfg_opt_getnint(opt, i));
		else if (option->kind != DDNS_OPTION_BOOL)
			fine = check_text(cfg, option,
			    cfg_opt_getnstr(opt, i));
		if (!fine)
			return -1;
	}
	return 0;
}

static int
on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct ddns_option *option = NULL;
	const struct ddns_option_section *section;

	section = cfg_title(cfg) != NULL ? find_section(cfg_name(cfg)) : NULL;
	if (section != NULL)
		option = find_option(section->options, section->options_count,
		    cfg_opt_name(opt));
	else
		option = find_option(loading->options, loading->options_count,
		    cfg_opt_name(opt));
	return option == NULL ? 0 : check_values(cfg, opt, option);
}

static enum ddns_err
fill_list(cfg_t *cfg, const struct ddns_option *option, char *into)
{
	unsigned n = cfg_size(cfg, option->name);
	size_t size = option->kind == DDNS_OPTION_LISTENS ?
	    sizeof(struct ddns_listen) :
	    option->kind == DDNS_OPTION_PREFIXES ? sizeof(struct ddns_prefix) :
	    sizeof(struct ddns_name);
	char *list = calloc(n == 0 ? 1 : n, size);
	enum ddns_err err = DDNS_OK;

	if (list == NULL)
		return DDNS_ENOMEM;
	for (unsigned i = 0; i < n && err == DDNS_OK; i++) {
		const char *text = cfg_getnstr(cfg, option->name, i);
		void *item = list + i * size;

		if (option->kind == DDNS_OPTION_LISTENS) {
			struct ddns_listen *listen = item;

			err = ddns_addr_parse_port(text, (uint16_t)option->min,
			    &listen->addr, &listen->addr_len);
		} else if (option->kind == DDNS_OPTION_PREFIXES) {
			err = ddns_prefix_parse(text, item);
		} else {
			err = ddns_name_parse(text, item);
			ddns_name_lower(item);
		}
	}
	memcpy(into + option->offset, &list, sizeof(list));
	*(size_t *)(void *)(into + option->count_offset) = n;
	return err;
}

static enum ddns_err
fill_text(const char *text, char **at)
{
	*at = ddns_strdup(text);
	return text != NULL && *at == NULL ? DDNS_ENOMEM : DDNS_OK;
}

static enum ddns_err
fill_option(cfg_t *cfg, const struct ddns_option *option, char *into)
{
	void *at = into + option->offset;

	switch (option->kind) {
	case DDNS_OPTION_UINT:
		*(unsigned *)at = (unsigned)cfg_getint(cfg, option->name);
		return DDNS_OK;
	case DDNS_OPTION_UINTS:
		for (unsigned i = 0; i < cfg_size(cfg, option->name); i++)
			((unsigned *)at)[i] =
			    (unsigned)cfg_getnint(cfg, option->name, i);
		return DDNS_OK;
	case DDNS_OPTION_BOOL:
		*(bool *)at = cfg_getbool(cfg, option->name) != cfg_false;
		return DDNS_OK;
	case DDNS_OPTION_TEXT:
		return fill_text(cfg_getstr(cfg, option->name), at);
	case DDNS_OPTION_LEVEL:
		return parse_level(cfg_getstr(cfg, option->name), at) ?
		    DDNS_OK : DDNS_EFORMAT;
	case DDNS_OPTION_LISTENS:
	case DDNS_OPTION_PREFIXES:
	case DDNS_OPTION_NAMES:
		return fill_list(cfg, option, into);
	}
	return DDNS_EFORMAT;
}

static enum ddns_err
fill(cfg_t *cfg, const struct ddns_option *options, size_t count, void *into)
{
	enum ddns_err err = DDNS_OK;

	for (size_t i = 0; i < count && err == DDNS_OK; i++)
		err = fill_option(cfg, &options[i], into);
	return err;
}

/* Runs at the closing brace of a section. */
static int
on_section(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct ddns_option_section *section =
	    find_section(cfg_opt_name(opt));
	cfg_t *sec = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	struct ddns_buf why = { 0 };
	void *filled;

	if (section == NULL || sec == NULL) /* libconfuse has just made it */
		return -1;
	filled = calloc(1, section->size_bytes);
	if (filled == NULL) {
		loading->err = DDNS_ENOMEM;
		return -1;
	}
	loading->err = fill(sec, section->options, section->options_count,
	    filled);
	if (loading->err != DDNS_OK) {
		ddns_option_done(section->options, section->options_count,
		    filled);
		free(filled);
		return -1;
	}
	loading->err = section->add(loading->into, cfg_title(sec), filled,
	    &why);
	if (loading->err != DDNS_OK)
		cfg_error(cfg, "%s \"%s\": %s", section->name, cfg_title(sec),
		    why.len_bytes > 0 ? ddns_buf_text(&why) :
		    ddns_err_text(loading->err));
	ddns_buf_done(&why);
	return loading->err == DDNS_OK ? 0 : -1;
}

static void
make_opt(const struct ddns_option *option, cfg_opt_t *ret)
{
	const char *def = option->def;

	switch (option->kind) {
	case DDNS_OPTION_UINT:
		*ret = (cfg_opt_t)CFG_INT(option->name, strtol(def, NULL, 10),
		    CFGF_NONE);
		break;
	case DDNS_OPTION_UINTS:
		*ret = (cfg_opt_t)CFG_INT_LIST(option->name, (char *)def,
		    CFGF_NONE);
		break;
	case DDNS_OPTION_BOOL:
		*ret = (cfg_opt_t)CFG_BOOL(option->name,
		    strcmp(def, "yes") == 0 ? cfg_true : cfg_false, CFGF_NONE);
		break;
	case DDNS_OPTION_TEXT:
	case DDNS_OPTION_LEVEL:
		*ret = (cfg_opt_t)CFG_STR(option->name, (char *)def, CFGF_NONE);
		break;
	case DDNS_OPTION_LISTENS:
	case DDNS_OPTION_PREFIXES:
	case DDNS_OPTION_NAMES:
		*ret = (cfg_opt_t)CFG_STR_LIST(option->name,
		    (char *)(def != NULL ? def : "{}"), CFGF_NONE);
		break;
	}
	ret->validcb = on_value;
}

static void
make_opts(const struct ddns_option *options, size_t count, cfg_opt_t *ret)
{
	size_t n = 0;

	for (; n < count; n++)
		make_opt(&options[n], &ret[n]);
	ret[n] = (cfg_opt_t)CFG_END();
}

/*
 * libconfuse's scanner ends the program when it cannot read what it has
 * opened, a folder for one.  The module's program is somebody's resolver.
 */
static bool
is_file(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	if (S_ISREG(st.st_mode))
		return true;
	errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	return false;
}

static int
on_include(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv)
{
	if (argc == 1 && !is_file(argv[0])) {
		cfg_error(cfg, "%s: %s", argv[0], strerror(errno));
		return -1;
	}
	return cfg_include(cfg, opt, argc, argv);
}

/* libconfuse copies the tables, so they may live on the stack of load. */
static cfg_t *
make_cfg(cfg_opt_t opts[MAX_OPTIONS], cfg_opt_t (*sub)[MAX_OPTIONS])
{
	size_t n = loading->options_count;

	make_opts(loading->options, n, opts);
	for (size_t i = 0; i < loading->sections_count; i++) {
		const struct ddns_option_section *s = &loading->sections[i];

		make_opts(s->options, s->options_count, sub[i]);
		opts[n] = (cfg_opt_t)CFG_SEC(s->name, sub[i],
		    CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
		opts[n++].validcb = on_section;
	}
	opts[n++] = (cfg_opt_t)CFG_FUNC("include", on_include);
	opts[n] = (cfg_opt_t)CFG_END();
	return cfg_init(opts, CFGF_NONE);
}

enum ddns_err
ddns_option_load(const char *path, const struct ddns_option *options,
    size_t options_count, const struct ddns_option_section *sections,
    size_t sections_count, void *into, struct ddns_buf *why)
{
	struct loading now = { options, options_count, sections,
		sections_count, into, why, DDNS_OK };
	cfg_opt_t opts[MAX_OPTIONS], sub[4][MAX_OPTIONS];
	cfg_t *cfg;
	int rc;

	ddns_buf_reset(why);
	loading = &now;
	cfg = make_cfg(opts, sub);
	if (cfg == NULL) {
		loading = NULL;
		return DDNS_ENOMEM;
	}
	cfg_set_error_function(cfg, on_error);
	rc = is_file(path) ? cfg_parse(cfg, path) : CFG_FILE_ERROR;
	if (rc == CFG_FILE_ERROR) {
		now.err = errno == ENOENT ? DDNS_ENOTFOUND : DDNS_EIO;
		ddns_buf_reset(why);
		ddns_buf_putf(why, "%s: %s", path, strerror(errno));
	} else if (rc != CFG_SUCCESS) {
		if (now.err == DDNS_OK)
			now.err = DDNS_EFORMAT;
		if (why->len_bytes == 0)
			ddns_buf_putf(why, "%s: %s", path,
			    ddns_err_text(now.err));
	} else {
		now.err = fill(cfg, options, options_count, into);
	}
	cfg_free(cfg);
	loading = NULL;
	return now.err;
}

void
ddns_option_done(const struct ddns_option *options, size_t count, void *filled)
{
	for (size_t i = 0; i < count; i++) {
		void *p;

		switch (options[i].kind) {
		case DDNS_OPTION_TEXT:
		case DDNS_OPTION_LISTENS:
		case DDNS_OPTION_PREFIXES:
		case DDNS_OPTION_NAMES:
			memcpy(&p, (char *)filled + options[i].offset,
			    sizeof(p));
			free(p);
			break;
		case DDNS_OPTION_UINT:
		case DDNS_OPTION_UINTS:
		case DDNS_OPTION_BOOL:
		case DDNS_OPTION_LEVEL:
			break;
		}
	}
}

enum ddns_err
ddns_option_read_secret(const char *path, struct ddns_conf_key *key,
    struct ddns_buf *why)
{
	char text[DDNS_TSIG_SECRET_MAX * 2];
	enum ddns_err err = DDNS_EFORMAT;
	struct stat st;
	ssize_t n = -1;
	size_t len;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0 ||
	    (n = read(fd, text, sizeof(text))) < 0)
		ddns_buf_putf(why, "key file %s: %s", path, strerror(errno));
	else if ((st.st_mode & S_IRWXO) != 0)
		ddns_buf_putf(why, "key file %s: others may use it, want "
		    "mode 0640 or 0600", path);
	else
		err = DDNS_OK;
	if (fd >= 0)
		close(fd);
	if (err != DDNS_OK)
		return err;
	for (len = 0; len < (size_t)n && text[len] != '\n' &&
	    text[len] != '\r'; len++)
		;
	err = ddns_base64_decode(text, len, key->secret, sizeof(key->secret),
	    &key->secret_len_bytes);
	ddns_wipe(text, sizeof(text));
	if (err != DDNS_OK || key->secret_len_bytes == 0) {
		ddns_buf_putf(why, "key file %s: no base64 secret on its "
		    "first line", path);
		return DDNS_EFORMAT;
	}
	return DDNS_OK;
}
