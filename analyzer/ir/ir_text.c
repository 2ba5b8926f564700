/* ir_text.c - the text form of the IR, .tir: its definition, and the words it is made of.
 *
 * ir_print.c writes it, ir_parse.c reads it. Printing, parsing and printing again gives the same
 * text. Everything can be said, little has to be: what a test does not care about is left out.
 *
 *	fn on_read(c, n) {
 *	b0:
 *		%fd = load c->conn:fd
 *		%r = call read(%fd, "buf", 4096) @12:7
 *		store ::stats.stats:reads, %r
 *		if %r <= 0 goto done else b2
 *	b2:
 *		c->... is a path; %r a temp; ::stats a global; done a block
 *	done:
 *		ret %r
 *	}
 *
 * A statement ends at the end of its line or at a ';'. "//" begins a comment. NAME is a C identifier,
 * or any text in single quotes. Of two things with one name the second is NAME#2, and a nameless
 * one is #1, #2 ... in the order of their declarations. Things may be used before they are declared, or
 * never be declared. (a | b) are alternatives, [x] may be absent, x* repeats.
 *
 * At the top level:
 *	file "PATH" (main | system)*
 *	type LABEL KIND [ELEMENT] [SIZE] ["TEXT"] TYPEFLAG* [params N] [name "TYPEDEF"]
 *		KIND is void int float enum ptr array record fn other. ELEMENT is a TYPE; for a record,
 *		the record's name. SIZE is bytes, for an array elements. LABEL is known in this text only.
 *	record NAME [size N] [union] [key "KEY"] [{ FIELD* }]
 *		FIELD is  NAME [: TYPE] [bit N] [at N] ATTR*  and bit N its offset, at N its position.
 *		Absent: the field after the last one, eight bytes each.
 *	field RECORD:NAME ...	a field beside those that its record lists
 *	global NAME [: TYPE] (extern | GLOBALFLAG)* [in FN] [key "KEY"] [LOC] ATTR*
 *	fn NAME(PARAM, ..., [...]) [: TYPE] FNFLAG* [key "KEY"] [hash "HEX"] [LOC] ATTR* [{ body }]
 *		Without a body it is only declared, and its parameters are written as '?'.
 *	remark [alone] LOC "TEXT"
 * KEY is the name if absent, and NAME@FILE for what is static. ATTR is
 *	attr (annotate | safety | macro | comment) "TEXT" [LOC]
 *
 * TYPE is a label, or '?' (not known), or one of void char short int long (also with u before it) float
 * double, *TYPE, [N]TYPE, struct RECORD. Absent: made up from the way the thing is used.
 *
 * In a body:
 *	local NAME [: TYPE] (addr | temp | join | var)* [LOC]
 *		only needed to give a type, place or flag. PARAM is the same without the word.
 *	LABEL: (loop | macro | label)*
 *	OP	see ops.def. VALUE is a number, "a string", a local, &FN, or '?' (not known). A flag
 *		follows its op after a dot: load.atomic, store.init, call.implicit.
 *		%NAME is a nameless local: a temp, or, if several ops assign it, a join. The first op that
 *		assigns it may give its type: %5: int = load ...  A number is the local's own unless that
 *		is a parameter.
 *	and at the end of a block one of
 *	goto BLOCK
 *	if VALUE [REL VALUE] goto BLOCK else BLOCK	REL: == != < <= > >= & (has a bit of) !& (has none)
 *	switch VALUE [N: BLOCK, N..N: BLOCK, else: BLOCK]
 *	jump BLOCK, ...	a computed goto
 *	stop		control does not go on
 *	end		return. It may be absent: after an op ret, and before the closing brace.
 *	Without any of them the block goes on to the next one. [LOC] may follow each op and each of these.
 *
 * PATH is a base and steps. The base: a local, ::GLOBAL, a number, "a string". The steps: .RECORD:FIELD,
 * [VALUE] (a constant, a local or '?'), .* (what it points to), and ->RECORD:FIELD for .*.RECORD:FIELD.
 *
 * LOC is @LINE:COL[-END] or @FILE:LINE:COL[-END], and for code that a macro wrote ~FILE:LINE:COL(MACRO)
 * behind that, which is where it is spelled. FILE absent: the file of the function, outside of
 * functions the main file. FILE is in double quotes if it has other characters than letters, digits and _./+-
 * or begins with a digit.
 */
#include "ir/ir_int.h"

const struct word file_words[] = {{"main", FILE_MAIN}, {"system", FILE_SYSTEM}, {0}};

const struct word type_kinds[] = {{"void", TYPE_VOID}, {"int", TYPE_INT}, {"float", TYPE_FLOAT},
	{"enum", TYPE_ENUM}, {"ptr", TYPE_PTR}, {"array", TYPE_ARRAY}, {"record", TYPE_RECORD},
	{"fn", TYPE_FN}, {"other", TYPE_OTHER}, {0}};

const struct word type_words[] = {{"const", TYPEF_CONST}, {"volatile", TYPEF_VOLATILE},
	{"atomic", TYPEF_ATOMIC}, {"unsigned", TYPEF_UNSIGNED}, {"variadic", TYPEF_VARIADIC}, {0}};

const struct word global_words[] = {{"static", GLOBAL_STATIC}, {"tls", GLOBAL_TLS},
	{"const", GLOBAL_CONST}, {"atomic", GLOBAL_ATOMIC}, {"volatile", GLOBAL_VOLATILE},
	{"inner", GLOBAL_LOCAL}, {0}};

const struct word fn_words[] = {{"static", FN_STATIC}, {"inline", FN_INLINE},
	{"noreturn", FN_NORETURN}, {"ctor", FN_CTOR}, {"header", FN_HEADER}, {"init", FN_INIT},
	{"knr", FN_KNR}, {"setjmp", FN_SETJMP}, {"degraded", FN_DEGRADED}, {0}};

const struct word attr_kinds[] = {{"annotate", ATTR_ANNOTATE}, {"safety", ATTR_THREAD_SAFETY},
	{"macro", ATTR_MACRO}, {"comment", ATTR_COMMENT}, {0}};

const struct word local_words[] = {{"param", LOCAL_PARAM}, {"temp", LOCAL_TEMP}, {"addr", LOCAL_ADDR},
	{"join", LOCAL_JOIN}, {0}};

const struct word block_words[] = {
	{"loop", BLOCK_LOOP}, {"macro", BLOCK_MACRO}, {"label", BLOCK_LABEL}, {0}};

const struct word op_words[] = {{"atomic", OPF_ATOMIC}, {"volatile", OPF_VOLATILE}, {"rmw", OPF_RMW},
	{"implicit", OPF_IMPLICIT}, {"init", OPF_INIT}, {"macro", OPF_MACRO}, {"decay", OPF_DECAY},
	{"arg", OPF_ARG}, {0}};

const struct word bin_kinds[] = {{"add", BIN_ADD}, {"sub", BIN_SUB}, {"mul", BIN_MUL},
	{"div", BIN_DIV}, {"mod", BIN_MOD}, {"shl", BIN_SHL}, {"shr", BIN_SHR}, {"and", BIN_AND},
	{"or", BIN_OR}, {"xor", BIN_XOR}, {"eq", BIN_EQ}, {"ne", BIN_NE}, {"lt", BIN_LT},
	{"le", BIN_LE}, {"gt", BIN_GT}, {"ge", BIN_GE}, {0}};

const struct word un_kinds[] = {{"neg", UN_NEG}, {"not", UN_NOT}, {"lnot", UN_LNOT}, {0}};

const struct word blind_kinds[] = {{"asm", BLIND_ASM}, {"expr", BLIND_EXPR}, {"goto", BLIND_GOTO},
	{"nest", BLIND_NEST}, {"error", BLIND_ERROR}, {"omp", BLIND_OMP}, {0}};

const struct word rel_kinds[] = {{"==", REL_EQ}, {"!=", REL_NE}, {"<", REL_LT}, {"<=", REL_LE},
	{">", REL_GT}, {">=", REL_GE}, {"&", REL_BITS}, {"!&", REL_NOBITS}, {0}};

const char *word_of(const struct word *w, uint32_t val)
{
	for (; w->word; w++)
		if (w->val == val)
			return w->word;
	return NULL;
}

bool word_find(const struct word *w, const char *s, size_t n, uint32_t *val)
{
	for (; w->word; w++) {
		if (strlen(w->word) == n && !memcmp(w->word, s, n)) {
			*val = w->val;
			return true;
		}
	}
	return false;
}

uint32_t ir_main_file(const struct ir *ir)
{
	for (uint32_t i = 0; i < ir->nfiles; i++)
		if (ir->files[i].flags & FILE_MAIN)
			return i;
	return ir->nfiles ? 0 : NONE;
}

void ir_usual_key(const struct ir *ir, const char *name, uint32_t nth, bool is_static, struct sb *out)
{
	uint32_t file = ir_main_file(ir);

	sb_puts(out, name);
	if (nth > 1 || !*name)
		sb_printf(out, "#%u", nth);
	if (is_static && file != NONE)
		sb_printf(out, "@%s", ir_text_of(ir, ir->files[file].path));
}

uint32_t ir_addr_base(const struct ir *ir, const struct fn *fn, uint32_t path)
{
	const struct path *p = &ir->paths[path];
	uint32_t type;

	if (p->base.kind != REF_LOCAL)
		return NONE;
	type = ir->locals[fn->local + p->base.id].type;
	for (uint32_t i = 0; i < p->nstep; i++) {
		const struct step *s = &ir->steps[p->step + i];

		if (s->kind == STEP_DEREF)
			return NONE;
		if (s->kind == STEP_FIELD) {
			type = ir->fields[s->field].type;
		} else if (type != NONE) {
			const struct type *t = &ir->types[type];

			if (t->kind == TYPE_PTR) /* p[i] follows p */
				return NONE;
			type = t->kind == TYPE_ARRAY ? t->to : NONE;
		}
	}
	return p->base.id;
}
