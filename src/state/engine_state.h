/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATE_ENGINE_STATE_H
#define STATE_ENGINE_STATE_H

/* One file format of another program at a time: what engines.c puts together. Strings go to the arena. */

#include "state/engines.h"

/*
 * What a runtime keeps of a container in the directory DIR_FD: runc's and inro-oci's state.json, crun's
 * status. Fills pid, start_ticks, engine, bundle and, where the file has the annotations, names. -ENOENT where
 * there is no such file, -EINVAL where it is another.
 */
int engine_read_state(int dir_fd, struct arena *arena, struct engine_container *ret);

/* The same of a bundle of containerd's shim: init.pid. */
int engine_read_bundle(int dir_fd, struct arena *arena, struct engine_container *ret);

/* Names by the annotations of a config.json. Nothing where there are none. */
void engine_name_by_config(int dir_fd, struct arena *arena, struct engine_container *container);

/* The names of Podman's containers: containers.json of its storage. Renames those of LIST. */
void engine_name_by_podman(const char *path, struct arena *arena, struct engine_container *list, size_t n);

/* Docker's: DIR/ID/config.v2.json. */
void engine_name_by_docker(const char *dir, struct arena *arena, struct engine_container *container);

#endif
