/* lockuse.h - between the files that tell how locks are used: lockuse.c, lockneed.c. */
#ifndef TVT_LOCKUSE_H
#define TVT_LOCKUSE_H

#include "solve/race.h"

struct telling {
	struct race *r;
	struct build *b;
	struct facts *f;
	VEC(struct lock_use) uses;
	VEC(struct lock_step) steps;
	VEC(struct edge_of) edges;
	struct map seen;
};
/* Begins a lock_use; steps follow. The result holds until the next one begins. */
struct lock_use *telling_begin(struct telling *m, enum lock_use_kind kind, const char *lock, uint8_t sure);
void telling_step(struct telling *m, uint32_t site, uint32_t ctx, const char *what); /* ctx NONE: a place alone */
const char *telling_name(struct telling *m, struct context *c, uint32_t addr);
/* The one place that an address is, of what there is once; or NONE. */
uint32_t telling_place(struct race *r, struct context *c, uint32_t addr);
bool telling_certain(const struct race *r, uint32_t ctx);

/* ---- lockneed.c ---- */

void locks_alone(struct telling *m);
void locks_big(struct telling *m);

#endif
