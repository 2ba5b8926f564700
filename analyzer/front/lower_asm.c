/* lower_asm.c - inline assembly: a blind spot, with what its operands read and write.
 *
 * libclang shows the operands, outputs first, without their constraints and without the labels of
 * asm goto. Both are read from the text.
 */
#include "front/lower_int.h"

/* 'w' for "=r"(x), 'b' (both) for "+m"(x), 'r' for an input; by the text before the operand. */
static char operand_use(struct lower *l, uint32_t n)
{
	struct place p = place_spelling(l, lc.getRangeStart(lc.getCursorExtent(node_cursor(l, n))));
	const char *s, *begin;

	if (!p.src || p.off > p.src->size)
		return 'b';
	begin = p.src->text;
	s = begin + p.off;
	while (s > begin && (s[-1] == ' ' || s[-1] == '\t' || s[-1] == '\n' || s[-1] == '('))
		s--;
	if (s == begin || s[-1] != '"')
		return 'b';
	for (s--; s > begin && s[-1] != '"' && s[-1] != '\n';)
		s--;
	return memchr(s, '+', strcspn(s, "\"\n"))   ? 'b'
	       : memchr(s, '=', strcspn(s, "\"\n")) ? 'w'
						    : 'r';
}

static void write_operand(struct lower *l, uint32_t n, uint32_t loc)
{
	struct lv lv = lower_lvalue(l, n);

	emit_store(l, lv, no_ref(), 0, loc);
	lv_drop(l, &lv);
}

/* asm goto("..." : out : in : clobbered : label, ...). libclang does not show the labels, so they
 * are found by name: what stands behind the last colon of the statement, or of the macro that it is
 * an argument of. */
static void labels(struct lower *l, uint32_t n, uint32_t loc)
{
	CXSourceLocation at = lc.getCursorLocation(node_cursor(l, n));
	struct place p = place_spelling(l, at), use = place_expansion(l, at);
	const char *s, *end, *list = NULL;
	int depth = 0;

	if (!p.src || !use.src ||
		!memmem(p.src->text + p.off, strcspn(p.src->text + p.off, "(\n"), "goto", 4))
		return;
	src_read(l, use.src);
	s = use.src->text + use.off;
	end = use.src->text + use.src->size;
	for (; s < end; s++) {
		if (*s == '"') /* the template and constraints */
			for (s++; s < end && *s != '"'; s++)
				s += *s == '\\';
		if (s >= end)
			break;
		depth += *s == '(';
		depth -= *s == ')';
		if (*s == ':' && depth == 1)
			list = s + 1;
		if (*s == ')' && !depth)
			break;
	}
	while (list && list < s) {
		size_t len = ident_len(list, (size_t)(s - list));

		for (uint32_t i = 1; len && i < l->node.n; i++) {
			CXString name;
			const char *text;

			if (kind_of(l, i) != CXCursor_LabelStmt)
				continue;
			name = lc.getCursorSpelling(node_cursor(l, i));
			text = lc.getCString(name);
			if (strlen(text) == len && !memcmp(text, list, len))
				may_go_to(l, i, loc);
			lc.disposeString(name);
		}
		list += len ? len : 1;
	}
}

/* asm("" : ...) only keeps the compiler from moving or guessing something. */
static bool is_barrier(struct lower *l, uint32_t n)
{
	struct place p = place_spelling(l, lc.getCursorLocation(node_cursor(l, n)));
	const char *s, *end;

	if (!p.src || p.off >= p.src->size)
		return false;
	s = p.src->text + p.off;
	end = p.src->text + p.src->size;
	s = memchr(s, '(', (size_t)(end - s));
	if (!s)
		return false;
	s = skip_space(s + 1, end);
	if (end - s < 2 || s[0] != '"' || s[1] != '"')
		return false;
	s = skip_space(s + 2, end);
	return s < end && (*s == ':' || *s == ')');
}

void lower_asm(struct lower *l, uint32_t n)
{
	uint32_t loc = node_loc(l, n);

	if (is_barrier(l, n))
		return;
	for_each_child(l, c, n)
		if (operand_use(l, c) != 'w')
			lower_value(l, c);
	emit_blind(l, BLIND_ASM, loc);
	for_each_child(l, c, n)
		if (operand_use(l, c) != 'r' && is_lvalue(l, strip(l, c)))
			write_operand(l, c, loc);
	labels(l, n, loc);
}
