/* symbol.c - symbolisation by libdwfl: one Dwfl an object file, split debug files found by build id
 * or debug link where the distribution puts them.
 *
 * Addresses are those in the object's file, so that nothing depends on where it was mapped.
 */
#include "runtime/trace/symbol.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <dwarf.h>
#include <gelf.h>

struct module {
	const char *path;
	uint8_t build_id[32];
	size_t nid;
	bool opened;
	Dwfl *dwfl;
	Dwfl_Module *mod; /* NULL: no such file, not an ELF file, or changed since */
	Dwarf_Addr bias;  /* address for libdwfl - address in the file */
};

struct symbols {
	struct arena *arena;
	VEC(struct module) modules;
};

static char *debuginfo_path; /* NULL: the default of libdwfl */
static const Dwfl_Callbacks callbacks = {
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
	.debuginfo_path = &debuginfo_path,
};

struct symbols *symbols_new(struct arena *a)
{
	struct symbols *s = xcalloc(1, sizeof *s);

	s->arena = a;
	return s;
}

void symbols_free(struct symbols *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->modules.n; i++)
		if (s->modules.v[i].dwfl)
			dwfl_end(s->modules.v[i].dwfl);
	vec_free(&s->modules);
	free(s);
}

static void open_module(struct module *m)
{
	const unsigned char *id;
	GElf_Addr at;
	int len;

	if (!fs_is_file(m->path))
		return;
	m->dwfl = dwfl_begin(&callbacks);
	if (!m->dwfl)
		return;
	dwfl_report_begin(m->dwfl);
	m->mod = dwfl_report_offline(m->dwfl, m->path, m->path, -1);
	dwfl_report_end(m->dwfl, NULL, NULL);
	if (!m->mod)
		return;
	len = dwfl_module_build_id(m->mod, &id, &at);
	if (m->nid && len > 0 && ((size_t)len != m->nid || memcmp(id, m->build_id, m->nid) != 0)) {
		warn("'%s' is not the file any more that was traced: its functions stay unnamed",
			m->path);
		m->mod = NULL;
	} else if (!dwfl_module_getelf(m->mod, &m->bias)) {
		m->mod = NULL;
	}
}

uint32_t symbols_module(struct symbols *s, const char *path, const uint8_t *build_id, size_t n)
{
	struct module m = {.path = path, .nid = n < sizeof m.build_id ? n : sizeof m.build_id};

	memcpy(m.build_id, build_id, m.nid);
	for (uint32_t i = 0; i < s->modules.n; i++) {
		const struct module *old = &s->modules.v[i];

		if (old->nid == m.nid && memcmp(old->build_id, m.build_id, m.nid) == 0 &&
			strcmp(old->path, path) == 0)
			return i;
	}
	m.path = arena_strdup(s->arena, path);
	vec_add(&s->modules, m);
	return s->modules.n - 1;
}

/* Most objects of a process never appear in a stack: they are opened when they do. */
static struct module *get(struct symbols *s, uint32_t module)
{
	struct module *m = &s->modules.v[module];

	if (!m->opened) {
		m->opened = true;
		open_module(m);
	}
	return m;
}

/* Absolute and normal. */
static const char *source_path(struct symbols *s, Dwarf_Die *cu, const char *name)
{
	Dwarf_Attribute attr;
	const char *dir;

	if (!name)
		return NULL;
	if (name[0] == '/')
		return path_normal(s->arena, name);
	dir = dwarf_formstring(dwarf_attr(cu, DW_AT_comp_dir, &attr));
	return path_normal(s->arena, dir ? path_join(s->arena, dir, name) : name);
}

static Dwarf_Word number(Dwarf_Die *die, unsigned attr_name)
{
	Dwarf_Attribute attr;
	Dwarf_Word v;

	return dwarf_formudata(dwarf_attr(die, attr_name, &attr), &v) == 0 ? v : 0;
}

static const char *function_name(struct symbols *s, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die); /* follows abstract_origin and specification */

	return name ? arena_strdup(s->arena, name) : NULL;
}

/* The chain of inlined functions in the concrete one around addr. Returns how many frames; 0 if the
 * object has no such information. On entry frames[0] holds the place of the innermost. */
static uint32_t inline_chain(struct symbols *s, struct module *m, Dwarf_Addr addr,
	struct tracefile_frame *frames, uint32_t max)
{
	Dwarf_Addr bias;
	Dwarf_Die *cu = dwfl_module_addrdie(m->mod, addr, &bias);
	Dwarf_Die *scopes = NULL, *chain = NULL;
	Dwarf_Files *files = NULL;
	size_t nfiles = 0;
	uint32_t n = 0;
	int nscopes, nchain = 0;

	if (!cu)
		return 0;
	nscopes = dwarf_getscopes(cu, addr - bias, &scopes);
	if (nscopes > 0)
		nchain = dwarf_getscopes_die(&scopes[0], &chain);
	if (nchain > 0)
		dwarf_getsrcfiles(cu, &files, &nfiles);
	for (int i = 0; i < nchain && n < max; i++) {
		int tag = dwarf_tag(&chain[i]);

		if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine &&
			tag != DW_TAG_entry_point)
			continue;
		frames[n].fn = function_name(s, &chain[i]);
		n++;
		if (tag != DW_TAG_inlined_subroutine)
			break;
		frames[n - 1].inlined = true;
		if (n < max) {
			size_t file = number(&chain[i], DW_AT_call_file);

			frames[n] = frames[0];
			frames[n].inlined = false;
			frames[n].file =
				file < nfiles
					? source_path(s, cu, dwarf_filesrc(files, file, NULL, NULL))
					: NULL;
			frames[n].line = (uint32_t)number(&chain[i], DW_AT_call_line);
			frames[n].col = (uint32_t)number(&chain[i], DW_AT_call_column);
		}
	}
	if (n)
		frames[n - 1].inlined = false;
	free(scopes);
	free(chain);
	return n;
}

uint32_t symbols_frames(struct symbols *s, uint32_t module, uint64_t addr,
	struct tracefile_frame *frames, uint32_t max)
{
	struct module *m = get(s, module);
	struct tracefile_frame *f = frames;
	Dwfl_Line *line;
	uint32_t n;

	memset(f, 0, sizeof *f);
	f->module = m->path;
	f->addr = addr;
	if (!m->mod)
		return 1;
	line = dwfl_module_getsrc(m->mod, addr + m->bias);
	if (line) {
		int lineno = 0, col = 0;
		const char *file = dwfl_lineinfo(line, NULL, &lineno, &col, NULL, NULL);
		Dwarf_Addr bias;
		Dwarf_Die *cu = dwfl_module_addrdie(m->mod, addr + m->bias, &bias);

		f->file = cu && file ? source_path(s, cu, file) : NULL;
		f->line = lineno > 0 ? (uint32_t)lineno : 0;
		f->col = col > 0 ? (uint32_t)col : 0;
	}
	n = inline_chain(s, m, addr + m->bias, frames, max);
	if (!n) {
		const char *name = dwfl_module_addrname(m->mod, addr + m->bias);

		f->fn = name ? arena_strdup(s->arena, name) : NULL;
		n = 1;
	}
	return n;
}

const char *symbols_name(struct symbols *s, uint32_t module, uint64_t addr)
{
	struct module *m = get(s, module);
	GElf_Off off = 0;
	GElf_Sym sym;
	const char *name;

	if (!m->mod)
		return NULL;
	name = dwfl_module_addrinfo(m->mod, addr + m->bias, &off, &sym, NULL, NULL, NULL);
	if (!name)
		return NULL;
	return off ? arena_printf(s->arena, "%s+0x%llx", name, (unsigned long long)off)
		   : arena_strdup(s->arena, name);
}

/* The n bytes before addr, or NULL. */
static const uint8_t *code_before(struct module *m, uint64_t addr, size_t n)
{
	GElf_Addr bias;
	Elf *elf = m->mod ? dwfl_module_getelf(m->mod, &bias) : NULL;
	size_t size = 0, nph = 0;
	const char *raw = elf ? elf_rawfile(elf, &size) : NULL;
	GElf_Phdr ph;

	if (!raw || elf_getphdrnum(elf, &nph) != 0)
		return NULL;
	for (size_t i = 0; i < nph; i++) {
		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD || !(ph.p_flags & PF_X))
			continue;
		if (addr < ph.p_vaddr + n || addr - ph.p_vaddr > ph.p_filesz)
			continue;
		if (ph.p_offset > size || addr - ph.p_vaddr > size - ph.p_offset)
			return NULL;
		return (const uint8_t *)raw + ph.p_offset + (addr - ph.p_vaddr) - n;
	}
	return NULL;
}

/* x86-64: E8 rel32 is direct, and so is FF /2 with the address relative to the instruction pointer,
 * which is a call through the GOT. Every other FF /2 goes through a pointer. */
bool symbols_indirect(struct symbols *s, uint32_t module, uint64_t addr)
{
	struct module *m = get(s, module);
	const uint8_t *end = code_before(m, addr, 7);
	int32_t rel;

	if (!end)
		return true;
	end += 7;
	if (end[-5] == 0xE8) {
		memcpy(&rel, end - 4, sizeof rel);
		if (code_before(m, addr + (uint64_t)(int64_t)rel + 1, 1))
			return false;
	}
	if (end[-6] == 0xFF && end[-5] == 0x15)
		return false;
	return true;
}
