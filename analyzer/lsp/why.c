/* why.c - where a function runs and what it waits for, in words: a search over the calls of the view. */
#include "lsp/lsp_int.h"

enum { SHOWN = 6, LONGEST = 64 };

struct search {
	const struct view *v;
	uint32_t *by;	 /* per function: the call by which it was reached first, or NONE */
	uint32_t *queue; /* functions in that order */
	uint32_t n;
};

static void search(struct search *q, const struct view *v, uint32_t fn, struct arena *a)
{
	q->v = v;
	q->by = arena_alloc(a, (v->nfns + 1) * sizeof *q->by);
	q->queue = arena_alloc(a, (v->nfns + 1) * sizeof *q->queue);
	memset(q->by, 0xFF, v->nfns * sizeof *q->by);
	q->queue[0] = fn;
	q->n = 1;
	for (uint32_t head = 0; head < q->n; head++) {
		const struct vfn *f = &v->fns[q->queue[head]];

		for (uint32_t i = f->out; i < f->out + f->nout; i++) {
			uint32_t callee = v->calls[i].callee;

			if (v->calls[i].phrase || callee == fn || q->by[callee] != NONE)
				continue;
			q->by[callee] = i;
			q->queue[q->n++] = callee;
		}
	}
}

uint32_t fn_blocking(const struct view *v, uint32_t fn, struct arena *a)
{
	struct search q;
	uint32_t n = 0;

	search(&q, v, fn, a);
	for (uint32_t i = 0; i < q.n; i++)
		for (uint32_t k = 0; k < v->fns[q.queue[i]].nout; k++)
			n += v->calls[v->fns[q.queue[i]].out + k].phrase != 0;
	return n;
}

static void put_link(struct sb *out, const struct view *v, const struct vcall *c, struct arena *a)
{
	const char *path;

	if (c->file == NONE)
		return;
	path = view_str(v, v->files[c->file].path);
	sb_puts(out, " [");
	vm_md(out, path_base(path));
	sb_printf(out, ":%u](%s#L%u)", c->at.a.line + 1, uri_of(path, a), c->at.a.line + 1);
}

/* The calls that lead to the function in which the blocking call is. */
static void put_way(struct sb *out, const struct search *q, uint32_t fn, struct arena *a)
{
	uint32_t way[LONGEST], n = 0;

	for (; q->by[fn] != NONE && n < LONGEST; fn = q->v->calls[way[n - 1]].caller)
		way[n++] = q->by[fn];
	if (!n)
		return;
	sb_puts(out, "; by ");
	vm_md(out, view_str(q->v, q->v->fns[fn].name));
	while (n--) {
		const struct vcall *c = &q->v->calls[way[n]];

		sb_puts(out, " → ");
		vm_md(out, view_str(q->v, q->v->fns[c->callee].name));
		put_link(out, q->v, c, a);
	}
}

const char *fn_why(const struct view *v, uint32_t fn, struct arena *a)
{
	const struct vfn *f = &v->fns[fn];
	struct search q;
	struct sb b = {0};
	uint32_t shown = 0;
	const char *text;

	if (!f->runs && !f->nout)
		return NULL; /* a call that blocks, of which the finding tells all */
	sb_puts(&b, "**");
	vm_md(&b, view_str(v, f->name));
	sb_puts(&b, "**");
	sb_puts(&b, view_str(v, f->runs));
	search(&q, v, fn, a);
	for (uint32_t i = 0; i < q.n; i++) {
		const struct vfn *g = &v->fns[q.queue[i]];

		for (uint32_t k = g->out; k < g->out + g->nout; k++) {
			const struct vcall *c = &v->calls[k];

			if (!c->phrase || shown++ >= SHOWN)
				continue;
			sb_puts(&b, shown == 1 ? "\n\nit may wait for\n\n- " : "\n- ");
			vm_md(&b, view_str(v, c->name));
			put_link(&b, v, c, a);
			sb_printf(&b, ": %s", view_str(v, c->phrase));
			put_way(&b, &q, q.queue[i], a);
		}
	}
	if (shown > SHOWN)
		sb_printf(&b, "\n\nand %u more calls", shown - SHOWN);
	text = arena_strdup(a, b.s);
	sb_free(&b);
	return text;
}
