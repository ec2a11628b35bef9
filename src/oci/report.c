/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/report.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "oci/json_out.h"
#include "oci/users.h"

void oci_report_time(uint64_t time_ns, char text[static 48])
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm parts;
	size_t n;

	gmtime_r(&seconds, &parts);
	n = strftime(text, 48, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text + n, 48 - n, ".%09uZ", (unsigned)(time_ns % 1000000000));
}

int oci_report(int state_fd, const char *id, struct arena *arena, struct buf *ret, struct inro_error *error)
{
	struct oci_state state = { .id = id, .version = "1.0.2" };
	enum oci_status status = OCI_CREATING;
	struct stat stat;
	char created[48];
	int r = oci_state_read(state_fd, arena, &state, error);

	if (r == -ENOENT && fstat(state_fd, &stat) == 0 && stat.st_nlink > 0)
		*error = (struct inro_error){ 0 };
	else if (r < 0)
		return r;
	else
		status = oci_state_status(state_fd, &state);
	oci_report_time(state.created_ns, created);
	buf_puts(ret, "{");
	json_out_text(ret, "ociVersion", state.version);
	json_out_text(ret, "id", id);
	json_out_number(ret, "pid", status == OCI_STOPPED ? 0 : state.pid);
	json_out_text(ret, "status", oci_status_name(status));
	json_out_text(ret, "bundle", state.bundle ? state.bundle : "");
	json_out_text(ret, "rootfs", state.rootfs ? state.rootfs : "");
	json_out_text(ret, "created", created);
	json_out_annotations(ret, state.annotations, state.n_annotations);
	json_out_text(ret, "owner", oci_user_name(state.owner, arena));
	buf_puts(ret, "}");
	return ret->failed ? fail_memory(error) : 0;
}
