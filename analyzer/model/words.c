/* words.c - the words of the model format: verbs, contexts, categories, kinds of descriptor. */
#include "model/model_int.h"

const char *const verb_word[VERB_COUNT] = {
#define VERB(name, word, syntax, doc) [VERB_##name] = word,
#include "model/verbs.def"
#undef VERB
};

const char *verb_name(enum verb v)
{
	return verb_word[v];
}

const char *const verb_syntax[VERB_COUNT] = {
#define VERB(name, word, syntax, doc) [VERB_##name] = syntax,
#include "model/verbs.def"
#undef VERB
};

const char *const ctx_name[CTX_COUNT] = {
	[CTX_STARTUP] = "startup",
	[CTX_LOOP] = "loop",
	[CTX_TIMER] = "timer",
	[CTX_COROUTINE] = "coroutine",
	[CTX_POOL] = "pool",
	[CTX_THREAD] = "thread",
	[CTX_SIGNAL] = "signal",
	[CTX_ISR] = "isr",
	[CTX_CALLER] = "caller",
	[CTX_CHILD] = "child",
	[CTX_SHUTDOWN] = "shutdown",
};

const char *const category_word[CAT_COUNT] = {
#define CATEGORY(name, word, phrase) [CAT_##name] = word,
	CATEGORIES(CATEGORY)
#undef CATEGORY
};

const char *const category_phrase[CAT_COUNT] = {
#define CATEGORY(name, word, phrase) [CAT_##name] = phrase,
	CATEGORIES(CATEGORY)
#undef CATEGORY
};

const enum severity category_severity[CAT_COUNT] = {
	[CAT_IO] = SEV_HIGH,
	[CAT_PEER] = SEV_HIGH,
	[CAT_DISK] = SEV_MEDIUM,
	[CAT_SYNC] = SEV_HIGH,
	[CAT_DNS] = SEV_HIGH,
	[CAT_NSS] = SEV_MEDIUM,
	[CAT_LOCK] = SEV_MEDIUM,
	[CAT_SLEEP] = SEV_HIGH,
	[CAT_WAIT] = SEV_HIGH,
	[CAT_JOIN] = SEV_HIGH,
	[CAT_PROCESS] = SEV_HIGH,
	[CAT_IPC] = SEV_HIGH,
	[CAT_DB] = SEV_HIGH,
	[CAT_TTY] = SEV_HIGH,
	[CAT_LOG] = SEV_LOW,
	[CAT_DEVICE] = SEV_LOW,
	[CAT_LOOP] = SEV_HIGH,
	[CAT_RANDOM] = SEV_LOW,
	[CAT_CPU] = SEV_MEDIUM,
};

/* In the order of enum fd_kind's bits. */
const char *const fd_kind_word[10] = {
	"socket", "file", "pipe", "event", "timer", "tty", "dir", "memory", "writable", "datagram"};

const uint8_t char_class[256] = {
	['_'] = CHAR_WORD,
	['a' ... 'z'] = CHAR_WORD,
	['A' ... 'Z'] = CHAR_WORD,
	['0' ... '9'] = CHAR_WORD,
	['*'] = CHAR_GLOB,
	['?'] = CHAR_GLOB,
};

int word_find(const char *const *words, int nword, const char *s, size_t n)
{
	for (int i = 0; i < nword; i++)
		if (*words[i] == *s && !strncmp(words[i], s, n) && !words[i][n])
			return i;
	return -1;
}
