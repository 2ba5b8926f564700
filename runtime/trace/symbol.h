/* symbol.h - addresses in object files to functions and lines. The only place that knows libdw. */
#ifndef TVT_TRACE_SYMBOL_H
#define TVT_TRACE_SYMBOL_H

#include "base/base.h"
#include "runtime/trace/tracefile.h"

struct symbols;
struct symbols *symbols_new(struct arena *a); /* strings live as long as a */
void symbols_free(struct symbols *s);

/* An object by its path; build_id (n bytes, 0: any) must be that of the file now. */
uint32_t symbols_module(struct symbols *s, const char *path, const uint8_t *build_id, size_t n);

/* The functions at addr (in the file's own addresses), innermost inlined one first, as addr2line
 * -i. Writes 1 to max frames and returns how many. */
uint32_t symbols_frames(struct symbols *s, uint32_t module, uint64_t addr,
	struct tracefile_frame *frames, uint32_t max);

/* "name" or "name+0x10" of what lies at addr, function or data; NULL if there is no symbol. */
const char *symbols_name(struct symbols *s, uint32_t module, uint64_t addr);

/* Does the call that returns to addr go through a pointer? True also where it cannot be told. */
bool symbols_indirect(struct symbols *s, uint32_t module, uint64_t addr);

#endif
