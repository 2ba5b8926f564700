/* args_driver.c - what the compiler's own name says: a launcher before it, C++ or C, another
 * target.
 */
#include "front/args.h"

/* Machines that clang 19 knows by the first part of a target's name. */
static const struct {
	const char *pattern;
	enum arch arch;
} machines[] = {
	{"x86_64", ARCH_X86},
	{"amd64", ARCH_X86},
	{"i?86", ARCH_X86},
	{"aarch64*", ARCH_ARM64},
	{"arm64*", ARCH_ARM64},
	{"arm*", ARCH_ARM},
	{"thumb*", ARCH_ARM},
	{"riscv32", ARCH_RISCV},
	{"riscv64", ARCH_RISCV},
	{"loongarch64", ARCH_OTHER},
	{"mips*", ARCH_OTHER},
	{"powerpc*", ARCH_OTHER},
	{"ppc*", ARCH_OTHER},
	{"s390x", ARCH_OTHER},
	{"sparc*", ARCH_OTHER},
	{"avr", ARCH_OTHER},
	{"msp430", ARCH_OTHER},
};
#if defined(__x86_64__) || defined(__i386__)
#define HOST ARCH_X86
#elif defined(__aarch64__)
#define HOST ARCH_ARM64
#elif defined(__arm__)
#define HOST ARCH_ARM
#elif defined(__riscv)
#define HOST ARCH_RISCV
#else
#define HOST ARCH_OTHER
#endif

/* -march and -mcpu with an unknown name are errors, and "native" would make the result depend on
 * the machine it is made on. */
static const char *const cpus_x86[] = {"x86-64", "x86-64-v?", "i?86", "pentium*", "core2", "corei7",
	"corei7-avx", "core-avx-i", "core-avx2", "nocona", "nehalem", "westmere", "sandybridge",
	"ivybridge", "haswell", "broadwell", "skylake", "skylake-avx512", "cascadelake",
	"cooperlake", "cannonlake", "icelake-client", "icelake-server", "tigerlake", "rocketlake",
	"alderlake", "sapphirerapids", "emeraldrapids", "raptorlake", "meteorlake", "arrowlake",
	"lunarlake", "silvermont", "goldmont", "tremont", "gracemont", "k8", "opteron", "athlon64",
	"amdfam10", "barcelona", "btver1", "btver2", "bdver1", "bdver2", "bdver3", "bdver4",
	"znver1", "znver2", "znver3", "znver4", "bonnell", "atom", "geode", "k6"};
static const char *const cpus_arm[] = {"armv*", "cortex-*", "arm9*", "arm1*"};
static const char *const cpus_arm64[] = {"armv8*", "armv9*", "cortex-*", "neoverse-*"};
static const char *const cpus_riscv[] = {"rv32*", "rv64*"};
static const struct {
	enum arch arch;
	const char *const *patterns;
	size_t n;
} cpus[] = {
	{ARCH_X86, cpus_x86, COUNT(cpus_x86)},
	{ARCH_ARM, cpus_arm, COUNT(cpus_arm)},
	{ARCH_ARM64, cpus_arm64, COUNT(cpus_arm64)},
	{ARCH_RISCV, cpus_riscv, COUNT(cpus_riscv)},
};

/* Programs that run the compiler named behind them. */
static const char *const launchers[] = {
	"ccache", "sccache", "distcc", "icecc", "gomacc", "buildcache", "cachecc1"};

enum arch args_arch(const char *triple, size_t n)
{
	char name[32] = "";
	const char *dash = memchr(triple, '-', n);

	n = dash ? (size_t)(dash - triple) : n;
	if (n < sizeof name)
		memcpy(name, triple, n);
	for (size_t i = 0; i < COUNT(machines); i++)
		if (str_glob(machines[i].pattern, name))
			return machines[i].arch;
	return ARCH_ANY; /* unknown */
}

bool args_cpu_known(enum arch arch, const char *name)
{
	for (size_t i = 0; i < COUNT(cpus); i++)
		for (size_t k = 0; cpus[i].arch == arch && k < cpus[i].n; k++)
			if (str_glob(cpus[i].patterns[k], name))
				return true;
	return false;
}

static bool is(struct word w, const char *s)
{
	return w.n == strlen(s) && !memcmp(w.s, s, w.n);
}

static bool base_is(struct word w, const char *name)
{
	const char *slash = memrchr(w.s, '/', w.n);
	uint32_t skip = slash ? (uint32_t)(slash + 1 - w.s) : 0;

	return is((struct word){w.s + skip, w.n - skip}, name);
}

/* A cross compiler is named for its target: arm-linux-gnueabihf-gcc-12. */
static void set_target(struct driver *d, const char *base, struct arena *mem)
{
	static const char *const names[] = {"-gcc", "-cc", "-clang"};
	const char *end = NULL;

	d->target = NULL;
	d->arch = HOST;
	for (size_t i = 0; i < COUNT(names) && !end; i++) {
		const char *at = strstr(base, names[i]);

		if (at && strspn(at + strlen(names[i]), "-.0123456789") ==
				  strlen(at + strlen(names[i])))
			end = at;
	}
	if (!end || end == base)
		return;
	d->arch = args_arch(base, (size_t)(end - base));
	if (d->arch ==
		ARCH_ANY) { /* clang has no such target: the host's will do, without its options */
		d->arch = ARCH_OTHER;
		return;
	}
	if (d->arch != HOST || !memmem(base, (size_t)(end - base), "linux-gnu", 9))
		d->target = arena_printf(mem, "--target=%.*s", (int)(end - base), base);
}

void args_driver(const struct words *words, struct driver *out, struct arena *mem)
{
	const struct word *w = words->w.v;
	uint32_t n = words->w.n, skip = 0;
	const char *base;

	*out = (struct driver){.compiler = "cc"};
	if (n && w[0].n && w[0].s[0] != '-') { /* else these are arguments alone */
		for (size_t i = 0; i < COUNT(launchers) && !skip; i++)
			skip = n > 1 && w[1].n && w[1].s[0] != '-' && base_is(w[0], launchers[i]);
		out->nword = 1 + skip;
		out->compiler = arena_strndup(mem, w[skip].s, w[skip].n);
	}
	base = path_base(out->compiler);
	out->cxx = strstr(base, "++") != NULL;
	set_target(out, base, mem);
}

/* The target decides about arguments in front of it too. */
enum arch args_arch_of_command(const struct driver *d, const struct words *words)
{
	static const char *const flags[] = {"-target", "--target", "--target="};
	enum arch arch = d->arch;

	for (uint32_t i = d->nword; i < words->w.n; i++) {
		struct word w = words->w.v[i];

		if (w.n < 7 || w.s[0] != '-' || (w.s[1] != 't' && w.s[2] != 't'))
			continue;
		if ((is(w, flags[0]) || is(w, flags[1])) && i + 1 < words->w.n)
			arch = args_arch(words->w.v[i + 1].s, words->w.v[i + 1].n);
		else if (w.n > 9 && !memcmp(w.s, flags[2], 9))
			arch = args_arch(w.s + 9, w.n - 9);
	}
	return arch;
}

static bool ends_in(const char *s, size_t n, const char *const *ends, size_t nend)
{
	for (size_t i = 0; i < nend; i++) {
		size_t len = strlen(ends[i]);

		if (n > len && !memcmp(s + n - len, ends[i], len))
			return true;
	}
	return false;
}

bool args_is_c_name(const char *file, size_t n)
{
	static const char *const ends[] = {".c", ".i"};

	return ends_in(file, n, ends, COUNT(ends));
}

bool args_is_header_name(const char *file, size_t n)
{
	static const char *const ends[] = {".h"};

	return ends_in(file, n, ends, COUNT(ends));
}
