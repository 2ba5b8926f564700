/* lower_main.c - prints the IR of one file, for looking at what the front end does.
 *
 *	lower_main [--root DIR] [--all | --fn NAME] FILE [-- FLAG...]
 *
 * Prints the functions that have code; with --all also types, records, globals and declarations,
 *with
 * --fn only that function. Paths below DIR are printed relative to it. Exits with 1 if the file
 *cannot be parsed or the IR violates an invariant; errors in the file itself are printed as a
 *comment.
 */
#include "front/lower.h"

#include <pthread.h>

struct options {
	const char *root, *fn, *file;
	bool all;
	const char *const *argv;
	uint32_t argc;
};

/* Without every mention of "root/". */
static void put_relative(const char *s, const char *root)
{
	size_t n = root ? strlen(root) : 0;
	const char *at;

	while (n && (at = strstr(s, root)) && at[n] == '/') {
		fwrite(s, 1, (size_t)(at - s), stdout);
		s = at + n + 1;
	}
	fputs(s, stdout);
}

static void print(const struct options *o, const struct lower_result *r)
{
	struct sb out = {0};

	if (r->nerror)
		sb_printf(&out, "// %u errors, the first: %s\n", r->nerror, r->first_error);
	if (o->all)
		ir_print(r->ir, &out);
	for (uint32_t i = 0; !o->all && i < r->ir->nfns; i++)
		if (r->ir->fns[i].nblock &&
			(!o->fn || !strcmp(ir_text_of(r->ir, r->ir->fns[i].name), o->fn)))
			ir_print_fn(r->ir, i, &out);
	put_relative(out.s ? out.s : "", o->root);
	sb_free(&out);
}

static void *run(void *arg)
{
	struct options *o = arg;
	struct arena *a = arena_new();
	char *cwd = path_cwd(a);
	struct tu_cmd cmd = {.file = path_join(a, cwd, o->file),
		.dir = cwd,
		.argv = o->argv,
		.argc = o->argc,
		.compiler = "cc",
		.entry = NONE};
	struct lower_result r;
	const char *msg = "";

	if (lower_parse(&cmd, &r) < 0) {
		error("%s", r.first_error);
		msg = NULL;
	} else {
		print(o, &r);
		msg = ir_check(r.ir, a);
		if (*msg) {
			error("%s", msg);
			msg = NULL;
		}
	}
	lower_result_free(&r);
	arena_free(a);
	return msg ? o : NULL;
}

int main(int argc, char **argv)
{
	struct options o = {0};
	pthread_attr_t attr;
	pthread_t thread;
	void *ok = NULL;
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--root") && i + 1 < argc)
			o.root = argv[++i];
		else if (!strcmp(argv[i], "--all"))
			o.all = true;
		else if (!strcmp(argv[i], "--fn") && i + 1 < argc)
			o.fn = argv[++i];
		else
			o.file = argv[i];
	}
	if (!o.file)
		return -error(
			"usage: lower_main [--root DIR] [--all | --fn NAME] FILE [-- FLAG...]");
	if (i < argc)
		i++;
	o.argv = (const char *const *)argv + i;
	o.argc = (uint32_t)(argc - i);
	if (clang_load(NULL) < 0)
		return 1;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, (size_t)64 << 20);
	if (pthread_create(&thread, &attr, run, &o))
		return -error("cannot start a thread");
	pthread_join(thread, &ok);
	return ok ? 0 : 1;
}
