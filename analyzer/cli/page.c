/* page.c - the pages of rules: data_dir()/pages/RULE.md where it is installed,
 * data_dir()/RULE/README.md in the source tree.
 */
#include "cli/cli.h"

#include <ctype.h>

/* A rule's name is part of a path, and it may come from a project's own files. */
static bool is_name(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) && *s != '-')
			return false;
	return true;
}

struct page {
	const char *rule;
	char *path, *text; /* NULL: there is none */
};

static struct page *find(const char *rule)
{
	static VEC(struct page *) pages;
	const char *data = data_dir();
	struct sb path = {0};
	struct page *p;
	size_t n;

	for (uint32_t i = 0; i < pages.n; i++)
		if (!strcmp(pages.v[i]->rule, rule))
			return pages.v[i];
	p = xcalloc(1, sizeof *p);
	p->rule = xstrdup(rule);
	vec_add(&pages, p);
	if (!data || !is_name(rule))
		return p;
	sb_printf(&path, "%s/pages/%s.md", data, rule);
	if (!fs_is_file(path.s)) {
		sb_free(&path);
		sb_printf(&path, "%s/%s/README.md", data, rule);
	}
	if (fs_read_quiet(path.s, &p->text, &n) < 0) {
		p->text = NULL;
		sb_free(&path);
	}
	p->path = path.s;
	return p;
}

const char *page_text(const char *rule)
{
	return find(rule)->text;
}

const char *page_url(const char *rule)
{
	static struct sb url; /* good until the next call */
	const struct page *p = find(rule);

	if (!p->path || *p->path != '/')
		return NULL;
	url.n = 0;
	sb_puts(&url, "file://");
	for (const unsigned char *s = (const unsigned char *)p->path; *s; s++) {
		if (isascii(*s) && (isalnum(*s) || strchr("-._~/", *s)))
			sb_putc(&url, (char)*s);
		else
			sb_printf(&url, "%%%02X", *s);
	}
	return url.s;
}
