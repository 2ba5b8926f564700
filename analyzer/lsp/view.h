/* view.h - private to lsp/: everything that the server answers from, as one flat blob.
 *
 * A round (link, models, solve, rules) runs in a child process, which turns the analysis into a view; the server
 * maps it and looks things up. Places are already positions of the protocol, in the texts that were analysed.
 */
#ifndef TVT_LSP_VIEW_H
#define TVT_LSP_VIEW_H

#include "lsp/text.h"
#include "pipeline.h"

enum vdiag_kind {
	VD_FINDING,
	VD_REGISTERED, /* a callback below which something blocks, where it is registered */
	VD_UNUSED,     /* an allow() that covers nothing, or gives no reason */
	VD_FAILED,     /* a file that could not be analysed */
};
/* Strings are offsets in strs; 0 is "". */
struct vdiag {
	uint32_t file; /* in files */
	struct range at;
	uint32_t kind, level, confidence;
	uint32_t rule, message, detail, fingerprint; /* detail: Markdown */
	uint32_t rel, nrel;			     /* in rels */
	uint32_t instead, ninstead;		     /* in texts */
	uint32_t fix, nedit, mend;		     /* in edits; mend: what they do, or "" */
	uint32_t callee, fn;			     /* names: of what is called there, of the function it is in */
};
struct vrel {
	uint32_t file;
	struct range at;
	uint32_t message;
};
/* A part of a finding's fix, in the text that was analysed. */
struct vedit {
	uint32_t file;
	struct range at;
	uint32_t text;
};
/* A function that is an entry, or is on a way from one to a blocking call, or is that call. */
struct vfn {
	uint32_t file; /* NONE: nowhere that can be opened */
	struct range at; /* its name */
	uint32_t name, detail; /* detail: "task on the libuv loop"; "" if it is no entry */
	uint32_t runs;	       /* an entry: Markdown, how it is registered */
	uint32_t out, nout;    /* in calls */
	uint32_t in, nin;      /* in ins, which are in calls */
};
struct vcall {
	uint32_t caller, callee; /* in fns; callee is NONE if what blocks is called through a pointer */
	uint32_t name, phrase;	 /* of what blocks: the function, "waits for the disk"; else 0 */
	uint32_t file;
	struct range at;
};
struct vhint {
	uint32_t file;
	struct pos at;
	uint32_t label, tip; /* label "": nothing is shown before somebody points there */
	struct range of;     /* the name that it speaks of, and */
	uint32_t hover;	     /* what is told of it, Markdown; or 0 */
};
struct vrule {
	uint32_t id, title, page, url;
};
struct vfile {
	uint32_t path; /* absolute */
	uint32_t diag, ndiag, hint, nhint, fn, nfn; /* of this file */
};

#define VIEW_TABLES(T)                                                                             \
	T(struct vfile, files) /* sorted by path */                                                \
	T(struct vdiag, diags)                                                                     \
	T(struct vrel, rels)                                                                       \
	T(struct vedit, edits)                                                                     \
	T(uint32_t, texts)                                                                         \
	T(struct vfn, fns) /* sorted by (file, line) */                                            \
	T(struct vcall, calls)                                                                     \
	T(uint32_t, ins)                                                                           \
	T(struct vhint, hints)                                                                     \
	T(struct vrule, rules)                                                                     \
	T(char, strs)
struct view {
#define T(type, name)                                                                              \
	const type *name;                                                                          \
	uint32_t n##name;
	VIEW_TABLES(T)
#undef T
	void *map;
	size_t size;
};

/* What was analysed where it is not what is on disk. */
struct view_text {
	const char *path;
	const struct text *text;
};
struct view_in {
	const struct analysis *a;
	enum encoding enc;
	const struct view_text *texts;
	uint32_t ntext;
	const char *(*page)(const char *rule);
	const char *(*url)(const char *rule);
};
void view_make(const struct view_in *in, struct sb *out);

/* Maps a view from a memory file of that size. 0, or -1 if it is cut or no view. */
int view_map(struct view *v, int fd, size_t size);
void view_free(struct view *v);
static inline const char *view_str(const struct view *v, uint32_t s)
{
	return v->strs + s;
}
const struct vfile *view_file(const struct view *v, const char *path); /* NULL: nothing about it */
const struct vrule *view_rule(const struct view *v, const char *id);
void vm_md(struct sb *out, const char *s); /* as Markdown text */

#endif
