/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line to positions and options, and the small languages in it:
 * durations and times.  Pure, so that a unit test needs no store.
 *
 * getopt_long() is not used: it wants one table per program, permutes argv,
 * and its messages name neither the command nor what is allowed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/daemon/ddnsctl.h"

#define MAX_DURATION_S 3155760000u /* 100 years; fits 32 bits */

void
ctl_args_range(const char *args, unsigned *ret_least, unsigned *ret_most)
{
	unsigned least = 0, most = 0;

	for (const char *p = args; *p != '\0';) {
		size_t len = strcspn(p, " ");

		most++;
		if (*p != '[')
			least++;
		if (memmem(p, len, "...", 3) != NULL)
			most = CTL_MANY;
		p += len;
		p += strspn(p, " ");
	}
	*ret_least = least;
	*ret_most = most;
}

static const struct ctl_option *
find_option(const struct ctl_command *command, const char *name, size_t len)
{
	if (command->options == NULL)
		return NULL;
	for (const struct ctl_option *o = command->options; o->name != NULL;
	    o++) {
		if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
			return o;
	}
	return NULL;
}

static void
list_options(const struct ctl_command *command, struct ddns_buf *why)
{
	const char *between = "; allowed: ";

	if (command->options == NULL) {
		ddns_buf_put_text(why, "; there are none");
		return;
	}
	for (const struct ctl_option *o = command->options; o->name != NULL;
	    o++) {
		ddns_buf_putf(why, "%s%s", between, o->name);
		between = ", ";
	}
}

/* One option at words[*i]; *i moves on to its value if it has one. */
static enum ddns_err
parse_option(const struct ctl_command *command, const char *const *words,
    unsigned words_count, unsigned *i, struct ctl_args *ret,
    struct ddns_buf *why)
{
	const char *word = words[*i], *value = strchr(word, '=');
	size_t len = value != NULL ? (size_t)(value - word) : strlen(word);
	const struct ctl_option *option = find_option(command, word, len);

	if (option == NULL) {
		ddns_buf_putf(why, "unknown option %.*s", (int)len, word);
		list_options(command, why);
		return DDNS_EFORMAT;
	}
	if (option->value == NULL && value != NULL) {
		ddns_buf_putf(why, "%s takes no value", option->name);
		return DDNS_EFORMAT;
	}
	if (value != NULL) {
		value++;
	} else if (option->value != NULL) {
		if (*i + 1 >= words_count) {
			ddns_buf_putf(why, "%s wants a value: %s",
			    option->name, option->value);
			return DDNS_EFORMAT;
		}
		value = words[++*i];
	}
	ret->given[ret->given_count++] = (struct ctl_given){ option, value };
	return DDNS_OK;
}

enum ddns_err
ctl_args_parse(const struct ctl_command *command, const char *const *words,
    unsigned words_count, struct ctl_args *ret, struct ddns_buf *why)
{
	struct ctl_args args = { 0 };
	enum ddns_err err = DDNS_ENOMEM;
	unsigned least, most;
	bool options = true;

	args.pos = calloc(words_count + 1, sizeof(*args.pos));
	args.given = calloc(words_count + 1, sizeof(*args.given));
	if (args.pos == NULL || args.given == NULL)
		goto out;
	for (unsigned i = 0; i < words_count; i++) {
		const char *word = words[i];

		if (options && strcmp(word, "--") == 0) {
			options = false;
			continue;
		}
		if (!options || word[0] != '-' || word[1] == '\0') {
			args.pos[args.pos_count++] = word;
			continue;
		}
		err = parse_option(command, words, words_count, &i, &args,
		    why);
		if (err != DDNS_OK)
			goto out;
	}
	ctl_args_range(command->args, &least, &most);
	err = DDNS_EFORMAT;
	if (args.pos_count < least) {
		ddns_buf_putf(why, "too few arguments; wanted: %s",
		    command->args);
		goto out;
	}
	if (args.pos_count > most) {
		ddns_buf_putf(why, "too many arguments, from \"%s\" on; "
		    "wanted: %s", args.pos[most],
		    most == 0 ? "none" : command->args);
		goto out;
	}
	err = DDNS_OK;
	*ret = args;
	args = (struct ctl_args){ 0 };
out:
	ctl_args_done(&args);
	return err;
}

void
ctl_args_done(struct ctl_args *args)
{
	free(args->pos);
	free(args->given);
	*args = (struct ctl_args){ 0 };
}

enum ddns_err
ctl_parse_u32(const char *text, uint32_t least, uint32_t most, uint32_t *ret)
{
	unsigned long long v;
	char *end;

	if (*text < '0' || *text > '9')
		return DDNS_EFORMAT;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (*end != '\0')
		return DDNS_EFORMAT;
	if (errno != 0 || v < least || v > most)
		return DDNS_ERANGE;
	*ret = (uint32_t)v;
	return DDNS_OK;
}

static uint64_t
unit_seconds(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 604800;
	default:
		return 0;
	}
}

enum ddns_err
ctl_parse_duration(const char *text, uint32_t *ret_s)
{
	uint64_t sum = 0, last_unit = UINT64_MAX;

	if (*text == '\0')
		return DDNS_EFORMAT;
	while (*text != '\0') {
		uint64_t v = 0, unit = 1;
		size_t digits = strspn(text, "0123456789");

		if (digits == 0)
			return DDNS_EFORMAT;
		if (digits > 10)
			return DDNS_ERANGE;
		for (size_t i = 0; i < digits; i++)
			v = v * 10 + (uint64_t)(text[i] - '0');
		text += digits;
		if (*text != '\0')
			unit = unit_seconds(*text++);
		else if (last_unit != UINT64_MAX)
			return DDNS_EFORMAT; /* "1h30": of what? */
		if (unit == 0 || unit >= last_unit)
			return DDNS_EFORMAT;
		last_unit = unit;
		sum += v * unit;
		if (sum > MAX_DURATION_S)
			return DDNS_ERANGE;
	}
	*ret_s = (uint32_t)sum;
	return DDNS_OK;
}

/* Exactly `digits` digits at *p, within a range; *p moves on. */
static bool
read_digits(const char **p, unsigned digits, int least, int most, int *ret)
{
	int v = 0;

	for (unsigned i = 0; i < digits; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		v = v * 10 + (**p - '0');
	}
	*ret = v;
	return v >= least && v <= most;
}

static bool
read_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

static bool
read_clock(const char **p, struct tm *tm, int *ms)
{
	if (!read_digits(p, 2, 0, 23, &tm->tm_hour) || !read_char(p, ':') ||
	    !read_digits(p, 2, 0, 59, &tm->tm_min))
		return false;
	if (!read_char(p, ':'))
		return true;
	if (!read_digits(p, 2, 0, 60, &tm->tm_sec))
		return false;
	return !read_char(p, '.') || read_digits(p, 3, 0, 999, ms);
}

static enum ddns_err
parse_date(const char *text, struct ddns_unix_ms *ret)
{
	struct tm tm = { 0 };
	const char *p = text;
	int year, month, ms = 0;

	if (!read_digits(&p, 4, 1970, 9999, &year) || !read_char(&p, '-') ||
	    !read_digits(&p, 2, 1, 12, &month) || !read_char(&p, '-') ||
	    !read_digits(&p, 2, 1, days_in_month(year, month), &tm.tm_mday))
		return DDNS_EFORMAT;
	if (*p != '\0') {
		if (!read_char(&p, 'T') && !read_char(&p, ' '))
			return DDNS_EFORMAT;
		if (!read_clock(&p, &tm, &ms))
			return DDNS_EFORMAT;
		if (!read_char(&p, 'Z') && *p != '\0')
			return DDNS_EFORMAT;
	}
	if (*p != '\0')
		return DDNS_EFORMAT;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	ret->v = (int64_t)timegm(&tm) * 1000 + ms;
	return DDNS_OK;
}

enum ddns_err
ctl_parse_time(const char *text, struct ddns_unix_ms now,
    struct ddns_unix_ms *ret)
{
	uint32_t seconds;
	enum ddns_err err;

	if (*text == '@') {
		err = ctl_parse_u32(text + 1, 1, UINT32_MAX, &seconds);
		if (err == DDNS_OK)
			ret->v = (int64_t)seconds * 1000;
		return err;
	}
	err = ctl_parse_duration(text, &seconds);
	if (err == DDNS_OK) {
		ret->v = now.v - (int64_t)seconds * 1000;
		if (ret->v < 1)
			ret->v = 1; /* 0 is "not given" */
		return DDNS_OK;
	}
	return parse_date(text, ret);
}
