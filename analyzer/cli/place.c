/* place.c - functions and places of a program in words, for commands that print facts. */
#include "cli/cli.h"

void put_loc(struct sb *out, const struct analysis *a, uint32_t loc)
{
	const struct ir *ir = a->p->ir;
	const struct loc *l = loc == NONE ? NULL : &ir->locs[loc];
	const char *path;

	if (!l || l->file == NONE) {
		sb_puts(out, "(no place)");
		return;
	}
	path = path_under(a->db->root, ir_text_of(ir, ir->files[l->file].path));
	sb_put_visible(out, path, strlen(path));
	sb_printf(out, ":%u:%u", l->line, l->col);
}

void put_op_place(struct sb *out, const struct analysis *a, uint32_t op)
{
	put_loc(out, a, a->p->ir->ops[op].loc);
}

void put_fn(struct sb *out, const struct analysis *a, uint32_t fn)
{
	const char *name = fn_name(a->p, fn);

	sb_put_visible(out, name, strlen(name));
}

uint32_t cli_find_fns(const struct analysis *a, const char *name, uint32_t *fns, uint32_t max)
{
	uint32_t n = program_find(a->p, name, fns, max);
	const char **names, *near;

	if (n)
		return n;
	names = xcalloc(a->p->ir->nfns + 1, sizeof *names);
	for (uint32_t i = 0; i < a->p->ir->nfns; i++)
		names[i] = fn_name(a->p, i);
	near = str_nearest(name, names, a->p->ir->nfns);
	if (near)
		error("no function '%s' in this program; did you mean '%s'?", name, near);
	else
		error("no function '%s' in this program", name);
	free(names);
	return 0;
}
