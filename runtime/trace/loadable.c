/* loadable.c - can a preloaded library work in this program? Said before it runs, not after. */
#include "base/base.h"
#include "runtime/trace/run.h"

#include <elf.h>
#include <errno.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char *find(struct arena *a, const char *name)
{
	const char *path = getenv("PATH"), *end;

	if (strchr(name, '/'))
		return name;
	for (path = path ? path : "/usr/bin:/bin"; *path; path = *end ? end + 1 : end) {
		const char *full;

		end = strchrnul(path, ':');
		full = path_join(
			a, end == path ? "." : arena_strndup(a, path, (size_t)(end - path)), name);
		if (fs_is_file(full) && access(full, X_OK) == 0)
			return full;
	}
	return NULL;
}

/* Offset in the file of what is loaded at addr; 0 if nothing is. */
static uint64_t file_offset(const Elf64_Phdr *ph, unsigned n, uint64_t addr)
{
	for (unsigned i = 0; i < n; i++)
		if (ph[i].p_type == PT_LOAD && addr >= ph[i].p_vaddr &&
			addr - ph[i].p_vaddr < ph[i].p_filesz)
			return addr - ph[i].p_vaddr + ph[i].p_offset;
	return 0;
}

/* The runtime of a sanitizer among the needed libraries: it insists on being loaded first. */
static bool needs_sanitizer(const char *data, size_t size, const Elf64_Phdr *ph, unsigned nph)
{
	for (unsigned i = 0; i < nph; i++) {
		const Elf64_Dyn *dyn;
		uint64_t n, strings = 0;

		if (ph[i].p_type != PT_DYNAMIC || ph[i].p_offset > size ||
			ph[i].p_filesz > size - ph[i].p_offset || ph[i].p_offset % 8)
			continue;
		dyn = (const Elf64_Dyn *)(data + ph[i].p_offset);
		n = ph[i].p_filesz / sizeof *dyn;
		for (uint64_t k = 0; k < n; k++)
			if (dyn[k].d_tag == DT_STRTAB)
				strings = file_offset(ph, nph, dyn[k].d_un.d_ptr);
		for (uint64_t k = 0; k < n && strings && strings < size; k++) {
			const char *lib = data + strings + dyn[k].d_un.d_val;

			if (dyn[k].d_tag != DT_NEEDED || dyn[k].d_un.d_val >= size - strings ||
				strnlen(lib, size - (size_t)(lib - data)) ==
					size - (size_t)(lib - data))
				continue;
			if (str_starts(lib, "libasan.") || str_starts(lib, "libtsan.") ||
				str_starts(lib, "libmsan."))
				return true;
		}
	}
	return false;
}

/* Why not; NULL if it can. The file's bytes are data. */
static const char *elf_problem(struct arena *a, const char *data, size_t size)
{
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)data;
	const Elf64_Phdr *ph;
	const char *interp = NULL;

	if (size < sizeof *eh || memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0)
		return "it is not an ELF program";
	if (eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_machine != EM_X86_64)
		return "it is a program for another machine than x86-64";
	if (eh->e_phoff > size || eh->e_phoff % 8 || eh->e_phentsize != sizeof *ph ||
		eh->e_phnum > (size - eh->e_phoff) / sizeof *ph)
		return "its ELF header is damaged";
	ph = (const Elf64_Phdr *)(data + eh->e_phoff);
	for (unsigned i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_INTERP && ph[i].p_offset < size &&
			ph[i].p_filesz <= size - ph[i].p_offset)
			interp = arena_strndup(a, data + ph[i].p_offset, ph[i].p_filesz);
	if (!interp)
		return "it is statically linked, so the loader that would preload the tracer does "
		       "not run";
	if (strstr(interp, "ld-musl"))
		return "it is linked against musl, and the tracer is made for glibc";
	if (!strstr(interp, "ld-linux"))
		return arena_printf(a, "its loader '%s' is not that of glibc", interp);
	if (needs_sanitizer(data, size, ph, eh->e_phnum))
		return "it is built with a sanitizer, whose runtime must be the first library";
	return NULL;
}

static const char *privilege_problem(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return NULL;
	if ((st.st_mode & S_ISUID && st.st_uid != geteuid()) ||
		(st.st_mode & S_ISGID && st.st_gid != getegid()))
		return "it is set-user-id, so the loader ignores LD_PRELOAD";
	if (geteuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0)
		return "it has file capabilities, so the loader ignores LD_PRELOAD";
	return NULL;
}

const char *loadable(struct arena *a, const char *name)
{
	const char *path = find(a, name), *run = path, *why;

	if (!path) {
		error("'%s' is not a program in PATH", name);
		return NULL;
	}
	for (unsigned scripts = 0; scripts < 5; scripts++) {
		const char *data, *end;
		size_t size;

		if (fs_map(run, &data, &size) < 0)
			return NULL;
		if (size > 2 && data[0] == '#' && data[1] == '!') {
			const char *p = data + 2, *stop = data + size;

			while (p < stop && (*p == ' ' || *p == '\t'))
				p++;
			for (end = p; end < stop && !strchr(" \t\n", *end);)
				end++;
			run = arena_strndup(a, p, (size_t)(end - p));
			fs_unmap(data, size);
			continue;
		}
		why = elf_problem(a, data, size);
		fs_unmap(data, size);
		if (!why)
			why = privilege_problem(run);
		if (!why)
			return path;
		error("'%s' cannot be traced: %s", run, why);
		return NULL;
	}
	error("'%s': too many interpreters", name);
	return NULL;
}
