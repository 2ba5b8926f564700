/* lower_tree.c - the cursors of one body or initialiser as a flat tree.
 *
 * One recursive visit, which libclang does with a worklist of its own for expressions, fills an
 * array in pre-order; a node knows where its subtree ends. Lowering then walks the array and asks
 * libclang only about types, names and places. That is three times faster than visiting children
 * node by node, and `a ?: b`, whose condition is visited three times, is easily seen.
 */
#include "front/lower_int.h"

struct reader {
	struct lower *l;
	VEC(uint32_t) open;   /* nodes whose subtree is being visited, outermost first */
	VEC(uint32_t) nchild; /* parallel: children seen so far */
	bool full;
};

static bool is_parent(const struct node *n, const CXCursor *c)
{
	if (n->kind != (uint32_t)c->kind || n->d0 != c->data[0])
		return false;
	/* of a declaration, data[1] says whether it is the first of its group, which varies */
	return (n->kind >= CXCursor_FirstDecl && n->kind <= CXCursor_LastDecl) ||
	       n->d1 == c->data[1];
}

static void push(struct reader *r, CXCursor c, uint32_t nth)
{
	struct lower *l = r->l;

	vec_add(&r->open, l->node.n);
	vec_add(&r->nchild, 0);
	vec_add(&l->node, ((struct node){.kind = (uint32_t)c.kind,
				  .xdata = c.xdata,
				  .d0 = c.data[0],
				  .d1 = c.data[1],
				  .nth = nth}));
}

static void pop(struct reader *r)
{
	r->l->node.v[r->open.v[--r->open.n]].end = r->l->node.n;
	r->nchild.n--;
}

/* Numbers and the like in a long initialiser say nothing. */
static bool is_plain_literal(enum CXCursorKind k)
{
	return k == CXCursor_IntegerLiteral || k == CXCursor_FloatingLiteral ||
	       k == CXCursor_CharacterLiteral;
}

static enum CXChildVisitResult on_cursor(CXCursor c, CXCursor parent, CXClientData data)
{
	struct reader *r = data;
	struct lower *l = r->l;
	const struct node *p;
	uint32_t nth;

	while (r->open.n > 1 && !is_parent(&l->node.v[r->open.v[r->open.n - 1]], &parent))
		pop(r);
	p = &l->node.v[r->open.v[r->open.n - 1]];
	nth = r->nchild.v[r->open.n - 1];
	switch (c.kind) {
	case CXCursor_VarDecl:
	case CXCursor_MemberRef:
	case CXCursor_LabelRef:
		break;
	default:
		if (!(c.kind >= CXCursor_FirstExpr && c.kind <= CXCursor_LastExpr) &&
			!(c.kind >= CXCursor_FirstStmt && c.kind <= CXCursor_LastStmt))
			return CXChildVisit_Continue;
	}
	/* a constant expression of its own class is shown as what is in it, which then follows once
	 * more */
	if (p->d1 == c.data[1] && p->kind == (uint32_t)c.kind)
		return CXChildVisit_Recurse;
	r->nchild.v[r->open.n - 1]++;
	if (p->kind == CXCursor_InitListExpr && nth > MAX_INIT && is_plain_literal(c.kind))
		return CXChildVisit_Continue;
	if (l->node.n >= MAX_NODES) {
		r->full = true;
		return CXChildVisit_Break;
	}
	push(r, c, nth);
	/* the operand of sizeof is not evaluated */
	return c.kind == CXCursor_UnaryExpr ? CXChildVisit_Continue : CXChildVisit_Recurse;
}

void tree_read(struct lower *l, CXCursor root)
{
	struct reader r = {.l = l};

	l->node.n = 0;
	push(&r, root, 0);
	lc.visitChildren(root, on_cursor, &r);
	while (r.open.n)
		pop(&r);
	vec_free(&r.open);
	vec_free(&r.nchild);
	if (r.full)
		l->node.v[0].end = l->node.n = 1; /* a body without statements */
}

CXCursor node_cursor(const struct lower *l, uint32_t n)
{
	const struct node *node = &l->node.v[n];

	return (CXCursor){.kind = (enum CXCursorKind)node->kind,
		.xdata = node->xdata,
		.data = {node->d0, node->d1, l->tu}};
}

uint32_t child(const struct lower *l, uint32_t n, uint32_t i)
{
	for_each_child(l, c, n)
		if (!i--)
			return c;
	return NONE;
}

uint32_t nchild(const struct lower *l, uint32_t n)
{
	uint32_t k = 0;

	for_each_child(l, c, n)
		k++;
	return k;
}

uint32_t last_child(const struct lower *l, uint32_t n)
{
	uint32_t last = NONE;

	for_each_child(l, c, n)
		last = c;
	return last;
}
