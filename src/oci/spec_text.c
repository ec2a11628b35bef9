/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the other runtimes' `spec` writes too, since scripts change single fields of it: the same
 * fields in the same places. An ordinary user has one id, so that gid=5 of devpts means nothing; may
 * not mount a sysfs without a network namespace of its own, so that the host's is bound; and has no
 * cgroup to limit.
 */
#include "oci/spec_text.h"

static const char start[] =
	"{\n"
	"\t\"ociVersion\": \"1.3.0\",\n"
	"\t\"process\": {\n"
	"\t\t\"terminal\": true,\n"
	"\t\t\"user\": {\n"
	"\t\t\t\"uid\": 0,\n"
	"\t\t\t\"gid\": 0\n"
	"\t\t},\n"
	"\t\t\"args\": [\n"
	"\t\t\t\"sh\"\n"
	"\t\t],\n"
	"\t\t\"env\": [\n"
	"\t\t\t\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\n"
	"\t\t\t\"TERM=xterm\"\n"
	"\t\t],\n"
	"\t\t\"cwd\": \"/\",\n"
	"\t\t\"capabilities\": {\n";

static const char capabilities[] =
	"\t\t\t\"%s\": [\n"
	"\t\t\t\t\"CAP_AUDIT_WRITE\",\n"
	"\t\t\t\t\"CAP_KILL\",\n"
	"\t\t\t\t\"CAP_NET_BIND_SERVICE\"\n"
	"\t\t\t]";

static const char after_capabilities[] =
	"\n"
	"\t\t},\n"
	"\t\t\"rlimits\": [\n"
	"\t\t\t{\n"
	"\t\t\t\t\"type\": \"RLIMIT_NOFILE\",\n"
	"\t\t\t\t\"hard\": 1024,\n"
	"\t\t\t\t\"soft\": 1024\n"
	"\t\t\t}\n"
	"\t\t],\n"
	"\t\t\"noNewPrivileges\": true\n"
	"\t},\n"
	"\t\"root\": {\n"
	"\t\t\"path\": \"rootfs\",\n"
	"\t\t\"readonly\": true\n"
	"\t},\n"
	"\t\"hostname\": \"inro\",\n"
	"\t\"mounts\": [\n";

enum who { EVERYBODY, ROOT, ROOTLESS };

static const struct {
	const char *destination, *type, *source;
	const char *options[8];
	enum who who;
} mounts[] = {
	{ "/proc", "proc", "proc", { NULL }, EVERYBODY },
	{ "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" }, EVERYBODY },
	{ "/dev/pts", "devpts", "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" }, ROOT },
	{ "/dev/pts", "devpts", "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" }, ROOTLESS },
	{ "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" }, EVERYBODY },
	{ "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" }, EVERYBODY },
	{ "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" }, ROOT },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "ro" }, ROOT },
	{ "/sys", "none", "/sys", { "rbind", "nosuid", "noexec", "nodev", "rro" }, ROOTLESS },
};

static const char resources[] =
	"\t\t\"resources\": {\n"
	"\t\t\t\"devices\": [\n"
	"\t\t\t\t{\n"
	"\t\t\t\t\t\"allow\": false,\n"
	"\t\t\t\t\t\"access\": \"rwm\"\n"
	"\t\t\t\t}\n"
	"\t\t\t]\n"
	"\t\t},\n";

static const struct {
	const char *type;
	enum who who;
} namespaces[] = {
	{ "pid", EVERYBODY }, { "network", ROOT },  { "ipc", EVERYBODY },  { "uts", EVERYBODY },
	{ "mount", EVERYBODY }, { "cgroup", EVERYBODY }, { "user", ROOTLESS },
};

static const char *const masked[] = {
	"/proc/acpi",	     "/proc/asound",	 "/proc/kcore",	       "/proc/keys",  "/proc/latency_stats",
	"/proc/timer_list",  "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi",  "/sys/firmware",
};

static const char *const read_only[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static bool is_for(enum who who, bool rootless)
{
	return who == EVERYBODY || who == (rootless ? ROOTLESS : ROOT);
}

static void add_capabilities(struct buf *text)
{
	static const char *const sets[] = { "bounding", "effective", "permitted" };

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		buf_puts(text, i ? ",\n" : "");
		buf_printf(text, capabilities, sets[i]);
	}
}

static void add_mounts(bool rootless, struct buf *text)
{
	bool first = true;

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		if (!is_for(mounts[i].who, rootless))
			continue;
		buf_printf(text, "%s\t\t{\n\t\t\t\"destination\": \"%s\",\n", first ? "" : ",\n", mounts[i].destination);
		buf_printf(text, "\t\t\t\"type\": \"%s\",\n\t\t\t\"source\": \"%s\"", mounts[i].type, mounts[i].source);
		first = false;
		for (size_t j = 0; mounts[i].options[j]; j++)
			buf_printf(text, "%s\t\t\t\t\"%s\"", j ? ",\n" : ",\n\t\t\t\"options\": [\n",
				   mounts[i].options[j]);
		buf_puts(text, mounts[i].options[0] ? "\n\t\t\t]\n\t\t}" : "\n\t\t}");
	}
	buf_puts(text, "\n\t],\n");
}

static void add_id_map(const char *name, unsigned outside, struct buf *text)
{
	buf_printf(text, "\t\t\"%s\": [\n\t\t\t{\n\t\t\t\t\"containerID\": 0,\n\t\t\t\t\"hostID\": %u,\n"
			 "\t\t\t\t\"size\": 1\n\t\t\t}\n\t\t],\n", name, outside);
}

static void add_namespaces(bool rootless, struct buf *text)
{
	bool first = true;

	buf_puts(text, "\t\t\"namespaces\": [\n");
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		if (!is_for(namespaces[i].who, rootless))
			continue;
		buf_printf(text, "%s\t\t\t{\n\t\t\t\t\"type\": \"%s\"\n\t\t\t}", first ? "" : ",\n",
			   namespaces[i].type);
		first = false;
	}
	buf_puts(text, "\n\t\t],\n");
}

static void add_paths(const char *name, const char *const *paths, size_t n, const char *end, struct buf *text)
{
	buf_printf(text, "\t\t\"%s\": [\n", name);
	for (size_t i = 0; i < n; i++)
		buf_printf(text, "\t\t\t\"%s\"%s", paths[i], i + 1 < n ? ",\n" : "\n");
	buf_printf(text, "\t\t]%s\n", end);
}

void oci_spec_text(bool rootless, uid_t uid, gid_t gid, struct buf *text)
{
	buf_puts(text, start);
	add_capabilities(text);
	buf_puts(text, after_capabilities);
	add_mounts(rootless, text);
	buf_puts(text, "\t\"linux\": {\n");
	if (rootless) {
		add_id_map("uidMappings", uid, text);
		add_id_map("gidMappings", gid, text);
	} else {
		buf_puts(text, resources);
	}
	add_namespaces(rootless, text);
	add_paths("maskedPaths", masked, ARRAY_SIZE(masked), ",", text);
	add_paths("readonlyPaths", read_only, ARRAY_SIZE(read_only), "", text);
	buf_puts(text, "\t}\n}\n");
}
