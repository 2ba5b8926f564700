/* trace.c - records of the tracer. An even first byte: JSON follows; odd: changes to a process file with two threads,
 * two loops and four sites, seven bytes each: which table, offset, width and value.
 */
#include "fuzz.h"

#include "runtime/trace/format.h"
#include "runtime/trace/tracefile.h"

static FILE *null;

static void use(struct tracefile *t)
{
	char path[100];
	struct tracefile *again;

	if (!t)
		return;
	for (uint32_t i = 0; i < t->nrecord; i++) {
		const struct tracefile_record *r = &t->records[i];

		MUST(r->process < t->nprocess && r->thread < t->nthread);
		MUST(r->loop == TRACEFILE_NONE || r->loop < t->nloop);
		MUST(!r->nframe || r->site < r->nframe);
		MUST(r->callback == TRACEFILE_NONE || r->callback < r->nframe);
	}
	tracefile_print(t, null, true);
	snprintf(path, sizeof path, "%s/out.json", fuzz_dir);
	MUST(tracefile_write(t, path) == 0);
	tracefile_free(t);
	again = tracefile_load(path);
	MUST(again);
	tracefile_free(again);
}

static struct trace_file *begin(void)
{
	static struct trace_file *f;

	if (!f)
		f = aligned_alloc(4096, (sizeof *f + 4095) / 4096 * 4096);
	MUST(f);
	memset(&f->h, 0, sizeof f->h);
	memset(f->module, 0, 2 * sizeof *f->module);
	memset(f->thread, 0, 3 * sizeof *f->thread);
	memset(f->loop, 0, 3 * sizeof *f->loop);
	memset(f->site, 0, 5 * sizeof *f->site);
	f->h = (struct trace_header){.magic = TRACE_MAGIC, .version = TRACE_VERSION, .size = sizeof *f, .ncall = CALL_COUNT,
		.pid = 10, .ppid = 1, .tick_khz = 1000, .start = 1, .seen = 100000, .threshold = 10, .budget = 100,
		.nmodule = 1, .nthread = 2, .nloop = 2, .nsite = 4, .exe = "/bin/x", .args = "x\0-y"};
	f->module[0] = (struct trace_module){.ready = 1, .lo = 0x1000, .hi = 0x9000, .path = "/nowhere"};
	for (uint32_t i = 0; i < 2; i++) {
		f->thread[i].ready = 1;
		f->thread[i].tid = 10 + i;
		f->thread[i].loops = i + 1;
		strcpy(f->thread[i].name, "worker");
		f->loop[i].ready = 1;
		f->loop[i].thread = i;
		f->loop[i].call = 1;
		f->loop[i].nframe = 2;
		f->loop[i].frame[0] = 0x2000;
		f->loop[i].frame[1] = 0x3000;
		f->loop[i].turns = 5;
		f->loop[i].hist.n[3] = 5;
	}
	for (uint32_t i = 0; i < 4; i++)
		f->site[i] = (struct trace_site){.ready = 1, .kind = 1 + i, .call = 2 + i, .thread = i % 2, .loop = i % 2,
			.nframe = 3, .frame = {0x2100 + i, 0x2000, 0x3000}, .count = 2, .ticks = 300, .max_ticks = 200,
			.hist = {{0, 0, 2}}, .object = i * 0x1000, .owner = 11};
	return f;
}

static void changed(const uint8_t *data, size_t n)
{
	struct trace_file *f = begin();
	struct {
		void *at;
		size_t size;
	} part[] = {{&f->h, sizeof f->h}, {f->module, sizeof *f->module}, {f->thread, 2 * sizeof *f->thread},
		{f->loop, 2 * sizeof *f->loop}, {f->site, 4 * sizeof *f->site}};
	static const uint8_t width[] = {1, 4, 4, 8};
	struct tracefile *t;

	for (; n >= 7; data += 7, n -= 7) {
		uint32_t w = width[data[2] % 4], p = data[2] / 4 % COUNT(part);
		size_t at = (data[0] | (uint32_t)data[1] << 8) % part[p].size;
		uint64_t v = (uint64_t)(int64_t)(int32_t)(data[3] | data[4] << 8 | data[5] << 16 | (uint32_t)data[6] << 24);

		at -= at % w;
		if (at + w <= part[p].size)
			memcpy((char *)part[p].at + at, &v, w);
	}
	fuzz_file("p.tvt", f, sizeof *f);
	t = tracefile_read(fuzz_dir);
	MUST(t);
	use(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	fuzz_begin();
	if (!null)
		null = fopen("/dev/null", "w");
	if (!n)
		return 0;
	if (*data % 2)
		changed(data + 1, n - 1);
	else
		use(tracefile_load(fuzz_file("in.json", data + 1, n - 1)));
	return 0;
}
