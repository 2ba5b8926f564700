/* lower_atomic.c - __atomic_*, __c11_atomic_* and __sync_*: loads and stores with OPF_ATOMIC.
 *
 * clang shows the operands of an __atomic or __c11 builtin in an order of its own: pointer, order,
 * value, order on failure, second value. __sync builtins are calls with the value right behind the
 * pointer. A compare-and-exchange is a load, a comparison and a store of one read-modify-write;
 * that the store does not happen when the comparison fails is left out, as a solver has to assume
 * that it does.
 */
#include "front/lower_int.h"

enum form {
	LOAD,	      /* value = *p */
	LOAD_TO,      /* *value = *p */
	STORE,	      /* *p = value */
	STORE_FROM,   /* *p = *value */
	EXCHANGE,     /* old = *p, *p = value */
	EXCHANGE_TO,  /* *second = *p, *p = *value */
	COMPARE,      /* *p == *value ? *p = second : (*value = *p) */
	COMPARE_FROM, /* the same with *second */
	COMPARE_SYNC, /* *p == value ? *p = second */
	FETCH,	      /* old = *p, *p = old op value */
	TEST_AND_SET,
	CLEAR,
	INIT,
};

static const struct {
	const char *name;
	enum form form;
} forms[] = {
	{"load", LOAD},
	{"load_n", LOAD},
	{"store", STORE},
	{"store_n", STORE},
	{"exchange", EXCHANGE},
	{"exchange_n", EXCHANGE},
	{"compare_exchange", COMPARE_FROM},
	{"compare_exchange_n", COMPARE},
	{"compare_exchange_strong", COMPARE},
	{"compare_exchange_weak", COMPARE},
	{"test_and_set", TEST_AND_SET},
	{"clear", CLEAR},
	{"init", INIT},
	{"bool_compare_and_swap", COMPARE_SYNC},
	{"val_compare_and_swap", COMPARE_SYNC},
	{"lock_test_and_set", EXCHANGE},
	{"swap", EXCHANGE},
	{"lock_release", CLEAR},
};
/* __atomic_load, _store and _exchange, but not __c11_atomic_load, go through pointers. */
static const enum form through_pointer[] = {
	[LOAD] = LOAD_TO, [STORE] = STORE_FROM, [EXCHANGE] = EXCHANGE_TO};

static const struct {
	const char *name;
	uint8_t op;
} fetch_ops[] = {{"add", BIN_ADD}, {"sub", BIN_SUB}, {"and", BIN_AND}, {"or", BIN_OR},
	{"xor", BIN_XOR}, {"nand", BIN_COUNT}, {"min", BIN_COUNT}, {"max", BIN_COUNT},
	{"umin", BIN_COUNT}, {"umax", BIN_COUNT}};

struct atomic {
	enum form form;
	uint8_t op; /* FETCH; BIN_COUNT: some other one */
	bool new; /* FETCH: the value is the new one; COMPARE_SYNC: the old one, not whether it was
		     equal */
	bool sync;
};

static const char *after(const char *s, const char *prefix)
{
	return str_starts(s, prefix) ? s + strlen(prefix) : NULL;
}

static bool fetch_op(const char *s, size_t n, uint8_t *op)
{
	for (size_t i = 0; i < COUNT(fetch_ops); i++)
		if (strlen(fetch_ops[i].name) == n && !memcmp(fetch_ops[i].name, s, n)) {
			*op = fetch_ops[i].op;
			return true;
		}
	return false;
}

/* fetch_add, add_fetch, fetch_and_add, add_and_fetch */
static bool is_fetch(const char *s, size_t n, struct atomic *a)
{
	static const char *const before[] = {"fetch_and_", "fetch_"}, *const behind[] = {
									      "_and_fetch",
									      "_fetch"};

	a->form = FETCH;
	for (size_t i = 0; i < COUNT(before); i++) {
		size_t k = strlen(before[i]);

		a->new = false;
		if (n > k && !memcmp(s, before[i], k) && fetch_op(s + k, n - k, &a->op))
			return true;
		k = strlen(behind[i]);
		a->new = true;
		if (n > k && !memcmp(s + n - k, behind[i], k) && fetch_op(s, n - k, &a->op))
			return true;
	}
	return false;
}

static bool parse(const char *name, struct atomic *a)
{
	const char *gnu = after(name, "__atomic_"), *s = gnu;
	size_t n;

	*a = (struct atomic){0};
	if (!s)
		s = gnu = after(name, "__scoped_atomic_");
	if (!s)
		s = after(name, "__c11_atomic_");
	if (!s) {
		s = after(name, "__sync_");
		a->sync = s != NULL;
	}
	if (!s)
		return false;
	n = strlen(s);
	if (a->sync && n > 2 && s[n - 1] >= '0' &&
		s[n - 1] <= '9') { /* __sync_fetch_and_add_4, _16 */
		n -= s[n - 2] == '_' ? 2 : 3;
		if (n > strlen(s))
			return false;
	}
	for (size_t i = 0; i < COUNT(forms); i++) {
		if (strlen(forms[i].name) != n || memcmp(forms[i].name, s, n))
			continue;
		a->form = forms[i].form;
		if (gnu && (!strcmp(s, "load") || !strcmp(s, "store") || !strcmp(s, "exchange")))
			a->form = through_pointer[a->form];
		a->new = str_starts(s, "val_");
		return true;
	}
	return is_fetch(s, n, a);
}

bool is_atomic_name(const char *name)
{
	struct atomic a;

	return name[0] == '_' && name[1] == '_' && parse(name, &a);
}

/* ---- lowering ---- */

static struct ref load(struct lower *l, uint32_t ptr, uint8_t flags, uint32_t loc)
{
	struct lv lv = lower_pointee(l, ptr);
	struct ref r;

	if (lv_is_local(&lv) && !(flags & OPF_ATOMIC))
		r = lv.base;
	else
		r = emit_load(l, lv, flags, loc);
	lv_drop(l, &lv);
	return r;
}

static void store(struct lower *l, uint32_t ptr, struct ref val, uint8_t flags, uint32_t loc)
{
	struct lv lv = lower_pointee(l, ptr);

	emit_store(l, lv, val, flags, loc);
	lv_drop(l, &lv);
}

/* Reads and writes *ptr as one; the new value is what op makes of the old one and val, or val
 * itself. */
static struct ref modify(
	struct lower *l, uint32_t ptr, const struct atomic *a, struct ref val, uint32_t loc)
{
	uint8_t flags = OPF_ATOMIC | OPF_RMW;
	struct lv lv = lower_pointee(l, ptr);
	struct ref old = emit_load(l, lv, flags, loc);

	if (a->form == FETCH)
		val = a->op == BIN_COUNT ? no_ref() : emit_bin(l, a->op, old, val, lv.type, loc);
	emit_store(l, lv, val, flags, loc);
	lv_drop(l, &lv);
	return a->form == FETCH && a->new ? val : old;
}

static struct ref compare(struct lower *l, const struct atomic *a, const uint32_t *args,
	struct ref expected, struct ref desired, uint32_t loc)
{
	uint8_t flags = OPF_ATOMIC | OPF_RMW;
	struct lv lv = lower_pointee(l, args[0]);
	struct ref old = emit_load(l, lv, flags, loc), equal = old;

	if (!a->new)
		equal = emit_bin(l, BIN_EQ, old, expected, l->type_int, loc);
	emit_store(l, lv, desired, flags, loc);
	lv_drop(l, &lv);
	return equal;
}

struct ref lower_atomic(
	struct lower *l, uint32_t n, const char *name, const uint32_t *args, uint32_t narg)
{
	uint32_t loc = node_loc(l, n), first, second;
	struct ref a, b, r = no_ref();
	struct atomic at;

	if (!narg || !parse(name, &at))
		return r;
	/* where the values are: see above */
	first = at.sync || at.form == INIT ? 1 : 2;
	second = at.sync ? 2 : at.form == EXCHANGE_TO ? 3 : 4;
	first = first < narg ? args[first] : NONE;
	second = second < narg ? args[second] : NONE;
	switch (at.form) {
	case LOAD:
		return load(l, args[0], OPF_ATOMIC, loc);
	case LOAD_TO:
		r = load(l, args[0], OPF_ATOMIC, loc);
		if (first != NONE)
			store(l, first, r, 0, loc);
		return no_ref();
	case STORE:
	case STORE_FROM:
		if (first != NONE)
			r = at.form == STORE ? lower_value(l, first) : load(l, first, 0, loc);
		store(l, args[0], r, OPF_ATOMIC, loc);
		return no_ref();
	case INIT:
		store(l, args[0], lower_value(l, first), OPF_INIT, loc);
		return no_ref();
	case EXCHANGE:
	case FETCH:
		return modify(l, args[0], &at, lower_value(l, first), loc);
	case EXCHANGE_TO:
		a = first == NONE ? no_ref() : load(l, first, 0, loc);
		r = modify(l, args[0], &at, a, loc);
		if (second != NONE)
			store(l, second, r, 0, loc);
		return no_ref();
	case TEST_AND_SET:
		return modify(l, args[0], &at, const_ref(l, 1), loc);
	case CLEAR:
		store(l, args[0], const_ref(l, 0), OPF_ATOMIC, loc);
		return no_ref();
	case COMPARE_SYNC:
		a = lower_value(l, first);
		return compare(l, &at, args, a, lower_value(l, second), loc);
	case COMPARE:
	case COMPARE_FROM:
		if (first == NONE || second == NONE)
			return no_ref();
		a = load(l, first, 0, loc);
		b = at.form == COMPARE ? lower_value(l, second) : load(l, second, 0, loc);
		r = compare(l, &at, args, a, b, loc);
		store(l, first, no_ref(), 0, loc); /* what was found, if it was not equal */
		return r;
	}
	return r;
}
