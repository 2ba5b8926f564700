/* golden.c - is the IR of each .c beside this file what the .tir beside it says?
 *
 *	golden DIR [--update]
 *
 * One process for all files, as loading libclang takes longer than lowering them. The first line of
 *a .c may say after "//:" what to print and how to compile it: "--all" for types and declarations
 *too, flags behind
 * "--". Paths are printed relative to DIR, and places in the system's headers, which differ from
 *machine to machine, as "system".
 */
#include "front/lower.h"

#include <dirent.h>
#include <pthread.h>

struct golden {
	const char *dir;
	bool update;
	uint32_t nfile, nfailed;
};

/* ---- printing ---- */

static const char *read_back(const struct ir *ir)
{
	struct sb once = {0}, twice = {0};
	struct ir *copy;
	const char *msg = "";

	ir_print(ir, &once);
	copy = ir_parse("text form", once.s);
	if (!copy) {
		msg = "the text form cannot be read back";
	} else {
		ir_print(copy, &twice);
		if (strcmp(once.s, twice.s))
			msg = "the text form reads back as something else";
	}
	ir_free(copy);
	sb_free(&once);
	sb_free(&twice);
	return msg;
}

/* "/usr/include/x.h:1:2(M)" and the like, up to a space or parenthesis. */
static size_t system_place(const char *s)
{
	return str_starts(s, "~/usr/") || str_starts(s, "@/usr/") ? strcspn(s, " (\n") : 0;
}

static void normalise(const char *s, const char *dir, struct sb *out)
{
	size_t n = strlen(dir), skip;

	while (*s) {
		if ((s[-1] == '\n') && str_starts(s, "file \"/usr/")) {
			s += strcspn(s, "\n");
			s += *s == '\n';
		} else if (!strncmp(s, dir, n) && s[n] == '/') {
			s += n + 1;
		} else if ((skip = system_place(s))) {
			sb_putc(out, *s);
			sb_puts(out, "system");
			s += skip;
		} else {
			sb_putc(out, *s++);
		}
	}
}

static void print(const struct lower_result *r, bool all, const char *dir, struct sb *out)
{
	struct sb b = {0};

	sb_putc(&b, '\n');
	if (r->nerror)
		sb_printf(&b, "// %u errors, the first: %s\n", r->nerror, r->first_error);
	if (all)
		ir_print(r->ir, &b);
	for (uint32_t i = 0; !all && i < r->ir->nfns; i++)
		if (r->ir->fns[i].nblock)
			ir_print_fn(r->ir, i, &b);
	normalise(b.s + 1, dir, out);
	sb_free(&b);
}

/* ---- comparing ---- */

static size_t line_len(const char *s)
{
	return strcspn(s, "\n");
}

/* Says where want and got begin to differ. */
static bool same(const char *name, const char *want, const char *got)
{
	unsigned line = 1;

	while (*want && line_len(want) == line_len(got) && !strncmp(want, got, line_len(want))) {
		got += line_len(got);
		want += line_len(want);
		if (!*want || !*got)
			break;
		want++;
		got++;
		line++;
	}
	if (!*want && !*got)
		return true;
	printf("%s:%u:\n\twant: %.*s\n\tgot:  %.*s\n", name, line, (int)line_len(want), want,
		(int)line_len(got), got);
	return false;
}

/* Splits the text after "//:" at the beginning of the file into words. */
static uint32_t options(
	struct arena *a, const char *text, const char **argv, uint32_t max, bool *all)
{
	uint32_t argc = 0;
	bool flags = false;
	char *s, *word;

	*all = false;
	if (!str_starts(text, "//:"))
		return 0;
	s = arena_strndup(a, text + 3, line_len(text) - 3);
	while ((word = strsep(&s, " "))) {
		if (!strcmp(word, "--all") && !flags)
			*all = true;
		else if (!strcmp(word, "--"))
			flags = true;
		else if (*word && argc < max)
			argv[argc++] = word;
	}
	return argc;
}

static bool check(struct golden *g, struct arena *a, const char *file)
{
	const char *argv[16], *path = path_join(a, g->dir, file), *msg;
	struct tu_cmd cmd = {
		.file = path, .dir = g->dir, .argv = argv, .compiler = "cc", .entry = NONE};
	char *tir = arena_printf(a, "%.*s.tir", (int)(strlen(path) - 2), path), *text;
	struct lower_result r;
	struct sb out = {0};
	size_t size;
	bool all, ok = false;

	if (fs_read(path, &text, &size) < 0)
		return false;
	cmd.argc = options(a, text, argv, COUNT(argv), &all);
	free(text);
	if (lower_parse(&cmd, &r) < 0) {
		printf("%s: %s\n", file, r.first_error);
		lower_result_free(&r);
		return false;
	}
	msg = ir_check(r.ir, a);
	if (!*msg)
		msg = read_back(r.ir);
	print(&r, all, g->dir, &out);
	if (*msg)
		printf("%s: %s\n", file, msg);
	else if (g->update)
		ok = !fs_write_atomic(tir, out.s, out.n);
	else if (!fs_read(tir, &text, &size)) {
		ok = same(path_base(tir), text, out.s);
		free(text);
	}
	sb_free(&out);
	lower_result_free(&r);
	return ok;
}

static int is_input(const struct dirent *d)
{
	return str_ends(d->d_name, ".c") && strcmp(d->d_name, "golden.c") &&
	       strcmp(d->d_name, "lower_main.c");
}

static void *run(void *arg)
{
	struct golden *g = arg;
	struct dirent **files;
	int n = scandir(g->dir, &files, is_input, alphasort);

	for (int i = 0; i < n; i++) {
		struct arena *a = arena_new();

		g->nfile++;
		g->nfailed += !check(g, a, files[i]->d_name);
		arena_free(a);
		free(files[i]);
	}
	if (n >= 0)
		free(files);
	return NULL;
}

int main(int argc, char **argv)
{
	struct golden g = {0};
	pthread_attr_t attr;
	pthread_t thread;

	if (argc < 2)
		return -error("usage: golden DIR [--update]");
	g.dir = realpath(argv[1], NULL);
	g.update = argc > 2 && !strcmp(argv[2], "--update");
	if (!g.dir || clang_load(NULL) < 0)
		return 1;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, (size_t)64 << 20);
	if (pthread_create(&thread, &attr, run, &g))
		return -error("cannot start a thread");
	pthread_join(thread, NULL);
	printf("%u files, %u failures\n", g.nfile, g.nfailed);
	return g.nfailed || !g.nfile;
}
