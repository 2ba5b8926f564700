/* link_int.h - between the files of link/. */
#ifndef TVT_LINK_INT_H
#define TVT_LINK_INT_H

#include "link/link.h"

struct ir *link_merge(const struct ir *const *units, uint32_t n);
/* Edges of every call site, with their reasons; fills flow, edges, unresolved and the counts. */
void link_calls(struct program *p);
/* Orders, components, indexes; needs edges. */
void link_order(struct program *p);

#endif
