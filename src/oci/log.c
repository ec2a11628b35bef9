/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What engines read of a runtime. containerd and conmon give a file by --log and take the last line
 * of level "error" out of it as what they tell their users; so each message is one line, whole, in
 * one write, and never anything else.
 */

#include "oci/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "inro/error.h"
#include "oci/json_out.h"

/* "2026-11-28T20:15:01Z" */
static void add_time(struct buf *buf)
{
	struct timespec now;
	struct tm parts;
	char text[40];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	buf_puts(buf, text);
}

void oci_log_line(enum oci_log_format format, const char *level, const char *message, struct buf *ret)
{
	if (format == OCI_LOG_JSON) {
		buf_printf(ret, "{\"level\":\"%s\",\"msg\":", level);
		json_out_string(ret, message);
		buf_puts(ret, ",\"time\":\"");
		add_time(ret);
		buf_puts(ret, "\"}\n");
		return;
	}
	buf_puts(ret, "time=\"");
	add_time(ret);
	buf_printf(ret, "\" level=%s msg=", level);
	json_out_string(ret, message);
	buf_puts(ret, "\n");
}

static void tell(struct oci_call *call, const char *level, const char *message)
{
	cleanup_buf struct buf line = { 0 };

	if (call->log_fd >= 0) {
		oci_log_line(call->log_format, level, message, &line);
		(void)fd_write_all(call->log_fd, line.data, line.used);
	}
}

/* Engines tell "command not found" (127) from other failures by just these words. */
static void engines_words(struct inro_error *error)
{
	if (error->kind != INRO_ERROR_NOT_FOUND || strchr(error->object, '/'))
		return;
	error->why[0] = '\0';
	error_why(error, "executable file not found in $PATH");
}

int oci_fail(struct oci_call *call, const struct inro_error *said, int status)
{
	struct inro_error error = *said;
	char text[1024];

	engines_words(&error);
	inro_error_format(&error, text, sizeof(text));
	tell(call, "error", text);
	fprintf(stderr, "inro-oci%s%s: %s\n", call->verb ? " " : "", call->verb ? call->verb : "",
		error_without(text, call->verb));
	return status;
}

static void tell_formatted(struct oci_call *call, const char *level, const char *format, va_list args)
	printf_like(3, 0);
static void tell_formatted(struct oci_call *call, const char *level, const char *format, va_list args)
{
	cleanup_buf struct buf text = { 0 };

	buf_vprintf(&text, format, args);
	tell(call, level, buf_text(&text));
	if (call->log_fd < 0)
		fprintf(stderr, "inro-oci: %s: %s\n", level, buf_text(&text));
}

void oci_warn(struct oci_call *call, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell_formatted(call, "warning", format, args);
	va_end(args);
}

void oci_debug(struct oci_call *call, const char *format, ...)
{
	va_list args;

	if (!call->debug)
		return;
	va_start(args, format);
	tell_formatted(call, "debug", format, args);
	va_end(args);
}
