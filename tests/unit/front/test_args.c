/* Which arguments of a compiler reach the parser. */
#include "front/args.h"

#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	struct arena *mem;
	struct args *args;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->mem = arena_new();
	f->args = args_new(f->mem);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	args_free(f->args);
	arena_free(f->mem);
	free(f);
	return 0;
}

static struct args_cmd filter(struct fixture *f, const char *command, const char *file)
{
	struct words words = {0};
	struct args_cmd out;

	args_split(command, strlen(command), &words, f->mem);
	args_filter(f->args, "/w", (struct word){file, (uint32_t)strlen(file)}, &words, &out);
	vec_free(&words.w);
	return out;
}

/* What passes, behind the language, separated by spaces; in f->mem. */
static const char *passed(struct fixture *f, const char *command)
{
	struct args_cmd cmd = filter(f, command, "a.c");
	struct sb b = {0};
	const char *s;

	assert_true(cmd.is_c);
	assert_string_equal(cmd.argv[0], "-xc");
	for (uint32_t i = 1; i < cmd.argc; i++)
		sb_printf(&b, "%s%s", i > 1 ? " " : "", cmd.argv[i]);
	s = arena_strdup(f->mem, b.s ? b.s : "");
	sb_free(&b);
	return s;
}

#if defined(__x86_64__)
#define X86(s) s
#else
#define X86(s) ""
#endif

static const struct {
	const char *in, *out;
} table[] = {
	/* the preprocessor */
	{"-Iinc", "-Iinc"},
	{"-I inc", "-Iinc"},
	{"-I/usr/include/x", "-I/usr/include/x"},
	{"-I.", "-I."},
	{"--include-directory inc", "-Iinc"},
	{"--include-directory=inc", "-Iinc"},
	{"-I-", ""},
	{"-I", ""},
	{"-I -MD", ""},
	{"-isystem sys", "-isystemsys"},
	{"-isystemsys", "-isystemsys"},
	{"-isystem-after d", ""},
	{"-iquote q", "-iquoteq"},
	{"-iquote.", "-iquote."},
	{"-idirafter d", "-idirafterd"},
	{"-idirafterd", "-idirafterd"},
	{"-include cfg.h", "-includecfg.h"},
	{"--include cfg.h", "-includecfg.h"},
	{"--include=cfg.h", "-includecfg.h"},
	{"-imacros m.h", "-imacrosm.h"},
	{"--imacros=m.h", "-imacrosm.h"},
	{"--sysroot=/s", "--sysroot=/s"},
	{"--sysroot /s", "--sysroot=/s"},
	{"-isysroot /s", "-isysroot/s"},
	{"-DX", "-DX"},
	{"-D X", "-DX"},
	{"-DX=1", "-DX=1"},
	{"-DX=\\\"a\\ b\\\"", "-DX=\"a b\""},
	{"'-DX=\"a b\"'", "-DX=\"a b\""},
	{"\"-DF(x)=x\"", "-DF(x)=x"},
	{"-D -MF", "-D-MF"},
	{"-D", ""},
	{"--define-macro=X", "-DX"},
	{"--define-macro X", "-DX"},
	{"-D_FORTIFY_SOURCE=2", ""},
	{"-D _FORTIFY_SOURCE", ""},
	{"-D_FORTIFY_SOURCE_X=2", "-D_FORTIFY_SOURCE_X=2"},
	{"-UX", "-UX"},
	{"-U X", "-UX"},
	{"--undefine-macro=X", "-UX"},
	{"-undef", "-undef"},
	{"-nostdinc", "-nostdinc"},
	{"-nostdlibinc", "-nostdlibinc"},
	{"-nobuiltininc", "-nobuiltininc"},
	{"-trigraphs", "-trigraphs"},
	{"-pthread", "-pthread"},
	{"-Wp,-DX,-UY", "-DX -UY"},
	{"-Wp,-D_FORTIFY_SOURCE=2", ""},
	{"-Wp,-MMD,net/.socket.o.d", ""},
	{"-Wp,-MD,x.d,-DX", "-DX"},
	{"-Wp,", ""},
	{"-Wp,,,", ""},
	{"-Wp,-Wp,-DX", "-DX"},
	{"-Xpreprocessor -DX", "-DX"},
	{"-Xpreprocessor -MD", ""},
	/* the language */
	{"-std=c11", "-std=c11"},
	{"-std=gnu89", "-std=gnu89"},
	{"--std=c99", "-std=c99"},
	{"--std c99", "-std=c99"},
	{"-std=c++17", ""},
	{"-std=gnu++2a", ""},
	{"-std=", ""},
	{"-ansi", "-ansi"},
	{"-x c", ""},
	{"-xc", ""},
	{"-O", "-O1"},
	{"-O0", ""},
	{"-O1", "-O1"},
	{"-O2", "-O1"},
	{"-O3", "-O1"},
	{"-Og", "-O1"},
	{"-Ofast", "-O1"},
	{"-Os", "-Os"},
	{"-Oz", "-Os"},
	{"-O2 -O0", ""},
	{"-O0 -O2 -DX", "-DX -O1"},
	{"-fasm", "-fasm"},
	{"-fno-asm", "-fno-asm"},
	{"-fblocks", "-fblocks"},
	{"-fno-builtin", "-fno-builtin"},
	{"-fno-builtin-memcpy", "-fno-builtin-memcpy"},
	{"-fno-builtin-", ""},
	{"-fexceptions", "-fexceptions"},
	{"-ffreestanding", "-ffreestanding"},
	{"-fhosted", "-fhosted"},
	{"-fgnu89-inline", "-fgnu89-inline"},
	{"-fms-extensions", "-fms-extensions"},
	{"-fplan9-extensions", "-fms-extensions"},
	{"-fpack-struct=4", "-fpack-struct=4"},
	{"-fshort-enums", "-fshort-enums"},
	{"-fshort-wchar", "-fshort-wchar"},
	{"-fsigned-char", "-fsigned-char"},
	{"-funsigned-char", "-funsigned-char"},
	{"-fdollars-in-identifiers", "-fdollars-in-identifiers"},
	/* the machine */
	{"-m32", X86("-m32")},
	{"-m64", X86("-m64")},
	{"-msse4.2", X86("-msse4.2")},
	{"-mno-sse", X86("-mno-sse")},
	{"-mavx512f", X86("-mavx512f")},
	{"-mcx16", X86("-mcx16")},
	{"-march=x86-64-v3", X86("-march=x86-64-v3")},
	{"-march=haswell", X86("-march=haswell")},
	{"-march=native", ""},
	{"-march=no-such-cpu", ""},
	{"-mtune=generic", ""},
	{"-mthumb", ""},
	{"-target aarch64-linux-gnu -march=armv8-a", "--target=aarch64-linux-gnu -march=armv8-a"},
	{"-march=armv8-a --target=aarch64-linux-gnu", "-march=armv8-a --target=aarch64-linux-gnu"},
	{"--target=aarch64-linux-gnu -msse2", "--target=aarch64-linux-gnu"},
	{"--target=arm-none-eabi -mthumb -mfloat-abi=soft",
		"--target=arm-none-eabi -mthumb -mfloat-abi=soft"},
	{"--target=riscv64-linux-gnu -mabi=lp64d", "--target=riscv64-linux-gnu -mabi=lp64d"},
	{"-target -MD", ""},
	/* writes a file: the ten of a search through clang's options, in their forms */
	{"-MF out", ""},
	{"-MFout", ""},
	{"-MMD", ""},
	{"-MD", ""},
	{"-MJ out", ""},
	{"-MJout", ""},
	{"-M", ""},
	{"-MM", ""},
	{"-o out", ""},
	{"-oout", ""},
	{"--output=out", ""},
	{"--output out", ""},
	{"-dependency-file out", ""},
	{"-Xclang -dependency-file -Xclang out", ""},
	{"-dependency-dot out", ""},
	{"-Xclang -dependency-dot -Xclang out", ""},
	{"-header-include-file out", ""},
	{"-Xclang -header-include-file -Xclang out", ""},
	{"-gen-cdb-fragment-path out", ""},
	{"-fmodules -fmodules-cache-path=out", ""},
	{"-fmodules", ""},
	{"--serialize-diagnostics out", ""},
	{"-serialize-diagnostics out", ""},
	{"-Xclang -diagnostic-log-file -Xclang out", ""},
	{"-save-temps", ""},
	{"-save-temps=obj", ""},
	{"--save-temps", ""},
	{"-save-stats=obj", ""},
	{"-ftime-trace=out", ""},
	{"-ftime-trace", ""},
	{"-fproc-stat-report=out", ""},
	{"-foptimization-record-file=out", ""},
	{"-fcrash-diagnostics-dir=out", ""},
	{"-index-store-path out", ""},
	{"-dumpdir out", ""},
	{"-aux-info out", ""},
	{"-MT x", ""},
	{"-MQ x", ""},
	/* loads code, or reads what is not source */
	{"-fplugin=x.so", ""},
	{"-fplugin-arg-x-y", ""},
	{"-fpass-plugin=x.so", ""},
	{"-Xclang -load -Xclang x.so", ""},
	{"-load x.so", ""},
	{"-plugin x", ""},
	{"-Xclang=-load", ""},
	{"-mllvm -print-after-all", ""},
	{"-mllvm=-stats", ""},
	{"-cc1", ""},
	{"-emit-llvm", ""},
	{"-include-pch x.pch", ""},
	{"-include -pch", ""},
	{"-ivfsoverlay x.yaml", ""},
	{"--config x.cfg", ""},
	{"--config=x.cfg", ""},
	{"-specs=x", ""},
	{"-wrapper gdb,--args", ""},
	{"-resource-dir /x", ""},
	{"-working-directory /x", ""},
	{"-working-directory=/x", ""},
	{"-B/x", ""},
	/* other inputs */
	{"b.c", ""},
	{"x.ll", ""},
	{"-", ""},
	{"-- -DX", ""},
	{"\"\"", ""},
	/* says nothing of the meaning, or is of gcc alone */
	{"-c", ""},
	{"-g", ""},
	{"-ggdb3", ""},
	{"-W", ""},
	{"-Wall", ""},
	{"-Werror=vla", ""},
	{"-Wno-unused", ""},
	{"-Wl,-z,now", ""},
	{"-w", ""},
	{"-pipe", ""},
	{"-pedantic", ""},
	{"-fPIC", ""},
	{"-fno-pie", ""},
	{"-fwrapv", ""},
	{"-fno-strict-aliasing", ""},
	{"-fstack-protector-strong", ""},
	{"-fsanitize=address", ""},
	{"-fopenmp", ""},
	{"-flto=auto", ""},
	{"-fprofile-arcs", ""},
	{"-fconserve-stack", ""},
	{"-fno-allow-store-data-races", ""},
	{"-mindirect-branch=thunk-extern", ""},
	{"-mpreferred-stack-boundary=3", ""},
	{"-mcmodel=kernel", ""},
	{"--param=ssp-buffer-size=4", ""},
	{"--param max-inline=3 -DX", "-DX"},
	{"-lm -L /lib -DX", "-DX"},
	{"-fno-such-thing -DX", "-DX"},
	{"--no-such=thing -DX", "-DX"},
	{"-Isrc -DA -DB=2 -include c.h -std=gnu11 -O2 -g -c",
		"-Isrc -DA -DB=2 -includec.h -std=gnu11 -O1"},
};

static void each_argument_passes_or_not(void **state)
{
	struct fixture *f = *state;

	assert_true(COUNT(table) >= 150);
	/* twice: what was judged once must be remembered right */
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < COUNT(table); i++) {
			const char *cmd = arena_printf(f->mem, "cc %s a.c", table[i].in);
			const char *got;

			/* what takes a value would take the file */
			if (str_ends(table[i].out, "-- -DX") || !strcmp(table[i].in, "-- -DX"))
				cmd = arena_printf(f->mem, "cc a.c %s", table[i].in);
			else if (!strchr("=,", table[i].in[strlen(table[i].in) - 1]))
				cmd = arena_printf(f->mem, "cc a.c -c %s", table[i].in);
			got = passed(f, cmd);
			if (strcmp(got, table[i].out))
				fail_msg(
					"'%s' gave '%s', not '%s'", table[i].in, got, table[i].out);
		}
	}
}

/* Whatever a command is made of, each argument that passes begins with one of these, and is nothing
 * else to clang. The list is written anew on purpose. */
static bool may_pass(const char *arg)
{
	static const char *const values[] = {"-D", "-U", "-I", "-isystem", "-iquote", "-idirafter",
		"-include", "-imacros", "--sysroot=", "-isysroot",
		"-std=", "--target=", "-march=", "-mcpu=", "-fno-builtin-",
		"-fpack-struct=", "-mabi=", "-mfloat-abi=", "-mfpu="};
	static const char *const flags[] = {"-xc", "-O1", "-Os", "-pthread", "-m32", "-m64",
		"-msse2", "-mno-sse2", "-ansi", "-nostdinc", "-undef", "-fno-builtin",
		"-fms-extensions"};
	static const char *const never[] = {"-include-pch", "-I-", "-isystem-after"};

	for (size_t i = 0; i < COUNT(never); i++)
		if (str_starts(arg, never[i]))
			return false;
	for (size_t i = 0; i < COUNT(flags); i++)
		if (!strcmp(arg, flags[i]))
			return true;
	for (size_t i = 0; i < COUNT(values); i++)
		if (str_starts(arg, values[i]) && arg[strlen(values[i])])
			return true;
	return false;
}

static void no_mixture_lets_another_option_through(void **state)
{
	static const char *const bits[] = {"-MF", "-MD", "-MMD", "-MJ", "-M", "-o", "-D", "-I",
		"-U", "-include", "-isystem", "-iquote", "-Xclang", "-load", "-plugin",
		"-fplugin=x.so", "-dependency-file", "-dependency-dot", "-header-include-file",
		"-fmodules", "-fmodules-cache-path=/t", "-include-pch", "-pch", "-mllvm", "-target",
		"-Wp,-MD,x", "-Wp,-include,-pch", "-Wp,-D", "-Xpreprocessor", "-x", "c", "none",
		"-O2", "-O", "-march=", "-m32", "-msse2", "-std=c11", "-std", "--std", "--sysroot",
		"--", "-", "@nothing", "a.c", "out", "-serialize-diagnostics",
		"--serialize-diagnostics", "-save-temps", "-ftime-trace", "-gen-cdb-fragment-path",
		"-diagnostic-log-file", "-after", "-emit-pch", "-cc1", "--config=x",
		"-isystem-after", "-I-", "-iwithprefix", "-working-directory"};
	struct fixture *f = *state;
	uint64_t rnd = 1;

	for (int round = 0; round < 20000; round++) {
		struct sb cmd = {0};
		struct args_cmd out;

		sb_puts(&cmd, "cc");
		for (int i = 0; i < 8; i++) {
			rnd = rnd * 6364136223846793005u + 1442695040888963407u;
			sb_printf(&cmd, " %s%s", bits[(rnd >> 33) % COUNT(bits)],
				rnd >> 60 == 3 ? "x" : "");
		}
		out = filter(f, cmd.s, "a.c");
		for (uint32_t i = 0; i < out.argc; i++)
			if (!may_pass(out.argv[i]))
				fail_msg("'%s' let '%s' through", cmd.s, out.argv[i]);
		sb_free(&cmd);
	}
}

static void equal_lists_are_one(void **state)
{
	struct fixture *f = *state;
	struct args_cmd a = filter(f, "gcc -DX -Ia -c -o a.o a.c", "a.c"),
			b = filter(f, "cc -g -DX -I a a.c -Wall", "a.c");
	struct args_cmd c = filter(f, "cc -Ia -DX a.c", "a.c");

	assert_ptr_equal(a.argv, b.argv);
	assert_ptr_not_equal(a.argv, c.argv);
	assert_string_equal(a.compiler, "gcc");
	assert_string_equal(b.compiler, "cc");
	assert_int_equal(a.ndropped, 2);
	assert_int_equal(b.ndropped, 2);
}

static void the_language_is_what_the_compiler_would_take(void **state)
{
	static const struct {
		const char *cmd, *file;
		bool is_c;
	} cases[] = {
		{"cc a.c", "a.c", true},
		{"cc a.C", "a.C", false},
		{"cc a.cc", "a.cc", false},
		{"cc a.S", "a.S", false},
		{"cc a.m", "a.m", false},
		{"cc a.h", "a.h", false},
		{"cc a.ll", "a.ll", false},
		{"cc a.i", "a.i", true},
		{"g++ a.c", "a.c", false},
		{"/usr/bin/g++-12 a.c", "a.c", false},
		{"clang++ a.c", "a.c", false},
		{"ccache g++ a.c", "a.c", false},
		{"g++ -x c a.c", "a.c", true},
		{"cc -x c++ a.c", "a.c", false},
		{"cc -xassembler-with-cpp a.c", "a.c", false},
		{"cc -x c a.inc", "a.inc", true},
		{"cc -x ir a.c", "a.c", false},
		{"cc -x c -x none a.cc", "a.cc", false},
		{"cc -x c-header a.h", "a.h", false},
		{"cc", "c", false},
		{"", "a.c", true},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++)
		if (filter(f, cases[i].cmd, cases[i].file).is_c != cases[i].is_c)
			fail_msg("'%s' should%s be C", cases[i].cmd, cases[i].is_c ? "" : " not");
	assert_string_equal(filter(f, "cc -c a.i", "a.i").argv[0], "-xcpp-output");
}

static void a_cross_compiler_tells_the_target(void **state)
{
	static const struct {
		const char *cmd, *out;
	} cases[] = {
		{"arm-linux-gnueabihf-gcc-12 -mthumb a.c", "--target=arm-linux-gnueabihf -mthumb"},
		{"/opt/x/bin/aarch64-none-elf-gcc -msse2 a.c", "--target=aarch64-none-elf"},
		{"riscv64-unknown-elf-clang a.c", "--target=riscv64-unknown-elf"},
		{"xtensa-esp32-elf-gcc -mlongcalls a.c", ""},
		{"musl-gcc a.c", ""},
		{"gcc-12 a.c", ""},
		{"arm-gcc-wrapper-gcc.py a.c", ""},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(passed(f, cases[i].cmd), cases[i].out);
	assert_string_equal(filter(f, "ccache /usr/bin/cc -DX a.c", "a.c").compiler, "/usr/bin/cc");
	assert_string_equal(filter(f, "ccache a.c", "a.c").compiler, "a.c");
	assert_string_equal(filter(f, "-DX a.c", "a.c").compiler, "cc");
}

static void what_is_dropped_is_counted_by_spelling(void **state)
{
	struct fixture *f = *state;
	struct dropped *d;
	uint32_t n;
	const char *expect = "(other input) 1 known\n-MF 2 known\n-W 3 known\n-fno-such= 2 "
			     "unknown\n-o 1 known\n";
	struct sb b = {0};

	filter(f, "cc -DX -Wall -W -MF x/y.d -fno-such=/home/x -o a.o src/a.c", "a.c");
	filter(f, "cc -DX -Wextra -MF z.d -fno-such=1 b.o /w/a.c", "/w/a.c");
	d = args_dropped(f->args, &n);
	for (uint32_t i = 0; i < n; i++)
		sb_printf(&b, "%s %u %s\n", d[i].arg, d[i].count, d[i].known ? "known" : "unknown");
	assert_string_equal(b.s, expect);
	sb_free(&b);
}

static void command_lines_split_as_clang_splits_them(void **state)
{
	static const struct {
		const char *in;
		uint32_t n;
		const char *words[5];
	} cases[] = {
		{"", 0, {NULL}},
		{"   ", 0, {NULL}},
		{"a b", 2, {"a", "b"}},
		{"  a   b  ", 2, {"a", "b"}},
		{"a\tb\nc", 3, {"a", "b", "c"}},
		{"\"a b\" c", 2, {"a b", "c"}},
		{"'a b' c", 2, {"a b", "c"}},
		{"a\\ b c", 2, {"a b", "c"}},
		{"-DX=\\\"v\\\" y", 2, {"-DX=\"v\"", "y"}},
		{"\"a\\\"b\" c", 2, {"a\"b", "c"}},
		{"'a\\b' c", 2, {"a\\b", "c"}},
		{"\"a\\nb\"", 1, {"anb"}},
		{"a\"b\"'c'd", 1, {"abcd"}},
		{"\"\" a ''", 3, {"", "a", ""}},
		{"a\\", 1, {"a"}},
		{"\"open a", 1, {"open a"}},
		{"x 'y\tz' w\tv", 4, {"x", "y\tz", "w", "v"}},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct words w = {0};

		args_split(cases[i].in, strlen(cases[i].in), &w, f->mem);
		assert_int_equal(w.w.n, cases[i].n);
		for (uint32_t k = 0; k < w.w.n; k++) {
			assert_int_equal(w.w.v[k].n, strlen(cases[i].words[k]));
			assert_memory_equal(w.w.v[k].s, cases[i].words[k], w.w.v[k].n);
		}
		vec_free(&w.w);
	}
}

static int warnings;

static void count_message(void *ctx, const char *level, const char *msg)
{
	warnings++;
}

static void write_file(const char *dir, const char *name, const char *text)
{
	struct sb path = {0};

	sb_printf(&path, "%s/%s", dir, name);
	assert_int_equal(fs_write_atomic(path.s, text, strlen(text)), 0);
	sb_free(&path);
}

static const char *with_responses(struct fixture *f, const char *dir, const char *command)
{
	struct words words = {0};
	struct args_cmd out;
	struct sb b = {0};
	const char *s;

	args_split(command, strlen(command), &words, f->mem);
	args_filter(f->args, dir, (struct word){"a.c", 3}, &words, &out);
	vec_free(&words.w);
	for (uint32_t i = 1; i < out.argc; i++)
		sb_printf(&b, "%s%s", i > 1 ? " " : "", out.argv[i]);
	s = arena_strdup(f->mem, b.s ? b.s : "");
	sb_free(&b);
	return s;
}

static void response_files_are_read_within_bounds(void **state)
{
	struct fixture *f = *state;
	char dir[] = "/tmp/tvt-test-XXXXXX";
	struct sb cmd = {0};

	assert_non_null(mkdtemp(dir));
	write_file(dir, "a.rsp", "-DA -I 'x y'\n@b.rsp -MF out");
	write_file(dir, "b.rsp", "-DB");
	write_file(dir, "loop.rsp", "-DL @loop.rsp @loop.rsp");
	sb_printf(&cmd, "%s/fifo", dir);
	assert_int_equal(mkfifo(cmd.s, 0600), 0);

	assert_string_equal(with_responses(f, dir, "cc @a.rsp -DC a.c"), "-DA -Ix y -DB -DC");
	warnings = 0;
	diag_redirect(count_message, NULL);
	assert_string_equal(with_responses(f, dir, "cc @gone.rsp @fifo -DC a.c"), "-DC");
	assert_true(str_starts(with_responses(f, dir, "cc @loop.rsp a.c"), "-DL -DL "));
	diag_redirect(NULL, NULL);
	assert_int_equal(warnings, 1);

	cmd.n = 0;
	sb_printf(&cmd, "rm -r %s", dir);
	assert_int_equal(system(cmd.s), 0);
	sb_free(&cmd);
}

static void paths_in_arguments_belong_to_a_directory(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"-Iinc", "-I/b/inc"},
		{"-I../inc", "-I/inc"},
		{"-I/inc", "-I/inc"},
		{"-isystems", "-isystem/b/s"},
		{"-includex.h", "-include/b/x.h"},
		{"-DX=inc", "-DX=inc"},
		{"--sysroot=r", "--sysroot=/b/r"},
		{"-xc", "-xc"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sb b = {0};

		args_resolve("/b", cases[i].in, &b, f->mem);
		assert_string_equal(b.s, cases[i].out);
		sb_free(&b);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_argument_passes_or_not),
		TEST(no_mixture_lets_another_option_through),
		TEST(equal_lists_are_one),
		TEST(the_language_is_what_the_compiler_would_take),
		TEST(a_cross_compiler_tells_the_target),
		TEST(what_is_dropped_is_counted_by_spelling),
		TEST(command_lines_split_as_clang_splits_them),
		TEST(response_files_are_read_within_bounds),
		TEST(paths_in_arguments_belong_to_a_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
