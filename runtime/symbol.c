/* symbol.c - program counters to function, file and line.
 *
 * By libdw (elfutils) where it was found at build time; else by the dynamic symbols, as
 * module+offset for addr2line.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void by_dladdr(void *pc, char *buf, size_t n)
{
	Dl_info d;

	if (!dladdr(pc, &d) || !d.dli_fname)
		snprintf(buf, n, "%p", pc);
	else if (d.dli_sname)
		snprintf(buf, n, "%s in %s", d.dli_sname, base_name(d.dli_fname));
	else
		snprintf(buf, n, "%s+%#zx", base_name(d.dli_fname),
			(size_t)((char *)pc - (char *)d.dli_fbase));
}

#if TVT_LIBDW

#include <elfutils/libdwfl.h>
#include <unistd.h>

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_linux_proc_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
};

/* A Dwfl by another name. NULL is none: names come from dladdr then. */
struct tvt__symbols *tvt__symbols_open(void)
{
	Dwfl *d = dwfl_begin(&callbacks);

	if (d &&
		(dwfl_linux_proc_report(d, getpid()) != 0 || dwfl_report_end(d, NULL, NULL) != 0)) {
		dwfl_end(d);
		d = NULL;
	}
	return (struct tvt__symbols *)d;
}

void tvt__symbols_close(struct tvt__symbols *s)
{
	if (s)
		dwfl_end((Dwfl *)s);
}

void tvt__symbol(struct tvt__symbols *s, void *pc, bool exact, char *buf, size_t n)
{
	Dwarf_Addr at = (Dwarf_Addr)(uintptr_t)pc - !exact;
	Dwfl_Module *m = s ? dwfl_addrmodule((Dwfl *)s, at) : NULL;
	const char *name = m ? dwfl_module_addrname(m, at) : NULL, *file;
	Dwfl_Line *line = m ? dwfl_module_getsrc(m, at) : NULL;
	int lineno;

	if (!name)
		by_dladdr((void *)(uintptr_t)at, buf, n);
	else if (line && (file = dwfl_lineinfo(line, NULL, &lineno, NULL, NULL, NULL)))
		snprintf(buf, n, "%s at %s:%d", name, file, lineno);
	else
		snprintf(buf, n, "%s in %s", name,
			base_name(dwfl_module_info(m, NULL, NULL, NULL, NULL, NULL, NULL, NULL)));
}

#else

struct tvt__symbols *tvt__symbols_open(void)
{
	return NULL;
}

void tvt__symbols_close(struct tvt__symbols *s)
{
}

void tvt__symbol(struct tvt__symbols *s, void *pc, bool exact, char *buf, size_t n)
{
	by_dladdr((char *)pc - !exact, buf, n);
}

#endif
