/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_READ_PARTS_H
#define OCI_READ_PARTS_H

/* The parts of config.json, one file each; the comment is the type of TO. */

#include "oci/read_json.h"

int read_process(struct reader *reader, struct json_object *json, void *to);   /* struct oci_process */
int read_mount(struct reader *reader, struct json_object *json, void *to);     /* struct oci_mount */
int read_id_maps(struct reader *reader, struct json_object *json, void *to);   /* struct oci_id_maps */
int read_hooks(struct reader *reader, struct json_object *json, void *to);     /* struct oci_hooks */
int read_linux(struct reader *reader, struct json_object *json, void *to);     /* struct oci_linux */
int read_device(struct reader *reader, struct json_object *json, void *to);    /* struct oci_device */
int read_resources(struct reader *reader, struct json_object *json, void *to); /* struct oci_resources */
int read_seccomp(struct reader *reader, struct json_object *json, void *to);   /* struct oci_seccomp */

/* The words that are known, which `features` tells. */
extern const struct words oci_ns_words, oci_memory_modes, oci_memory_flags;
extern const struct words oci_seccomp_actions, oci_seccomp_operators, oci_seccomp_arches, oci_seccomp_flags;

#endif
