/* view_int.h - between the files that make a view. */
#ifndef TVT_LSP_VIEW_INT_H
#define TVT_LSP_VIEW_INT_H

#include "lsp/view.h"

struct maker {
	const struct view_in *in;
	struct arena *mem;
	struct intern *strs;
	struct map file_of; /* string of the path to index in files */
	VEC(struct vfile) files;
	VEC(struct vdiag) diags;
	VEC(struct vrel) rels;
	VEC(struct vedit) edits;
	VEC(uint32_t) texts;
	VEC(struct vfn) fns;
	VEC(struct vcall) calls;
	VEC(uint32_t) ins;
	VEC(struct vhint) hints;
	VEC(struct vrule) rules;
};
uint32_t vm_str(struct maker *m, const char *s); /* NULL is "" */
uint32_t vm_take(struct maker *m, struct sb *b); /* and frees it */
uint32_t vm_file(struct maker *m, const char *file); /* NONE for "" */
struct where vm_where(struct maker *m, uint32_t loc);
struct range vm_range(struct maker *m, const struct where *w);
void vm_link(struct maker *m, struct sb *out, const struct where *w);

/* view_ways.c: entries, functions on ways to blocking calls, hints. */
void vm_ways(struct maker *m);
/* view_locks.c: which lock guards what. */
void vm_locks(struct maker *m);

#endif
