/* fuzz.c - the reader against damaged files.
 *
 * usage: fuzz PROGRAM [ROUNDS [SEED]]
 *
 * Traces PROGRAM once, then damages a copy of its process file and of the JSON again and again and
 * reads, prints and writes what is left. The sanitizers are the judges; here it only must not die,
 * and indexes must lead somewhere.
 */
#include "base/base.h"
#include "runtime/trace/format.h"
#include "runtime/trace/run.h"

#include <dirent.h>
#include <unistd.h>

static uint64_t state;

static uint64_t random_u64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void ignore(void *ctx, const char *level, const char *msg)
{
}

static void put_file(const char *path, const char *data, size_t size)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
		exit(2);
}

/* Reads, checks and uses a tracefile. */
static void use(struct tracefile *t, FILE *null, const char *json)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < t->nrecord; i++) {
		const struct tracefile_record *r = &t->records[i];

		if (r->process >= t->nprocess || r->thread >= t->nthread ||
			(r->loop != TRACEFILE_NONE && r->loop >= t->nloop) ||
			(r->nframe && r->site >= r->nframe) ||
			(r->callback != TRACEFILE_NONE && r->callback >= r->nframe)) {
			printf("record %u leads nowhere\n", i);
			exit(1);
		}
	}
	tracefile_print(t, null, true);
	if (json)
		tracefile_write(t, json);
	tracefile_free(t);
}

/* An offset where something is: tables are mostly empty. */
static size_t interesting(const struct trace_file *f)
{
	size_t at[] = {0, offsetof(struct trace_file, module), offsetof(struct trace_file, thread),
		offsetof(struct trace_file, loop), offsetof(struct trace_file, site)};
	size_t size[] = {sizeof f->h, f->h.nmodule * sizeof *f->module,
		f->h.nthread * sizeof *f->thread, f->h.nloop * sizeof *f->loop,
		f->h.nsite * sizeof *f->site};
	size_t which = random_u64() % COUNT(at);

	return at[which] + (size[which] ? random_u64() % size[which] : 0);
}

static void damage(char *data, size_t size, const struct trace_file *orig)
{
	static const uint64_t values[] = {
		0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, UINT64_MAX, INT64_MAX};

	for (unsigned n = 1 + random_u64() % 12; n; n--) {
		size_t at = orig ? interesting(orig) : random_u64() % size;
		uint64_t v = random_u64() % 2 ? values[random_u64() % COUNT(values)] : random_u64();
		size_t len = random_u64() % 3 ? 4 : random_u64() % 2 ? 1 : 8;

		if (orig && len > 1)
			at &= ~(size_t)3; /* whole members */
		if (at + len <= size)
			memcpy(data + at, &v, len);
	}
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/trace-fuzz-XXXXXX", name[300], json[300];
	struct trace_opts opts = {.lib = TRACE_LIB};
	int rounds = argc > 2 ? atoi(argv[2]) : 200, status;
	char *orig = NULL, *copy, *text;
	size_t size = 0, ntext;
	struct tracefile *t;
	struct dirent *e;
	FILE *null = fopen("/dev/null", "w");
	DIR *d;

	if (argc < 2 || !null || !mkdtemp(dir))
		return 2;
	state = argc > 3 ? strtoull(argv[3], NULL, 0) : 88172645463325252u;
	opts.dir = dir;
	if (trace_run(&opts, (char *[]){argv[1], NULL}, &t, &status) < 0)
		return 1;
	snprintf(json, sizeof json, "%s/trace.json", dir);
	use(t, null, json);
	if (!(d = opendir(dir)) || fs_read(json, &text, &ntext) < 0)
		return 1;
	while ((e = readdir(d))) {
		if (!str_ends(e->d_name, ".tvt"))
			continue;
		snprintf(name, sizeof name, "%s/%s", dir, e->d_name);
		free(orig);
		if (fs_read(name, &orig, &size) < 0)
			return 1;
	}
	closedir(d);
	if (size != sizeof(struct trace_file))
		return 1;
	diag_redirect(ignore, NULL);
	/* only the program itself is symbolised: opening the C library each time takes long */
	for (unsigned i = 1; i < TRACE_MODULES; i++)
		((struct trace_file *)orig)->module[i].path[0] = '\0';
	copy = xmalloc(size > ntext ? size : ntext);
	for (int i = 0; i < rounds; i++) {
		memcpy(copy, orig, size);
		damage(copy, size, (struct trace_file *)orig);
		put_file(name, copy, random_u64() % 20 ? size : random_u64() % size);
		use(tracefile_read(dir), null, NULL);
		memcpy(copy, text, ntext);
		damage(copy, ntext, NULL);
		put_file(json, copy, ntext);
		use(tracefile_load(json), null, NULL);
	}
	unlink(name);
	unlink(json);
	rmdir(dir);
	free(orig);
	free(copy);
	free(text);
	fclose(null);
	return 0;
}
