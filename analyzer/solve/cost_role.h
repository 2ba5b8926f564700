/* cost_role.h - what a value does from turn to turn of a loop: cost_role.c. */
#ifndef TVT_COST_ROLE_H
#define TVT_COST_ROLE_H

#include "solve/cost.h"

enum role {
	R_SELF,	 /* the variable whose definition is being looked at */
	R_FIXED, /* the same in every turn */
	R_FLAG,	 /* set to constants */
	R_STEP,	 /* moves by a step */
	R_HALF,	 /* is halved, doubled, or goes down a tree */
	R_LINK,	 /* loaded from behind itself */
	R_NEXT,	 /* what a call made of the one before */
	R_READ,	 /* memory under something that steps */
	R_ELEM,	 /* memory of the element that is looked at */
	R_CALL,	 /* result of a call that does not get the one before */
	R_MEM,	 /* memory at a fixed place */
	R_OTHER,
};
struct seen {
	enum role role;
	uint32_t op;	/* the load or call */
	uint32_t var;	/* the local that moves */
	uint32_t field; /* R_LINK: entry in entry.tqe_next */
	uint32_t last;	/* R_LINK: tqe_next */
	bool chosen;	/* set behind a comparison that differs from turn to turn */
	double step;	/* R_STEP: 0 if it differs */
};
struct view {
	struct costs *c;
	uint32_t fn;
	const struct fn *f;
	const struct loop *l;
	const struct cfg *g;
	uint32_t busy[16]; /* locals being looked at */
	uint32_t nbusy;
	int fuel;
};

bool role_inside(const struct view *v, uint32_t op); /* is the op in the loop? */
struct seen role_of(struct view *v, struct ref r);

#endif
