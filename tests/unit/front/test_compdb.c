/* Compilation databases: finding, reading, merging, and what is said of those that are broken. */
#include "front/compdb.h"

#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory of its own for each test, and what was said. */
struct fixture {
	char dir[64];
	struct arena *mem;
	struct sb said;
};

static void hear(void *ctx, const char *level, const char *msg)
{
	struct fixture *f = ctx;

	sb_printf(&f->said, "%s: %s\n", level, msg);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	strcpy(f->dir, "/tmp/tvt-test-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	f->mem = arena_new();
	diag_redirect(hear, f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	struct sb cmd = {0};
	int rc;

	diag_redirect(NULL, NULL);
	sb_printf(&cmd, "chmod -R u+rwx %s && rm -r %s", f->dir, f->dir);
	rc = system(cmd.s);
	sb_free(&cmd);
	sb_free(&f->said);
	arena_free(f->mem);
	free(f);
	return rc;
}

static const char *at(struct fixture *f, const char *name)
{
	return path_join(f->mem, f->dir, name);
}

/* Writes text with every '@' replaced by the fixture's directory; makes directories as needed. */
static const char *put(struct fixture *f, const char *name, const char *text)
{
	const char *path = at(f, name);
	struct sb b = {0};

	for (size_t i = 1 + strlen(f->dir); path[i]; i++)
		if (path[i] == '/')
			(void)mkdir(arena_strndup(f->mem, path, i), 0700);
	for (; *text; text++) {
		if (*text == '@')
			sb_puts(&b, f->dir);
		else
			sb_putc(&b, *text);
	}
	assert_int_equal(fs_write_atomic(path, b.s ? b.s : "", b.n), 0);
	sb_free(&b);
	return path;
}

static struct compdb *load(struct fixture *f, const char *build_dir, const char *path)
{
	struct compdb_opts o = {.build_dir = build_dir ? at(f, build_dir) : NULL,
		.paths = &path,
		.npath = path != NULL};

	if (path)
		path = at(f, path);
	if (f->said.s)
		f->said.s[f->said.n = 0] = '\0';
	return compdb_load(&o);
}

static struct compdb *load_ok(struct fixture *f, const char *build_dir, const char *path)
{
	struct compdb *db = load(f, build_dir, path);

	if (!db)
		fail_msg("not loaded: %s", f->said.s);
	return db;
}

/* "file:args" of each unit, relative to the fixture, one a line; in f->mem. */
static const char *units(struct fixture *f, const struct compdb *db)
{
	struct sb b = {0};
	const char *s;

	for (uint32_t i = 0; i < db->ntu; i++) {
		sb_printf(&b, "%s:", path_under(f->dir, db->tus[i].file));
		for (uint32_t k = 1; k < db->tus[i].argc; k++)
			sb_printf(&b, " %s", db->tus[i].argv[k]);
		sb_putc(&b, '\n');
	}
	s = arena_strdup(f->mem, b.s ? b.s : "");
	sb_free(&b);
	return s;
}

/* ---- entries ---- */

static void commands_and_arguments_are_read(void **state)
{
	struct fixture *f = *state;
	struct compdb *db;

	put(f, "compile_commands.json",
		"[\n"
		" {\"directory\":\"@\", \"file\":\"b.c\", \"command\":\"cc -DS=\\\\\\\"x\\\\ "
		"y\\\\\\\" -I inc -c b.c -o b.o\"},\n"
		" {\"arguments\":[\"gcc\",\"-DA B\",\"-c\",\"sub/../a.c\"], "
		"\"output\":{\"x\":[1,{}]}, \"x\":[[null,true]],\n"
		"  \"file\":\"sub/../a.c\", \"directory\":\"@/./src/..\"},\n"
		" {\"directory\":\"src\", \"file\":\"c.c\", \"command\":\"clang c.c\", "
		"\"arguments\":[\"cc\",\"-DC\",\"c.c\"]}\n"
		"]\n");
	db = load_ok(f, ".", NULL);
	assert_string_equal(units(f, db), "a.c: -DA B\nb.c: -DS=\"x y\" -Iinc\nsrc/c.c: -DC\n");
	assert_int_equal(db->nentry, 3);
	assert_int_equal(db->ntu, 3);
	assert_string_equal(db->tus[0].dir, f->dir);
	assert_string_equal(db->tus[0].compiler, "gcc");
	assert_int_equal(db->tus[0].entry, 1);
	assert_int_equal(db->tus[0].ndropped, 1);
	assert_string_equal(db->tus[2].dir, at(f, "src"));
	assert_int_equal(db->npath, 0);
	assert_string_equal(f->said.s ? f->said.s : "", "");
	compdb_free(db);
}

static void what_repeats_is_one_unit(void **state)
{
	struct fixture *f = *state;
	struct compdb *db;

	put(f, "a.c", "#include <h.h>\nint x = X + Y;\n");
	put(f, "inc/h.h", "");
	put(f, "real/b.c", "");
	assert_int_equal(symlink("real", at(f, "link")), 0);
	put(f, "compile_commands.json",
		"[{\"directory\":\"@\",\"file\":\"a.c\",\"command\":\"cc -Iinc -DX -o 1.o a.c\"},"
		"{\"directory\":\"@\",\"file\":\"@/a.c\",\"command\":\"gcc -g -O0 -Iinc -DX -o 2.o "
		"@/a.c\"},"
		"{\"directory\":\"@\",\"file\":\"a.c\",\"command\":\"cc -Iinc -DY a.c\"},"
		"{\"directory\":\"@/sub\",\"file\":\"../a.c\",\"command\":\"cc -I../inc -DX "
		"../a.c\"},"
		"{\"directory\":\"@/sub\",\"file\":\"../a.c\",\"command\":\"cc -Iinc -DX ../a.c\"},"
		"{\"directory\":\"@\",\"file\":\"link/b.c\",\"command\":\"cc link/b.c\"},"
		"{\"directory\":\"@\",\"file\":\"real/b.c\",\"command\":\"cc real/b.c\"},"
		"{\"directory\":\"@\",\"file\":\"gone.c\",\"command\":\"cc gone.c\"},"
		"{\"directory\":\"@\",\"file\":\"./gone.c\",\"command\":\"cc ./gone.c\"}]");
	db = load_ok(f, ".", NULL);
	assert_string_equal(units(f, db),
		"a.c: -I../inc -DX\na.c: -Iinc -DX\na.c: -Iinc -DY\ngone.c:\nlink/b.c:\n");
	assert_int_equal(db->nentry, 9);
	assert_int_equal(db->nduplicate, 4);
	compdb_free(db);
}

/* Two commands for one file: how many units are they? */
static void what_a_file_cannot_see_makes_no_unit(void **state)
{
	static const struct {
		const char *source, *a, *b;
		uint32_t n;
	} cases[] = {
		{"int x;", "-DUSELESS", "-DOTHER=1", 1},
		{"int x;", "-DUSELESS", "", 1},
		{"int x;", "-DUSELESS", "-UUSELESS -DOTHER", 1},
		{"int x = HERE;", "-DHERE=1", "-DHERE=2", 2},
		{"#include \"sub.h\"", "-Iinc -DIN_SUB", "-Iinc", 2},
		{"#if 0\n#include <sub.h>\n#endif", "-Iinc -DIN_SUB", "-Iinc", 2},
		{"#include \"inc/top.h\"", "-DIN_SUB", "", 2},
		{"#include \"other.h\"", "-Iinc -DIN_SUB", "-Iinc", 1},
		{"int x;", "-Iinc", "-Iempty -Inone", 1},
		{"#include <sub.h>", "-Iinc", "-Iempty -Iinc", 1},
		{"#include <sub.h>", "-Iinc -Ishadow", "-Ishadow -Iinc", 2},
		{"#include <sub.h>", "-Iinc", "-iquoteshadow -Iinc", 1},
		{"#include \"sub.h\"", "-Iinc", "-iquoteshadow -Iinc", 2},
		{"#include <sub.h>", "-isystemshadow -Iinc", "-Iinc", 1},
		{"#include <deep/er.h>", "-Iinc -DIN_ER", "-Iinc", 2},
		{"#include <gone.h>", "-Iinc", "-Iempty", 1},
		{"int x;", "-include inc/sub.h -DIN_SUB", "-include inc/sub.h", 2},
		{"int x;", "-include inc/sub.h", "", 2},
		{"#include <stdio.h>", "-DUSELESS_TO_STDIO", "", 1},
		/* where it is not known what can be seen */
		{"#include HEADER", "-DHEADER=<a> -DX", "-DHEADER=<a>", 2},
		{"#include_next <sub.h>", "-DX", "", 2},
		{"#if __has_include(<sub.h>)\n#endif", "-DX", "", 2},
		{"int x;", "--sysroot=/ -DX", "--sysroot=/", 2},
		/* what the compiler and its library see */
		{"int x;", "-D_GNU_SOURCE", "", 2},
		{"int x;", "-std=c99", "-std=c11", 2},
		{"int x;", "-O2", "", 2},
	};
	struct fixture *f = *state;

	put(f, "inc/sub.h", "#ifdef IN_SUB\n#endif\n");
	put(f, "inc/top.h", "#include \"sub.h\"\n");
	put(f, "inc/deep/er.h", "#ifdef IN_ER\n#endif\n");
	put(f, "shadow/sub.h", "");
	put(f, "other.h", "#include \"other.h\"\n");
	put(f, "empty/x", "");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct compdb *db;

		put(f, "a.c", cases[i].source);
		put(f, "compile_commands.json",
			arena_printf(f->mem,
				"[{\"directory\":\"@\",\"file\":\"a.c\",\"command\":\"cc %s a.c\"},"
				"{\"directory\":\"@\",\"file\":\"a.c\",\"command\":\"cc %s a.c\"}]",
				cases[i].a, cases[i].b));
		db = load_ok(f, ".", NULL);
		if (db->ntu != cases[i].n || db->nduplicate != 2 - cases[i].n)
			fail_msg("'%s' with '%s' and '%s': %u units", cases[i].source, cases[i].a,
				cases[i].b, db->ntu);
		compdb_free(db);
	}
}

static void names_behind_links_are_those_of_the_system(void **state)
{
	struct fixture *f = *state;
	struct compdb *db;

	put(f, "disk/src/a.c", "");
	put(f, "disk/build/x", "");
	assert_int_equal(symlink("disk/build", at(f, "build")), 0);
	/* "@/build/../src" is @/disk/src, not @/src */
	put(f, "build/compile_commands.json",
		"[{\"directory\":\"@/build\",\"file\":\"../src/a.c\",\"command\":\"cc "
		"../src/a.c\"}]");
	db = load_ok(f, "build", NULL);
	assert_string_equal(units(f, db), "disk/src/a.c:\n");
	compdb_free(db);
}

static void other_languages_are_counted(void **state)
{
	struct fixture *f = *state;
	struct compdb *db;

	put(f, "compile_commands.json",
		"[{\"directory\":\"@\",\"file\":\"a.cc\",\"command\":\"c++ a.cc\"},"
		"{\"directory\":\"@\",\"file\":\"a.S\",\"command\":\"cc a.S\"},"
		"{\"directory\":\"@\",\"file\":\"a.m\",\"command\":\"cc a.m\"},"
		"{\"directory\":\"@\",\"file\":\"b.c\",\"command\":\"cc -x c++ b.c\"},"
		"{\"directory\":\"@\",\"file\":\"a.c\",\"command\":\"cc a.c\"}]");
	db = load_ok(f, ".", NULL);
	assert_string_equal(units(f, db), "a.c:\n");
	assert_int_equal(db->nother, 4);
	assert_int_equal(db->nentry, 5);
	compdb_free(db);
}

/* ---- broken ---- */

static void broken_databases_are_told_with_their_place(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{"", "1:1: the file is empty"},
		{"[]", ": no entries"},
		{" [ ]\n", ": no entries"},
		{"\n\n", "3:1: not JSON: parse error: premature EOF"},
		{"[", "1:2: not JSON: parse error: premature EOF"},
		{"[{\"directory\":\"/\",\n\"file\":\"a.c\",\n \"command\" \"cc\"}]",
			"3:15: not JSON: parse error: object key and value must be separated"},
		{"[\n{\"directory\": bad}]", "2:15: not JSON: lexical error"},
		{"[{\"directory\":\"/\",\"file\":\"a.c\",\"command\":\"cc\"},]",
			"1:48: not JSON: parse error: unallowed token"},
		{"[{\"directory\":\"/\",\"file\":\"a.c\",\"command\":\"cc\"}] x", "1:"},
		{"{}", "1:1: a compilation database is an array of objects"},
		{"\"x\"", "a compilation database is an array of objects"},
		{"[\n 1]", "2:2: entry 0 is not an object"},
		{"[[]]", "1:2: entry 0 is not an object"},
		{"[{\"directory\":\"/"
		 "\",\"file\":\"a.c\",\"command\":\"cc\"},\n{\"file\":\"a.c\",\"command\":\"cc\"}]",
			"2:1: entry 1: no 'directory'"},
		{"[{\"directory\":\"/\",\"command\":\"cc\"}]", "1:2: entry 0: no 'file'"},
		{"[{\"directory\":\"\",\"file\":\"a.c\",\"command\":\"cc\"}]",
			"entry 0: no 'directory'"},
		{"[{\"directory\":\"/\",\"file\":\"a.c\"}]",
			"entry 0: neither 'command' nor 'arguments'"},
		{"[{\"directory\":1}]", "entry 0: 'directory' is not a string"},
		{"[{\"file\":null}]", "entry 0: 'file' is not a string"},
		{"[{\"command\":[\"cc\"]}]", "entry 0: 'command' is not a string"},
		{"[{\"file\":{}}]", "entry 0: 'file' is not a string"},
		{"[{\"arguments\":\"cc\"}]", "entry 0: 'arguments' is not an array"},
		{"[{\"arguments\":{}}]", "entry 0: 'arguments' is not an array"},
		{"[{\"arguments\":[\"cc\",1]}]",
			"entry 0: 'arguments' holds something that is not a string"},
		{"[{\"arguments\":[\"cc\",[]]}]",
			"entry 0: 'arguments' holds something that is not a string"},
		{"[{\"file\":\"a\\u0000.c\"}]", "entry 0: 'file' holds a NUL"},
		{"[{\"directory\":\"/\",\"file\":\"a.cc\",\"command\":\"c++ a.cc\"}]",
			": none of the 1 entries is C"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *path = put(f, "compile_commands.json", cases[i].text);
		struct sb want = {0};

		assert_null(load(f, "compile_commands.json", NULL));
		sb_printf(&want, "error: %s:", path);
		if (!str_starts(f->said.s, want.s) || !strstr(f->said.s, cases[i].said) ||
			strchr(f->said.s, '\n')[1])
			fail_msg("'%s': said '%s', not '%s'", cases[i].text, f->said.s,
				cases[i].said);
		sb_free(&want);
	}
}

static void byte_order_marks_and_odd_bytes_pass(void **state)
{
	struct fixture *f = *state;
	struct compdb *db;

	put(f, "compile_commands.json",
		"\xEF\xBB\xBF[{\"directory\":\"@\",\"file\":\"\xE4.c\",\"command\":\"cc -DX=\xFF "
		"a.c\"}]");
	db = load_ok(f, ".", NULL);
	assert_string_equal(units(f, db), "\xE4.c: -DX=\xFF\n");
	compdb_free(db);
}

static void depth_is_no_danger(void **state)
{
	struct fixture *f = *state;
	struct sb b = {0};
	struct compdb *db;

	sb_printf(&b, "[{\"directory\":\"/\",\"file\":\"a.c\",\"command\":\"cc\",\"x\":");
	for (int i = 0; i < 100000; i++)
		sb_puts(&b, i & 1 ? "{\"\":" : "[");
	sb_puts(&b, "0");
	for (int i = 100000; i-- > 0;)
		sb_puts(&b, i & 1 ? "}" : "]");
	sb_puts(&b, "}]");
	put(f, "compile_commands.json", b.s);
	db = load_ok(f, ".", NULL);
	assert_int_equal(db->ntu, 1);
	compdb_free(db);
	b.s[b.n / 2] = '\0';
	put(f, "compile_commands.json", b.s);
	assert_null(load(f, ".", NULL));
	sb_free(&b);
}

static void only_regular_files_are_read(void **state)
{
	struct fixture *f = *state;
	struct compdb_opts zero = {.build_dir = "/dev/zero"};

	assert_int_equal(mkfifo(at(f, "compile_commands.json"), 0600), 0);
	assert_null(load(f, ".", NULL));
	assert_non_null(strstr(f->said.s, "not a regular file"));
	assert_null(load(f, NULL, "."));
	assert_non_null(strstr(f->said.s, "not a regular file"));
	assert_null(compdb_load(&zero));
	assert_int_equal(mkdir(at(f, "d"), 0700), 0);
	assert_int_equal(mkdir(at(f, "d/compile_commands.json"), 0700), 0);
	assert_null(load(f, "d", NULL));
	assert_non_null(strstr(f->said.s, "is a directory"));
}

static void what_may_not_be_read_is_told(void **state)
{
	struct fixture *f = *state;
	bool root = geteuid() == 0;

	put(f, "d/compile_commands.json", "[]");
	if (root) {
		assert_int_equal(chown(f->dir, 65534, 65534), 0);
		assert_int_equal(chown(at(f, "d"), 65534, 65534), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	assert_int_equal(chmod(at(f, "d"), 0), 0);
	assert_null(load(f, "d", NULL));
	assert_non_null(strstr(f->said.s, "Permission denied"));
	assert_null(load(f, NULL, "d/x.c"));
	assert_non_null(strstr(f->said.s, "Permission denied"));
	assert_null(load(f, NULL, "d"));
	assert_non_null(strstr(f->said.s, "Permission denied"));
	assert_int_equal(chmod(at(f, "d"), 0700), 0);
	if (root)
		assert_int_equal(seteuid(0), 0);
}

static void large_databases_need_little_memory(void **state)
{
	struct fixture *f = *state;
	struct sb b = {0}, flags = {0};
	struct compdb *db;
	size_t used;

	for (int i = 0; i < 60; i++)
		sb_printf(&flags, " -Isome/directory/%d -DSOME_MACRO_%d=%d -Wno-warning-%d", i, i,
			i, i);
	sb_puts(&b, "[");
	for (int i = 0; i < 4000; i++)
		sb_printf(&b,
			"%s{\"directory\":\"/w\",\"file\":\"f%d.c\",\"command\":\"cc%s -o f%d.o "
			"f%d.c\"}\n",
			i ? "," : "", i, flags.s, i, i);
	sb_puts(&b, "]");
	assert_true(b.n > 10 << 20);
	put(f, "compile_commands.json", b.s);
	db = load_ok(f, ".", NULL);
	assert_int_equal(db->ntu, 4000);
	assert_ptr_equal(db->tus[0].argv, db->tus[3999].argv);
	used = arena_size(db->mem);
	assert_true(used < 1 << 20);
	compdb_free(db);
	sb_free(&b);
	sb_free(&flags);
}

/* ---- finding ---- */

#define ONE "[{\"directory\":\"@\",\"file\":\"src/a.c\",\"command\":\"cc -DONE src/a.c\"}]"
#define TWO "[{\"directory\":\"@\",\"file\":\"src/a.c\",\"command\":\"cc -DTWO src/a.c\"}]"

static void expect_database(struct fixture *f, const char *path, const char *database)
{
	struct compdb *db = load_ok(f, NULL, path);

	assert_string_equal(db->path, at(f, database));
	compdb_free(db);
}

static void databases_are_looked_for_as_clangd_does(void **state)
{
	struct fixture *f = *state;

	put(f, "src/a.c", "");
	assert_null(load(f, NULL, "src"));
	assert_non_null(strstr(f->said.s, "error: no compile_commands.json for"));
	put(f, "src/build-x/compile_commands.json", ONE);
	expect_database(f, "src", "src/build-x/compile_commands.json");
	put(f, "src/cmake-build-debug/compile_commands.json", TWO);
	assert_null(load(f, NULL, "src"));
	assert_non_null(strstr(f->said.s, "several compilation databases; choose one with -p: '"));
	assert_true(
		strstr(f->said.s, "/src/build-x'") < strstr(f->said.s, "/src/cmake-build-debug'"));
	/* in the project's root, wherever below one starts */
	put(f, ".git/HEAD", "");
	put(f, "build-a/compile_commands.json", ONE);
	expect_database(f, "src", "build-a/compile_commands.json");
	expect_database(f, "src/a.c", "build-a/compile_commands.json");
	/* what is above goes before */
	put(f, "build/compile_commands.json", ONE);
	expect_database(f, "src/a.c", "build/compile_commands.json");
	put(f, "compile_commands.json", ONE);
	expect_database(f, "src/a.c", "compile_commands.json");
	put(f, "src/build/compile_commands.json", ONE);
	expect_database(f, "src", "src/build/compile_commands.json");
}

static void p_says_where(void **state)
{
	struct fixture *f = *state;
	struct compdb *db;

	put(f, "src/a.c", "");
	put(f, "compile_commands.json", ONE);
	put(f, "odd.json", TWO);
	db = load_ok(f, "odd.json", "src/a.c");
	assert_string_equal(units(f, db), "src/a.c: -DTWO\n");
	compdb_free(db);
	assert_null(load(f, "src", NULL));
	assert_non_null(strstr(f->said.s, "no compile_commands.json there"));
	assert_null(load(f, "nothing", NULL));
	assert_non_null(strstr(f->said.s, "No such file or directory"));
}

static void files_without_an_entry_take_the_nearest_command(void **state)
{
	struct fixture *f = *state;
	const char *names[4] = {at(f, "x/new.c"), at(f, "y/b.h"), at(f, "x"), at(f, "notes.txt")};
	struct compdb_opts o = {.paths = names, .npath = 4};
	struct compdb *db;

	put(f, "x/new.c", "");
	put(f, "y/b.h", "");
	put(f, "notes.txt", "");
	put(f, "compile_commands.json",
		"[{\"directory\":\"@\",\"file\":\"w/a.c\",\"command\":\"cc -DA w/a.c\"},"
		"{\"directory\":\"@\",\"file\":\"x/a.c\",\"command\":\"cc -DX x/a.c\"},"
		"{\"directory\":\"@\",\"file\":\"z/b.c\",\"command\":\"cc -DB z/b.c\"}]");
	db = compdb_load(&o);
	assert_non_null(db);
	assert_string_equal(
		units(f, db), "w/a.c: -DA\nx/a.c: -DX\nx/new.c: -DX\ny/b.h: -DB\nz/b.c: -DB\n");
	assert_int_equal(db->tus[2].entry, NONE);
	assert_int_equal(db->npath, 4);
	assert_string_equal(db->paths[0], names[0]);
	assert_non_null(strstr(f->said.s, "note: '"));
	assert_non_null(strstr(f->said.s, "notes.txt' is not C"));
	compdb_free(db);
	/* an entry by another name is one */
	assert_int_equal(symlink("x", at(f, "link")), 0);
	put(f, "x/a.c", "");
	db = load_ok(f, NULL, "link/a.c");
	assert_int_equal(db->ntu, 3);
	compdb_free(db);
	assert_null(load(f, NULL, "gone.c"));
	assert_non_null(strstr(f->said.s, "No such file or directory"));
}

static void a_file_alone_is_taken_with_default_flags(void **state)
{
	struct fixture *f = *state;
	const char *names[2] = {at(f, "a.c"), at(f, "b.c")};
	struct compdb_opts o = {.paths = names, .npath = 2};
	struct compdb *db;

	put(f, "a.c", "");
	put(f, "b.c", "");
	db = compdb_load(&o);
	assert_non_null(db);
	assert_null(db->path);
	assert_string_equal(units(f, db), "a.c:\nb.c:\n");
	assert_string_equal(db->tus[0].argv[0], "-xc");
	assert_string_equal(db->tus[0].dir, f->dir);
	assert_string_equal(db->root, f->dir);
	/* once, for both */
	assert_ptr_equal(strstr(f->said.s, "default flags"), strrchr(f->said.s, 'd'));
	compdb_free(db);
	f->said.s[f->said.n = 0] = '\0';
	o.quiet = true;
	compdb_free(compdb_load(&o));
	assert_string_equal(f->said.s, "");
}

/* ---- the root ---- */

static void the_root_holds_the_code(void **state)
{
	static const struct {
		const char *made, *database, *dir, *files[3], *root;
	} cases[] = {
		/* one directory of sources, commands run above it */
		{NULL, "compile_commands.json", "@", {"src/a.c", "src/b.c"}, "."},
		/* built inside the project */
		{NULL, "build/compile_commands.json", "@/build", {"../src/a.c", "../src/b.c"}, "."},
		/* built elsewhere, with a generated file */
		{NULL, "out/b/compile_commands.json", "@/out/b",
			{"../../p/x/a.c", "../../p/y/b.c", "gen.c"}, "p"},
		{"p/.git/HEAD", "out/b/compile_commands.json", "@/out/b",
			{"../../p/x/y/a.c", "../../p/x/y/b.c"}, "p"},
		/* names that share a beginning but no directory */
		{NULL, "out/b/compile_commands.json", "@/out/b",
			{"../../p/ab/a.c", "../../p/ac/b.c"}, "p"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sb b = {0};
		struct compdb *db;
		const char *dir = arena_strdup(f->mem, f->dir);

		strcpy(f->dir, arena_printf(f->mem, "%s/%zu", dir, i));
		assert_int_equal(mkdir(f->dir, 0700), 0);
		sb_puts(&b, "[");
		for (int k = 0; k < 3 && cases[i].files[k]; k++) {
			put(f,
				path_join(f->mem, cases[i].dir + 1 + (cases[i].dir[1] == '/'),
					cases[i].files[k]),
				"");
			sb_printf(&b, "%s{\"directory\":\"%s\",\"file\":\"%s\",\"command\":\"cc\"}",
				k ? "," : "", cases[i].dir, cases[i].files[k]);
		}
		sb_puts(&b, "]");
		if (cases[i].made)
			put(f, cases[i].made, "");
		put(f, cases[i].database, b.s);
		db = load_ok(f, cases[i].database, NULL);
		assert_string_equal(db->root, at(f, cases[i].root));
		compdb_free(db);
		sb_free(&b);
		strcpy(f->dir, dir);
	}
}

static void the_dump_tells_all(void **state)
{
	struct fixture *f = *state;
	struct sb out = {0}, want = {0};
	struct compdb *db;

	put(f, "src/a.c", "");
	put(f, "compile_commands.json",
		"[{\"directory\":\"@\",\"file\":\"src/a.c\",\"command\":\"cc -DX -O2 -g -fnew "
		"src/a.c\"}]");
	db = load_ok(f, ".", "src");
	compdb_dump(db, &out);
	sb_printf(&want,
		"database %s/compile_commands.json\nroot %s\nentries 1: 1 units, 0 repeated, 0 not "
		"C\n"
		"report %s/src\n\nunit src/a.c\n\tin %s\n\tby cc\n\tentry 0, 2 arguments left out\n"
		"\targ -xc\n\targ -DX\n\targ -O1\n\nleft out\n\t       1 -fnew  (unknown)\n\t      "
		" 1 -g\n",
		f->dir, f->dir, f->dir, f->dir);
	assert_string_equal(out.s, want.s);
	compdb_free(db);
	sb_free(&out);
	sb_free(&want);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(commands_and_arguments_are_read),
		TEST(what_repeats_is_one_unit),
		TEST(what_a_file_cannot_see_makes_no_unit),
		TEST(names_behind_links_are_those_of_the_system),
		TEST(other_languages_are_counted),
		TEST(broken_databases_are_told_with_their_place),
		TEST(byte_order_marks_and_odd_bytes_pass),
		TEST(depth_is_no_danger),
		TEST(only_regular_files_are_read),
		TEST(what_may_not_be_read_is_told),
		TEST(large_databases_need_little_memory),
		TEST(databases_are_looked_for_as_clangd_does),
		TEST(p_says_where),
		TEST(files_without_an_entry_take_the_nearest_command),
		TEST(a_file_alone_is_taken_with_default_flags),
		TEST(the_root_holds_the_code),
		TEST(the_dump_tells_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
