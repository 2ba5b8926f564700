/* view_locks.c - for editors: which lock guards a variable or field, told where it is used.
 *
 * A hint stands at a variable's declaration, or at the first use in each function; pointing at any use tells more.
 */
#include "lsp/view_int.h"

static uint32_t tell(struct maker *m, const struct shared_object *o)
{
	struct sb b = {0};

	sb_putc(&b, '`');
	sb_put_visible(&b, o->name, strlen(o->name));
	sb_puts(&b, "` is guarded by `");
	sb_put_visible(&b, o->lock, strlen(o->lock));
	sb_printf(&b, "`: %u of %u accesses hold%s it", o->nheld, o->nheld + o->nother, o->nheld == 1 ? "s" : "");
	return vm_take(m, &b);
}

static void add_use(struct maker *m, const struct shared_object *o, const struct where *at, uint32_t hover, bool shown)
{
	struct vhint h = {.file = vm_file(m, at->file), .hover = hover};
	struct sb label = {0};

	if (h.file == NONE || !at->line)
		return;
	h.of = vm_range(m, at);
	h.at = h.of.b;
	if (shown) {
		sb_puts(&label, "guarded by ");
		sb_put_visible(&label, o->lock, strlen(o->lock));
		h.label = vm_take(m, &label);
	}
	vec_add(&m->hints, h);
}

void vm_locks(struct maker *m)
{
	const struct analysis *a = m->in->a;
	struct map seen = {0}, said = {0};

	for (uint32_t i = 0; i < a->f->nshared; i++) {
		const struct shared_object *o = &a->f->shared[i];

		/* what most accesses hold is told of a race too, but not as if all did */
		if (!o->lock || o->library)
			continue;
		uint32_t hover = tell(m, o);
		bool at_home = o->global != NONE && o->field == NONE && o->verdict == SHARED_GUARDED;
		if (at_home) {
			struct where w = vm_where(m, a->p->ir->globals[o->global].loc);
			add_use(m, o, &w, hover, true);
		}
		for (uint32_t k = 0; k < o->nuse; k++) {
			const struct shared_use *u = &a->f->uses[o->use + k];
			struct where w = vm_where(m, a->p->ir->ops[u->site].loc);
			uint64_t place = hash_mix(hover, (uint64_t)a->p->ir->ops[u->site].loc);
			uint32_t *was = map_slot(&seen, place, 0), *fn = map_slot(&said, hash_mix(hover, (uint64_t)u->fn << 32 | 1), 0);

			if ((*was)++)
				continue;
			add_use(m, o, &w, hover, !at_home && o->verdict == SHARED_GUARDED && !(*fn)++);
		}
	}
	map_free(&seen);
	map_free(&said);
}
