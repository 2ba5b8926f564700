/* ir.c - building, writing and mapping of the IR's flat arrays.
 *
 * A blob is a header and then the sections, each at a multiple of 8 bytes. It has no pointers, so
 * mapping is checking it and pointing at the sections.
 */
#include "ir/ir_int.h"

#include <assert.h>

struct ir *ir_new(void)
{
	struct ir *ir = xcalloc(1, sizeof *ir);

	ir->intern = intern_new();
	ir->strs = (char *)(uintptr_t)intern_blob(ir->intern, &ir->nstrs);
	return ir;
}

void ir_free(struct ir *ir)
{
	if (!ir)
		return;
	if (!ir->owned) {
#define SECTION(type, name) free(ir->name);
		IR_TABLES(SECTION)
#undef SECTION
	}
	map_free(&ir->const_ids);
	intern_free(ir->intern);
	free(ir);
}

uint32_t ir_strn(struct ir *ir, const char *s, size_t n)
{
	uint32_t id = intern_idn(ir->intern, s, n);

	ir->strs = (char *)(uintptr_t)intern_blob(ir->intern, &ir->nstrs);
	return id;
}

uint32_t ir_str(struct ir *ir, const char *s)
{
	return ir_strn(ir, s, strlen(s));
}

#define SECTION(type, name)                                                                        \
	uint32_t ir_add_##name(struct ir *ir, type val)                                            \
	{                                                                                          \
		assert(!ir->owned);                                                                \
		if (ir->n##name == ir->cap##name)                                                  \
			ir->name = vec_grow(ir->name, &ir->cap##name, sizeof(type));               \
		ir->name[ir->n##name] = val;                                                       \
		return ir->n##name++;                                                              \
	}
IR_TABLES(SECTION)
#undef SECTION

uint32_t ir_const(struct ir *ir, int64_t v)
{
	uint32_t id = *map_slot(&ir->const_ids, (uint64_t)v, ir->nconsts);

	return id == ir->nconsts ? ir_add_consts(ir, v) : id;
}

/* ---- blobs ---- */

enum { MAGIC = 0x52495654 /* "TVIR" */, VERSION = 1 };

enum {
#define SECTION(type, name) SEC_##name,
	IR_SECTIONS(SECTION)
#undef SECTION
		NSECTION
};

static const uint32_t section_size[NSECTION] = {
#define SECTION(type, name) sizeof(type),
	IR_SECTIONS(SECTION)
#undef SECTION
};

struct head {
	uint32_t magic, version;
	uint64_t layout;
	uint64_t size; /* of the blob */
	uint32_t n[NSECTION + NSECTION % 2];
};

static uint64_t aligned(uint64_t n)
{
	return (n + 7) & ~(uint64_t)7;
}

/* Changes whenever a struct's size or the list of ops does, should someone forget VERSION. */
static uint64_t layout(void)
{
	static const char ops[] =
#define OP(name, text, form, doc) text " " #form ","
#include "ir/ops.def"
#undef OP
		;

	return hash_mix(hash_bytes(section_size, sizeof section_size), hash_bytes(ops, sizeof ops));
}

void ir_write(const struct ir *ir, struct sb *out)
{
	static const char zero[8];
	struct head h = {.magic = MAGIC, .version = VERSION, .layout = layout()};
	const void *v[NSECTION];

#define SECTION(type, name)                                                                        \
	h.n[SEC_##name] = ir->n##name;                                                             \
	v[SEC_##name] = ir->name;
	IR_SECTIONS(SECTION)
#undef SECTION
	h.size = sizeof h;
	for (int i = 0; i < NSECTION; i++)
		h.size += aligned((uint64_t)h.n[i] * section_size[i]);
	sb_reserve(out, h.size);
	sb_putn(out, &h, sizeof h);
	for (int i = 0; i < NSECTION; i++) {
		size_t n = (size_t)h.n[i] * section_size[i];

		sb_putn(out, v[i], n);
		sb_putn(out, zero, aligned(n) - n);
	}
}

struct ir *ir_map(const void *data, size_t size)
{
	const struct head *h = data;
	const char *at = data;
	uint64_t need = sizeof *h;
	struct arena *a;
	struct ir *ir;
	struct check_at where;
	bool ok;

	if ((uintptr_t)data % 8 || size < sizeof *h || h->magic != MAGIC || h->version != VERSION ||
		h->layout != layout() || h->size != size)
		return NULL;
	for (int i = 0; i < NSECTION; i++)
		need += aligned((uint64_t)h->n[i] * section_size[i]);
	if (need != size)
		return NULL;
	ir = xcalloc(1, sizeof *ir);
	ir->owned = data;
	at += sizeof *h;
#define SECTION(type, name)                                                                        \
	ir->name = (type *)(uintptr_t)at;                                                          \
	ir->n##name = h->n[SEC_##name];                                                            \
	at += aligned((uint64_t)ir->n##name * sizeof(type));
	IR_SECTIONS(SECTION)
#undef SECTION
	a = arena_new();
	ok = !ir_check_form(ir, a, &where);
	arena_free(a);
	if (!ok) {
		ir_free(ir);
		return NULL;
	}
	return ir;
}

const char *op_name(uint8_t kind)
{
	static const char *const names[] = {
#define OP(name, text, form, doc) text,
#include "ir/ops.def"
#undef OP
	};

	assert(kind < OP_COUNT);
	return names[kind];
}
