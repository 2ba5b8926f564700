/* query.c - small questions about facts that more than one rule asks. */
#include "rule/api/rule.h"

/* Does the condition ask whether a callback of this model is NULL? */
static bool asks_for_callback(const struct model *m, const struct mcond *c)
{
	if (!c)
		return false;
	if (c->kind == MC_AND || c->kind == MC_OR || c->kind == MC_NOT)
		return asks_for_callback(m, c->a) || asks_for_callback(m, c->b);
	if (c->kind != MC_CMP || c->value != 0)
		return false;
	for (uint32_t i = 0; i < m->ncallback; i++)
		if (m->callbacks[i].param == c->arg.param)
			return true;
	return false;
}

bool block_is_sync_form(const struct block_site *b)
{
	return asks_for_callback(b->model, b->clause->cond);
}
