/* A library's pool has few threads (libuv: four) that everybody shares, file I/O and name lookups of the library
 * itself included. A job that waits for an event that may never come takes one of them away. */
#include "rule/api/rule.h"

/* What has no bound of its own: a peer, another thread, another process, a long sleep. */
static bool unbounded(const struct block_site *b)
{
	switch (b->category) {
	case CAT_PEER:
	case CAT_WAIT:
	case CAT_JOIN:
	case CAT_PROCESS:
	case CAT_SLEEP:
		return true;
	case CAT_LOCK:
		return b->severity == SEV_HIGH;
	default:
		return false;
	}
}

static void check(struct rule_run *run)
{
	for (uint32_t i = 0; i < run->f->nblock; i++) {
		const struct block_site *b = &run->f->blocks[i];
		if (b->group != GROUP_POOL || !unbounded(b))
			continue;
		const struct entry *e = &run->f->entries[b->entry];
		struct finding *f = rule_report(run, b->site, "'%s' %s without a bound in '%s', a job of the %s pool", b->model->name,
			category_phrase[b->category], rule_name(run, e->fn), *e->library ? e->library : "shared");
		rule_level(f, LEVEL_WARNING, b->by_type || b->far ? CONF_LOW : b->assumed ? CONF_MEDIUM : CONF_HIGH);
		rule_label(run, f, "keeps one of the pool's threads");
		rule_identity(run, f, "%s", b->model->name);
		f->nother = b->nother;
		rule_task(run, f, b->entry);
		rule_trace(run, f, b->visit, b->site, category_phrase[b->category]);
		rule_note(run, f, "give it a thread of its own, or a time-out, and keep jobs in flight below the pool's size");
	}
}

RULE(blocking_in_shared_pool) = {
	.id = "blocking-in-shared-pool",
	.title = "a job on a shared pool of threads waits without a bound",
	.family = "blocking",
	.level = LEVEL_WARNING,
	.by_default = true,
	.check = check,
};
