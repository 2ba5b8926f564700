/* unit.c - summaries of units and the IR in them. The first byte says which: 0 a file as it is, with its checksums
 * put right; else a good IR with the values that follow put somewhere, given as offset, width and value, alone and in
 * a good file. A checksum keeps nobody out who means harm.
 */
#include "fuzz.h"

#include "ir/ir.h"
#include "store/store.h"

static const char text[] =
	"file \"/r/a.c\" main\ntype t0 void \"void\"\ntype t1 int 4 \"int\"\n"
	"type t2 fn t0 \"void (int)\" params 1 name \"cb\"\ntype t3 ptr t2 8 \"void (*)(int)\"\n"
	"type t4 record conn 24 \"struct conn\"\ntype t5 array t4 4 \"struct conn[4]\"\n"
	"record conn size 24 { fd: t1 attr annotate \"x\" @3:1; cb: t3 }\n"
	"global g: t5 @2:1\n"
	"fn main(argc: t1): t2 static @4:5 attr macro \"z\" {\n"
	"	local i: t1 @5:6\n"
	"b0: loop\n	%3: t1 = load ::g[i].conn:fd @6:7-9\n	%4: t3 = load ::g[?].conn:cb\n"
	"	icall %4(%3, \"s\", ?, &main)\n	i = bin.add i, 1\n"
	"	if i < 10 goto b0 else b1 @7:1\n"
	"b1: switch i [1..2: b2, 3: b0, else: b2]\n"
	"b2: i = call f(i)\n	ret i\n}\n"
	"fn f(n) { x = copy n; ret x }\nremark alone @9:1 \"tvt: r\"\n";

/* The place of the checksum in summary.c: behind magic and format, over all that follows it. */
enum { SUM = 8, FROM = SUM + (int)sizeof(struct hash128) };

static char dir[100];

static void read_all(const void *file, size_t n)
{
	const char *dirs[] = {dir};
	struct compdb *db;
	struct unit *units;

	fuzz_file("u/000000.unit", file, n);
	if (summary_read(dirs, 1, "/r", &db, &units) < 0)
		return;
	for (uint32_t i = 0; i < db->ntu; i++) {
		struct sb b = {0};

		if (units[i].ir)
			ir_print(units[i].ir, &b);
		sb_free(&b);
		unit_free(&units[i]);
	}
	free(units);
	compdb_free(db);
}

static void as_it_is(const uint8_t *data, size_t n)
{
	char *file = xmalloc(n + 1);

	memcpy(file, data, n);
	if (n > FROM) {
		struct hash128 sum = hash128_bytes(file + FROM, n - FROM);

		memcpy(file, "TVTU", 4);
		memcpy(file + SUM, &sum, sizeof sum);
	}
	read_all(file, n);
	free(file);
}

static void changed(const uint8_t *data, size_t n)
{
	struct ir *ir = ir_parse("text", text), *m;
	struct arena *a = arena_new();
	struct sb blob = {0}, print = {0};
	static const uint8_t width[] = {1, 4, 4, 8};

	MUST(ir);
	ir_write(ir, &blob);
	ir_free(ir);
	for (; n >= 7; data += 7, n -= 7) {
		uint32_t at = (data[0] | (uint32_t)data[1] << 8) % blob.n, w = width[data[2] % 4];
		uint64_t v = (uint64_t)(int64_t)(int32_t)(data[3] | data[4] << 8 | data[5] << 16 | (uint32_t)data[6] << 24);

		at -= at % w;
		if (at + w <= blob.n)
			memcpy(blob.s + at, &v, w);
	}
	m = ir_map(blob.s, blob.n);
	if (m) {
		MUST(ir_check(m, a));
		ir_print(m, &print);
		for (uint32_t f = 0; f < m->nfns; f++)
			cfg_build(m, f, a);
		sb_free(&print);
		if (ir_rebase(m, "/r", "/somewhere/else", &print) == 0) {
			struct ir *moved = ir_map(print.s, print.n);

			MUST(moved);
			ir_free(moved);
		}
		ir_free(m);
	}
	sb_free(&blob);
	sb_free(&print);
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!*dir) {
		snprintf(dir, sizeof dir, "%s/u", fuzz_begin());
		MUST(mkdir(dir, 0700) == 0);
	}
	if (!n)
		return 0;
	if (*data)
		changed(data + 1, n - 1);
	else
		as_it_is(data + 1, n - 1);
	return 0;
}
