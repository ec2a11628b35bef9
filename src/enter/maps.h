/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENTER_MAPS_H
#define ENTER_MAPS_H

/* The id maps that are asked for, as texts, and who can write them. */

#include "enter/unshare.h"
#include "idmap/write.h"

enum map_writer {
	MAP_BY_NOBODY,  /* there is nothing to be written */
	MAP_BY_ITSELF,  /* only its own id: the process in the namespace may */
	MAP_BY_OUTSIDE, /* somebody outside with the right to it */
	MAP_BY_HELPER,  /* newuidmap and newgidmap */
};

int unshare_maps(struct unshare *want, struct map_args *ret, enum map_writer *ret_writer,
		 struct inro_error *error);

/*
 * Make room for INNER, which stands for OWN: it is taken out of the list, and so is OWN. What stood
 * behind INNER moves up by one, so that the last outer id of that range is left over. In place; the
 * list has room for twice its ranges. Returns how many there are then.
 */
size_t unshare_punch(struct id_range *list, size_t n, uint32_t inner, uint32_t own);

#endif
