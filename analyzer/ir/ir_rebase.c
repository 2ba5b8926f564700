/* ir_rebase.c - the same unit in a project that lies somewhere else.
 *
 * Paths stand in strings: of files, and behind the '@' in keys of what only one file sees. Others
 * (a macro with a path, __FILE__) change along with them, as they would if the unit were parsed
 * there.
 */
#include "ir/ir_int.h"

struct rebase {
	const char *from, *to;
	size_t nfrom;
	struct sb buf;
	uint32_t *id; /* of old strings: new ones */
	struct intern *strs;
};

static bool is_below(const struct rebase *r, const char *s)
{
	return !strncmp(s, r->from, r->nfrom) && (s[r->nfrom] == '/' || !s[r->nfrom]);
}

static const char *moved(struct rebase *r, const char *s)
{
	bool may = true; /* a path may begin here */

	r->buf.n = 0;
	sb_reserve(&r->buf, 1);
	while (*s) {
		if (may && is_below(r, s)) {
			sb_puts(&r->buf, r->to);
			s += r->nfrom;
			may = false;
			continue;
		}
		may = *s == '@';
		sb_putc(&r->buf, *s++);
	}
	return r->buf.s;
}

static void str(struct rebase *r, uint32_t *id)
{
	*id = r->id[*id];
}

static void ref(struct rebase *r, struct ref *x)
{
	if (x->kind == REF_STR)
		x->id = r->id[x->id];
}

static void declarations(struct rebase *r, struct ir *ir)
{
	for (uint32_t i = 0; i < ir->nfiles; i++)
		str(r, &ir->files[i].path);
	for (uint32_t i = 0; i < ir->nlocs; i++)
		str(r, &ir->locs[i].macro);
	for (uint32_t i = 0; i < ir->ntypes; i++) {
		str(r, &ir->types[i].name);
		str(r, &ir->types[i].text);
	}
	for (uint32_t i = 0; i < ir->nrecords; i++) {
		str(r, &ir->records[i].name);
		str(r, &ir->records[i].key);
	}
	for (uint32_t i = 0; i < ir->nfields; i++)
		str(r, &ir->fields[i].name);
	for (uint32_t i = 0; i < ir->nfns; i++) {
		str(r, &ir->fns[i].name);
		str(r, &ir->fns[i].key);
	}
	for (uint32_t i = 0; i < ir->nglobals; i++) {
		str(r, &ir->globals[i].name);
		str(r, &ir->globals[i].key);
	}
	for (uint32_t i = 0; i < ir->nlocals; i++)
		str(r, &ir->locals[i].name);
	for (uint32_t i = 0; i < ir->nattrs; i++)
		str(r, &ir->attrs[i].text);
	for (uint32_t i = 0; i < ir->nremarks; i++)
		str(r, &ir->remarks[i].text);
}

static void code(struct rebase *r, struct ir *ir)
{
	for (uint32_t i = 0; i < ir->nblocks; i++) {
		ref(r, &ir->blocks[i].cond.lhs);
		ref(r, &ir->blocks[i].cond.rhs);
	}
	for (uint32_t i = 0; i < ir->nops; i++) {
		struct op *op = &ir->ops[i];

		ref(r, &op->dst);
		ref(r, &op->src);
		if (ir_op_form[op->kind] == FORM_DSS) {
			struct ref second = ref_of(op->arg);

			ref(r, &second);
			op->arg = ref_bits(second);
		}
	}
	for (uint32_t i = 0; i < ir->nargs; i++)
		ref(r, &ir->args[i]);
	for (uint32_t i = 0; i < ir->npaths; i++)
		ref(r, &ir->paths[i].base);
}

int ir_rebase(const struct ir *in, const char *from, const char *to, struct sb *out)
{
	struct rebase r = {.from = from, .to = to, .nfrom = strlen(from), .strs = intern_new()};
	struct sb copy = {0};
	struct ir *ir;

	ir_write(in, &copy);
	ir = ir_map(copy.s, copy.n);
	if (ir) {
		r.id = xcalloc((size_t)ir->nstrs + 1, sizeof *r.id);
		for (uint32_t at = 0; at < ir->nstrs; at += (uint32_t)strlen(ir->strs + at) + 1)
			r.id[at] = intern_id(r.strs, moved(&r, ir->strs + at));
		declarations(&r, ir);
		code(&r, ir);
		ir->strs = (char *)(uintptr_t)intern_blob(r.strs, &ir->nstrs);
		for (uint32_t i = 0; i < ir->nfns; i++)
			if (ir->fns[i].nblock)
				ir->fns[i].hash = ir_hash_fn(ir, i);
		ir_write(ir, out);
	}
	ir_free(ir);
	free(r.id);
	sb_free(&r.buf);
	sb_free(&copy);
	intern_free(r.strs);
	return ir ? 0 : -1;
}
