/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_BASE_ERR_H
#define DDNS_BASE_ERR_H

/*
 * One list makes the codes and their texts.  Bad input and a bad world give
 * one of these; a bug of ours meets assert().
 */
#define DDNS_ERR_MAP(X)                                        \
	X(DDNS_OK,        "ok")                                \
	X(DDNS_ENOMEM,    "out of memory")                     \
	X(DDNS_EFORMAT,   "malformed input")                   \
	X(DDNS_ERANGE,    "value out of range")                \
	X(DDNS_ENOTFOUND, "not found")                         \
	X(DDNS_EEXIST,    "already there")                     \
	X(DDNS_EDENIED,   "not allowed")                       \
	X(DDNS_EBUSY,     "try again")                         \
	X(DDNS_ENOSPACE,  "no room left")                      \
	X(DDNS_EIO,       "read or write failed")              \
	X(DDNS_ECRYPTO,   "cryptographic operation failed")    \
	X(DDNS_EVERSION,  "made by another version")           \
	X(DDNS_EUNSUPPORTED, "not supported")                  \
	X(DDNS_ESTOP,     "stopped by the caller")

#define DDNS_ERR_ENUM(code, text) code,
enum ddns_err { DDNS_ERR_MAP(DDNS_ERR_ENUM) };

#define DDNS_MUST_CHECK __attribute__((warn_unused_result))
#define DDNS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define DDNS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A static text, never NULL, also for a number that is no code. */
const char *ddns_err_text(enum ddns_err err);

#endif
