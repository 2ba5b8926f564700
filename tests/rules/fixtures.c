/* fixtures.c - runs the tool on every rule's fixtures and on the code in its page.
 *
 *	fixtures TVT_LINT RULES_DIR [RULE]
 *
 * A fixture is a C file rules/<id>/fixtures/NAME.c. A line that ends in `//! rule` must be reported by that rule,
 * and no other line may be reported by the rule whose folder it is. NAME tells the verdict:
 *	*_bad	has at least one such line
 *	*_ok	has none: the near miss
 *	fp_*	a known false alarm: its `//!` lines are reported, though they should not be
 *	fn_*	a known miss: a line that ends in `//? rule` should be reported, but is not
 * fp_ and fn_ are counted and printed: they are the rule's honest limits. The exact words of all findings are in
 * fixtures/expected.txt; TVT_ACCEPT=1 writes that file anew.
 *
 * The page's blocks ```c bad must be reported by the rule, ```c good must not.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *tool;
static int failures, nfixture, nfp, nfn, nblock;

static void fail(const char *where, const char *what)
{
	printf("FAIL %s: %s\n", where, what);
	failures++;
}

/* Fixtures run in a directory of their own, outside any checkout: the root, and so the words, are the same
 * wherever the sources are. */
static char scratch[] = "/tmp/tvt-fixtures-XXXXXX";

static void copy_file(const char *from_dir, const char *file)
{
	char from[2048], to[2048];
	snprintf(from, sizeof from, "%s/%s", from_dir, file);
	snprintf(to, sizeof to, "%s/%s", scratch, file);
	FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	int c;
	while (in && out && (c = getc(in)) != EOF)
		putc(c, out);
	if (in)
		fclose(in);
	if (out)
		fclose(out);
}

static void remove_file(const char *file)
{
	char path[2048];
	snprintf(path, sizeof path, "%s/%s", scratch, file);
	unlink(path);
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	if (!f)
		return NULL;
	size_t cap = 1 << 20, n;
	char *s = malloc(cap);
	n = fread(s, 1, cap - 1, f);
	s[n] = 0;
	fclose(f);
	return s;
}

/* The tool's output in concise form, file names without their directory. */
static char *run(const char *dir, const char *file, int *status)
{
	char cmd[4096];
	snprintf(cmd, sizeof cmd, "cd '%s' && '%s' check --all -q --color=never --format=concise '%s' 2>&1", dir, tool, file);
	FILE *p = popen(cmd, "r");
	size_t cap = 1 << 20, n = 0, got;
	char *out = malloc(cap);
	while ((got = fread(out + n, 1, cap - 1 - n, p)) > 0)
		n += got;
	out[n] = 0;
	int st = pclose(p);
	*status = WIFEXITED(st) ? WEXITSTATUS(st) : 128;
	return out;
}

/* Is `file:line:` reported with [rule]? */
static bool reported(const char *out, const char *file, int line, const char *rule)
{
	char head[512], tail[300];
	snprintf(head, sizeof head, "%s:%d:", file, line);
	snprintf(tail, sizeof tail, "[%s]", rule);
	for (const char *at = out; (at = strstr(at, head)); at++) {
		if (at != out && at[-1] != '\n')
			continue;
		const char *end = strchr(at, '\n'), *id = strstr(at, tail);
		if (id && (!end || id < end))
			return true;
	}
	return false;
}

static int count_rule(const char *out, const char *rule)
{
	char tail[300];
	int n = 0;
	snprintf(tail, sizeof tail, "[%s]", rule);
	for (const char *at = out; (at = strstr(at, tail)); at++)
		n++;
	return n;
}

/* Marks `//! id` or `//? id` in a line; several ids may follow, apart by spaces. */
static bool marked(const char *line, size_t len, const char *mark, const char *rule)
{
	char buf[1024];
	snprintf(buf, sizeof buf, "%.*s", (int)len, line);
	char *at = strstr(buf, mark);
	if (!at)
		return false;
	for (char *word = strtok(at + 3, " \t"); word; word = strtok(NULL, " \t"))
		if (!strcmp(word, rule))
			return true;
	return false;
}

static void check_lines(const char *dir, const char *file, const char *rule, const char *out)
{
	char path[2048], where[2200];
	snprintf(path, sizeof path, "%s/%s", dir, file);
	char *text = slurp(path);
	int line = 1, bad = 0, missed = 0;
	for (const char *at = text; *at; line++) {
		size_t len = strcspn(at, "\n");
		bool want = marked(at, len, "//!", rule), miss = marked(at, len, "//?", rule);
		bool have = reported(out, file, line, rule);
		snprintf(where, sizeof where, "%s:%d", path, line);
		if (want && !have)
			fail(where, "not reported");
		if (!want && have)
			fail(where, miss ? "reported now: turn the known miss into a _bad fixture" : "reported, but not announced");
		bad += want;
		missed += miss;
		at += len + (at[len] == '\n');
	}
	bool fp = !strncmp(file, "fp_", 3), fn = !strncmp(file, "fn_", 3);
	if (strstr(file, "_bad.c") && !bad)
		fail(path, "a _bad fixture without a //! line");
	if (strstr(file, "_ok.c") && bad)
		fail(path, "an _ok fixture with a //! line");
	if (fp && !bad)
		fail(path, "an fp_ fixture without a //! line");
	if (fn && !missed)
		fail(path, "an fn_ fixture without a //? line");
	if (!fp && !fn && !strstr(file, "_bad.c") && !strstr(file, "_ok.c"))
		fail(path, "name must end in _bad or _ok, or begin with fp_ or fn_");
	nfp += fp;
	nfn += fn;
	free(text);
}

static int only_c(const struct dirent *d)
{
	size_t n = strlen(d->d_name);
	return n > 2 && !strcmp(d->d_name + n - 2, ".c");
}

static void check_fixtures(const char *rules, const char *rule)
{
	char dir[1024], golden[2048];
	struct dirent **names;
	snprintf(dir, sizeof dir, "%s/%s/fixtures", rules, rule);
	int n = scandir(dir, &names, only_c, alphasort);
	if (n <= 0) {
		fail(dir, "no fixtures");
		return;
	}
	char *all = calloc(1, 1 << 22);
	bool bad = false, ok = false;
	for (int i = 0; i < n; i++) {
		int status;
		copy_file(dir, names[i]->d_name);
		char *out = run(scratch, names[i]->d_name, &status);
		remove_file(names[i]->d_name);
		if (status > 1) {
			fail(names[i]->d_name, "the tool could not analyse it");
			printf("%s", out);
		}
		check_lines(dir, names[i]->d_name, rule, out);
		strncat(all, out, (1 << 22) - 1 - strlen(all));
		bad |= strstr(names[i]->d_name, "_bad.c") != NULL;
		ok |= strstr(names[i]->d_name, "_ok.c") != NULL;
		nfixture++;
		free(out);
		free(names[i]);
	}
	free(names);
	if (!bad)
		fail(dir, "no _bad fixture");
	if (!ok)
		fail(dir, "no near miss (_ok)");
	snprintf(golden, sizeof golden, "%s/expected.txt", dir);
	if (getenv("TVT_ACCEPT")) {
		FILE *f = fopen(golden, "w");
		fputs(all, f);
		fclose(f);
	} else {
		char *want = slurp(golden);
		if (!want || strcmp(want, all)) {
			fail(golden, "the words have changed (TVT_ACCEPT=1 writes it anew); now:");
			printf("%s", all);
		}
		free(want);
	}
	free(all);
}

static void check_page(const char *rules, const char *rule)
{
	static const char *const sections[] = {"## What it finds", "## Why it matters", "## Example", "## Instead", "## Known limits"};
	char path[1024];
	snprintf(path, sizeof path, "%s/%s/README.md", rules, rule);
	char *page = slurp(path);
	if (!page) {
		fail(path, "no page");
		return;
	}
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
		if (!strstr(page, sections[i]))
			fail(path, sections[i]);
	bool bad = false, good = false;
	for (char *at = page; (at = strstr(at, "\n```c ")); ) {
		bool want = !strncmp(at + 6, "bad", 3);
		char *code = strchr(at + 1, '\n') + 1, *end = strstr(code, "\n```");
		char file[2048];
		snprintf(file, sizeof file, "%s/block.c", scratch);
		FILE *f = fopen(file, "w");
		fwrite(code, 1, (size_t)(end - code) + 1, f);
		fclose(f);
		int status;
		char *out = run(scratch, "block.c", &status);
		if (status > 1)
			fail(path, "a code block could not be analysed"), printf("%s", out);
		else if (want != (count_rule(out, rule) > 0))
			fail(path, want ? "a `c bad` block is not reported" : "a `c good` block is reported"), printf("%s", out);
		remove_file("block.c");
		free(out);
		nblock++;
		bad |= want;
		good |= !want;
		at = end;
	}
	if (!bad || !good)
		fail(path, "needs a ```c bad and a ```c good block");
	free(page);
}

static int only_rules(const struct dirent *d)
{
	return strchr(d->d_name, '-') != NULL;
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: fixtures TVT_LINT RULES_DIR [RULE]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	tool = argv[1];
	if (!mkdtemp(scratch)) {
		perror("mkdtemp");
		return 2;
	}
	struct dirent **names;
	int n = scandir(argv[2], &names, only_rules, alphasort), nrule = 0;
	for (int i = 0; i < n; i++) {
		if (argc > 3 && strcmp(argv[3], names[i]->d_name))
			continue;
		char code[1024];
		snprintf(code, sizeof code, "%s/%s/rule.c", argv[2], names[i]->d_name);
		if (access(code, F_OK) < 0)
			continue; /* a page that belongs to no rule */
		check_fixtures(argv[2], names[i]->d_name);
		check_page(argv[2], names[i]->d_name);
		nrule++;
	}
	rmdir(scratch);
	printf("%d rules, %d fixtures, %d known false alarms, %d known misses, %d code blocks: %d failures\n", nrule, nfixture, nfp,
		nfn, nblock, failures);
	return failures != 0 || nrule == 0;
}
