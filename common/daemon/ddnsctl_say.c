/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ddnsctl says: errors on standard error, rows as an aligned table or as
 * JSON.  Both views are made of the same JSON objects, so that neither shows
 * what the other lacks.
 *
 * Text from outside (a user agent, a note) may hold anything: bytes that are
 * no UTF-8 become '?', and the table shows control characters as '?', so that
 * a log line cannot drive the terminal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/daemon/ddnsctl.h"
#include "common/dns/rdata.h"

#define CELL_MAX 100  /* characters that a column grows to */
#define ROWS_MAX 2000 /* that wait for the width of their columns */

static void print_table(struct ctl_table *table);

static void
vsay(const struct ctl *ctl, const char *fmt, va_list ap)
{
	fflush(stdout);
	fputs("ddnsctl: ", stderr);
	if (ctl != NULL && ctl->command != NULL)
		fprintf(stderr, "%s: ", ctl->command->name);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

bool
ctl_fail(struct ctl *ctl, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(ctl, fmt, ap);
	va_end(ap);
	ctl->exit = CTL_EXIT_FAILED;
	return false;
}

bool
ctl_usage(struct ctl *ctl, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(ctl, fmt, ap);
	va_end(ap);
	if (ctl->command != NULL)
		fprintf(stderr, "try: ddnsctl help %s\n", ctl->command->name);
	else
		fputs("try: ddnsctl help\n", stderr);
	ctl->exit = CTL_EXIT_USAGE;
	return false;
}

bool
ctl_ok(struct ctl *ctl, enum ddns_err err, const char *what)
{
	const char *words;

	if (err == DDNS_OK)
		return true;
	if (err == DDNS_EBUSY)
		return ctl_fail(ctl, "%s: another program kept writing to the "
		    "store for 5 s; try again", what);
	words = ctl->store != NULL ? ddns_store_get_error(ctl->store) : "";
	if (*words == '\0')
		return ctl_fail(ctl, "%s: %s", what, ddns_err_text(err));
	return ctl_fail(ctl, "%s: %s (%s)", what, ddns_err_text(err), words);
}

void
ctl_warn(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("ddnsctl: warning: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* ---- values ---- */

json_t *
ctl_json_text(const char *text)
{
	json_t *json = json_string(text);
	char *copy;

	if (json != NULL)
		return json;
	copy = ddns_strdup(text);
	if (copy == NULL)
		return NULL;
	for (char *p = copy; *p != '\0'; p++) {
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	}
	json = json_string(copy);
	free(copy);
	return json;
}

json_t *
ctl_json_name(const struct ddns_name *name)
{
	char text[DDNS_NAME_TEXT_MAX];

	if (name->len_bytes == 0)
		return json_string("");
	ddns_name_format(name, text);
	return ctl_json_text(text);
}

json_t *
ctl_json_time_ms(struct ddns_unix_ms t)
{
	char text[DDNS_CLOCK_TEXT_MAX];

	if (t.v == 0)
		return json_null();
	ddns_unix_ms_format(t, text);
	return json_string(text);
}

json_t *
ctl_json_time_s(struct ddns_unix_s t)
{
	char text[DDNS_CLOCK_TEXT_MAX];

	if (t.v == 0)
		return json_null();
	ddns_unix_ms_format((struct ddns_unix_ms){ t.v * 1000 }, text);
	/* seconds are all there is: no ".000" */
	strcpy(text + strlen("2026-11-21T05:53:00"), "Z");
	return json_string(text);
}

json_t *
ctl_json_set(uint16_t type, const struct ddns_rrset *set)
{
	json_t *array = json_array();
	struct ddns_buf text = { 0 };
	struct ddns_span rdata;

	for (size_t pos = 0; ddns_rrset_next(set, &pos, &rdata);) {
		ddns_buf_reset(&text);
		if (ddns_rdata_format(type, rdata, &text) != DDNS_OK) {
			ddns_buf_reset(&text);
			ddns_buf_putf(&text, "\\# %zu ", rdata.len_bytes);
			ddns_hex_encode(&text, rdata);
		}
		json_array_append_new(array,
		    ctl_json_text(ddns_buf_text(&text)));
	}
	ddns_buf_done(&text);
	return array;
}

/* ---- cells ---- */

/* Characters on a terminal, near enough: bytes that start one in UTF-8. */
static unsigned
width_of(const char *text)
{
	unsigned width = 0;

	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xC0) != 0x80;
	return width;
}

/* C0, DEL, and C1 (U+0080 to U+009F, two bytes) become '?'. */
static void
put_plain(struct ddns_buf *out, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0';
	    p++) {
		if (*p < 0x20 || *p == 0x7F) {
			ddns_buf_put_u8(out, '?');
		} else if (*p == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0) {
			ddns_buf_put_u8(out, '?');
			p++;
		} else {
			ddns_buf_put_u8(out, *p);
		}
	}
}

static void
put_cell(struct ddns_buf *out, const json_t *value)
{
	const char *between = "";
	const json_t *one;
	size_t i;

	switch (value == NULL ? JSON_NULL : json_typeof(value)) {
	case JSON_STRING:
		put_plain(out, json_string_value(value));
		break;
	case JSON_INTEGER:
		ddns_buf_putf(out, "%lld",
		    (long long)json_integer_value(value));
		break;
	case JSON_REAL:
		ddns_buf_putf(out, "%.2f", json_real_value(value));
		break;
	case JSON_TRUE:
		ddns_buf_put_text(out, "yes");
		break;
	case JSON_FALSE:
		ddns_buf_put_text(out, "no");
		break;
	case JSON_ARRAY:
		json_array_foreach(value, i, one) {
			ddns_buf_put_text(out, between);
			put_cell(out, one);
			between = ", ";
		}
		break;
	case JSON_NULL:
	case JSON_OBJECT:
		break;
	}
}

static char *
cell_text(const json_t *value)
{
	struct ddns_buf out = { 0 };
	char *text;

	put_cell(&out, value);
	text = ddns_strdup(out.len_bytes == 0 ? "-" : ddns_buf_text(&out));
	ddns_buf_done(&out);
	return text;
}

/* ---- tables ---- */

void
ctl_table_start(struct ctl *ctl, struct ctl_table *ret,
    const struct ctl_column *columns, unsigned columns_count)
{
	*ret = (struct ctl_table){
		.ctl = ctl,
		.columns = columns,
		.columns_count = columns_count,
	};
}

static void
dump_row(struct ctl_table *table, const json_t *row)
{
	if (!table->lines)
		fputs(table->begun ? ",\n " : "[", stdout);
	table->begun = true;
	json_dumpf(row, stdout, JSON_ENSURE_ASCII);
	if (table->lines)
		fputc('\n', stdout);
}

enum ddns_err
ctl_table_add(struct ctl_table *table, json_t *take_row)
{
	if (take_row == NULL)
		return DDNS_ENOMEM;
	if (table->ctl->json) {
		dump_row(table, take_row);
		json_decref(take_row);
		return DDNS_OK;
	}
	if (table->rows == NULL)
		table->rows = json_array();
	if (json_array_append_new(table->rows, take_row) != 0)
		return DDNS_ENOMEM;
	if (json_array_size(table->rows) >= ROWS_MAX)
		print_table(table);
	return DDNS_OK;
}

static void
print_cell(const char *text, unsigned width, bool last)
{
	unsigned have = width_of(text);

	fputs(text, stdout);
	if (!last)
		printf("%*s", (int)((have < width ? width - have : 0) + 2), "");
}

static void
print_row(const struct ctl_table *table, char *const *cells)
{
	for (unsigned c = 0; c < table->columns_count; c++)
		print_cell(cells[c] != NULL ? cells[c] : "-", table->widths[c],
		    c + 1 == table->columns_count);
	fputc('\n', stdout);
}

static void
print_heads(const struct ctl_table *table)
{
	for (unsigned c = 0; c < table->columns_count; c++)
		print_cell(table->columns[c].head, table->widths[c],
		    c + 1 == table->columns_count);
	fputc('\n', stdout);
}

static void
widen(struct ctl_table *table, unsigned column, const char *text)
{
	unsigned width = width_of(text);

	if (width > CELL_MAX)
		width = CELL_MAX;
	if (width > table->widths[column])
		table->widths[column] = width;
}

/* Prints the rows that wait; columns never get narrower again. */
static void
print_table(struct ctl_table *table)
{
	size_t count = json_array_size(table->rows);
	unsigned columns = table->columns_count;
	char **cells = calloc(count * columns + 1, sizeof(*cells));

	if (cells == NULL)
		goto out;
	for (unsigned c = 0; c < columns && !table->begun; c++)
		widen(table, c, table->columns[c].head);
	for (size_t i = 0; i < count * columns; i++) {
		unsigned c = (unsigned)(i % columns);

		cells[i] = cell_text(json_object_get(
		    json_array_get(table->rows, i / columns),
		    table->columns[c].key));
		widen(table, c, cells[i] != NULL ? cells[i] : "-");
	}
	if (!table->begun)
		print_heads(table);
	table->begun = true;
	for (size_t i = 0; i < count; i++)
		print_row(table, cells + i * columns);
	for (size_t i = 0; i < count * columns; i++)
		free(cells[i]);
out:
	free(cells);
	json_decref(table->rows);
	table->rows = NULL;
}

void
ctl_table_flush(struct ctl_table *table)
{
	if (json_array_size(table->rows) > 0)
		print_table(table);
	fflush(stdout);
}

bool
ctl_table_end(struct ctl_table *table)
{
	if (!table->ctl->json && !table->begun)
		print_table(table); /* the heads alone say "none" */
	ctl_table_flush(table);
	if (table->ctl->json && !table->lines)
		fputs(table->begun ? "]\n" : "[]\n", stdout);
	return true;
}

/* ---- one object ---- */

static void
print_lines(const json_t *object)
{
	const char *key;
	const json_t *value;
	unsigned width = 0;
	void *at;

	/* jansson's macro wants it without const */
	json_object_foreach((json_t *)(uintptr_t)object, key, at)
	{
		if (width_of(key) > width)
			width = width_of(key);
	}
	json_object_foreach((json_t *)(uintptr_t)object, key, at)
	{
		char *text;

		value = at;
		text = cell_text(value);
		for (const char *p = key; *p != '\0'; p++)
			putchar(*p == '_' ? ' ' : *p);
		printf(":%*s %s\n", (int)(width - width_of(key)), "",
		    text != NULL ? text : "-");
		free(text);
	}
}

bool
ctl_show(struct ctl *ctl, json_t *take_object)
{
	if (take_object == NULL)
		return ctl_ok(ctl, DDNS_ENOMEM, "output");
	if (ctl->json) {
		json_dumpf(take_object, stdout,
		    JSON_ENSURE_ASCII | JSON_INDENT(2));
		fputc('\n', stdout);
	} else {
		print_lines(take_object);
	}
	json_decref(take_object);
	return true;
}

bool
ctl_done(struct ctl *ctl, json_t *take_object, const char *fmt, ...)
{
	va_list ap;

	if (ctl->json)
		return ctl_show(ctl, take_object);
	json_decref(take_object);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	fputc('\n', stdout);
	return true;
}
