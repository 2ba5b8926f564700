/* unwind.c - walks the stack by the .eh_frame tables of the loaded objects.
 *
 * It runs inside other people's programs, in signal handlers and on coroutine stacks, so it takes
 * no lock, allocates nothing, and reads the stack only where it is certain to be mapped: between
 * the stack pointer and the end of the thread's own stack, or by process_vm_readv where the stack
 * is not the thread's own (the unwinder of libgcc follows a made-up return address at the bottom of
 * such a stack and faults). Objects are found by _dl_find_object(3), which takes no lock either.
 *
 * Code without a table (made at run time, or assembly) is passed by its frame pointer.
 *
 * Source: System V ABI for AMD64, section 3.7; DWARF 5, section 6.4; LSB Core, "Exception Frames".
 */
#include "preload.h"

#include <dlfcn.h>
#include <ucontext.h>

#ifndef __x86_64__
#error "unwind.c knows x86-64 only: registers, their numbers, and how to read them"
#endif

enum { RBX = 3, RBP = 6, RSP = 7, R12 = 12, RA = 16, NREG = 17 };

enum how { SAME, UNDEF, AT_OFFSET, VAL_OFFSET, IN_REG, AT_EXPR, VAL_EXPR };

struct row {
	uint8_t how[NREG];
	int64_t val[NREG]; /* offset from the CFA, register, or address of an expression */
	uint32_t cfa_reg;
	int64_t cfa_off;
	const uint8_t *cfa_expr; /* NULL: cfa_reg + cfa_off */
};

struct cursor {
	uint64_t reg[NREG];
	uint64_t lo, hi; /* readable stack */
	bool foreign;	 /* not the thread's own stack: read with care */
	bool exact;	 /* pc is where it stood, not a return address */
};

struct fde {
	const uint8_t *pc_code, *pc_end;   /* instructions of the FDE */
	const uint8_t *cie_code, *cie_end; /* and of its CIE */
	uint64_t start;			   /* first address it covers */
	uint64_t code_align;
	int64_t data_align;
	bool signal; /* frame of a signal handler's return: its caller is exact */
};

enum stepped { STEPPED, OUTERMOST, LOST };

static uint64_t uleb(const uint8_t **p)
{
	uint64_t v = 0;
	unsigned shift = 0;
	uint8_t b;

	do {
		b = *(*p)++;
		if (shift < 64)
			v |= (uint64_t)(b & 0x7F) << shift;
		shift += 7;
	} while (b & 0x80);
	return v;
}

static int64_t sleb(const uint8_t **p)
{
	uint64_t v = 0;
	unsigned shift = 0;
	uint8_t b;

	do {
		b = *(*p)++;
		if (shift < 64)
			v |= (uint64_t)(b & 0x7F) << shift;
		shift += 7;
	} while (b & 0x80);
	if (shift < 64 && b & 0x40)
		v |= ~(uint64_t)0 << shift;
	return (int64_t)v;
}

#define FETCH(p, type)                                                                             \
	({                                                                                         \
		type v_;                                                                           \
		memcpy(&v_, *(p), sizeof v_);                                                      \
		*(p) += sizeof v_;                                                                 \
		v_;                                                                                \
	})

/* A DW_EH_PE pointer; indirect ones are only skipped over. */
static uint64_t encoded(const uint8_t **p, uint8_t enc, uint64_t datarel)
{
	uint64_t here = (uint64_t)*p, v;

	if (enc == 0xFF)
		return 0;
	switch (enc & 0x0F) {
	case 0x01:
		v = uleb(p);
		break;
	case 0x02:
		v = FETCH(p, uint16_t);
		break;
	case 0x03:
		v = FETCH(p, uint32_t);
		break;
	case 0x09:
		v = (uint64_t)sleb(p);
		break;
	case 0x0A:
		v = (uint64_t)FETCH(p, int16_t);
		break;
	case 0x0B:
		v = (uint64_t)FETCH(p, int32_t);
		break;
	default:
		v = FETCH(p, uint64_t);
		break;
	}
	switch (enc & 0x70) {
	case 0x10:
		return v + here;
	case 0x30:
		return v + datarel;
	default:
		return v;
	}
}

/* The table entry for pc, by binary search in .eh_frame_hdr. */
static bool find_fde(uint64_t pc, struct fde *f)
{
	struct dl_find_object obj;
	const uint8_t *hdr, *p, *cie, *end, *aug;
	const int32_t *table;
	uint64_t n, lo = 0, hi, range;
	uint32_t len, delta;
	uint8_t fde_enc = 0, version;
	bool sized; /* augmentation data has its length before it */

	if (_dl_find_object((void *)pc, &obj) != 0 || !obj.dlfo_eh_frame)
		return false;
	hdr = obj.dlfo_eh_frame;
	if (hdr[0] != 1 || hdr[2] == 0xFF || hdr[3] != 0x3B)
		return false;
	p = hdr + 4;
	encoded(&p, hdr[1], (uint64_t)hdr);
	n = encoded(&p, hdr[2], (uint64_t)hdr);
	table = (const int32_t *)p;
	hi = n;
	while (lo < hi) {
		uint64_t mid = (lo + hi) / 2;

		if ((uint64_t)hdr + (uint64_t)(int64_t)table[2 * mid] <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return false;
	p = hdr + table[2 * lo - 1];
	len = FETCH(&p, uint32_t);
	if (len == 0 || len == UINT32_MAX)
		return false;
	f->pc_end = p + len;
	cie = p;
	delta = FETCH(&p, uint32_t);
	if (!delta)
		return false;
	cie -= delta;
	len = FETCH(&cie, uint32_t);
	if (len == 0 || len == UINT32_MAX)
		return false;
	f->cie_end = cie + len;
	cie += 4;
	version = *cie++;
	aug = cie;
	cie += strlen((const char *)cie) + 1;
	if ((version != 1 && version != 3) || (aug[0] && aug[0] != 'z'))
		return false;
	f->code_align = uleb(&cie);
	f->data_align = sleb(&cie);
	if (version == 1)
		cie++;
	else
		uleb(&cie);
	f->signal = false;
	sized = aug[0] == 'z';
	if (sized) {
		end = cie;
		len = (uint32_t)uleb(&end);
		cie = end;
		end += len;
		for (aug++; *aug; aug++) {
			if (*aug == 'R')
				fde_enc = *cie++;
			else if (*aug == 'S')
				f->signal = true;
			else if (*aug == 'L')
				cie++;
			else if (*aug == 'P') {
				uint8_t enc = *cie++;

				encoded(&cie, enc, 0);
			}
		}
		cie = end;
	}
	f->cie_code = cie;
	f->start = encoded(&p, fde_enc, (uint64_t)hdr);
	range = encoded(&p, fde_enc & 0x0F, 0);
	if (pc < f->start || pc - f->start >= range)
		return false;
	if (sized) {
		uint64_t skip = uleb(&p);

		p += skip;
	}
	f->pc_code = p;
	return true;
}

static bool read_word(const struct cursor *c, uint64_t at, uint64_t *v)
{
	if (at & 7)
		return false;
	if (!c->foreign) {
		if (at < c->lo || at > c->hi - 8)
			return false;
		*v = *(const uint64_t *)at;
		return true;
	}
	if (tvt__.sandboxed)
		return false;
	return tvt__peek(at, v);
}

/* A DWARF expression: those that appear in PLTs and in glibc's signal trampoline. */
static bool eval(const struct cursor *c, const uint8_t *p, uint64_t first, uint64_t *res)
{
	uint64_t st[16], a;
	unsigned n = 0;
	uint64_t len = uleb(&p);
	const uint8_t *end = p + len;

	st[n++] = first;
	while (p < end) {
		uint8_t op = *p++;

		if (n > 14)
			return false;
		if (op >= 0x30 && op <= 0x4F) { /* lit */
			st[n++] = op - 0x30u;
		} else if (op >= 0x70 && op <= 0x8F) { /* breg */
			int64_t off = sleb(&p);

			if (op - 0x70 >= NREG)
				return false;
			st[n++] = c->reg[op - 0x70] + (uint64_t)off;
		} else if (op == 0x06) { /* deref */
			if (!n || !read_word(c, st[n - 1], &st[n - 1]))
				return false;
		} else if (op == 0x08) {
			st[n++] = *p++;
		} else if (op == 0x09) {
			st[n++] = (uint64_t)(int8_t)*p++;
		} else if (op == 0x0A) {
			st[n++] = FETCH(&p, uint16_t);
		} else if (op == 0x0B) {
			st[n++] = (uint64_t)FETCH(&p, int16_t);
		} else if (op == 0x23) { /* plus_uconst */
			if (!n)
				return false;
			st[n - 1] += uleb(&p);
		} else {
			if (n < 2)
				return false;
			a = st[--n];
			switch (op) {
			case 0x1A:
				st[n - 1] &= a;
				break;
			case 0x1C:
				st[n - 1] -= a;
				break;
			case 0x22:
				st[n - 1] += a;
				break;
			case 0x24:
				st[n - 1] <<= a & 63;
				break;
			case 0x25:
				st[n - 1] >>= a & 63;
				break;
			case 0x2A:
				st[n - 1] = (int64_t)st[n - 1] >= (int64_t)a;
				break;
			default:
				return false;
			}
		}
	}
	if (!n)
		return false;
	*res = st[n - 1];
	return true;
}

static void set(struct row *r, uint64_t reg, enum how how, int64_t val)
{
	if (reg < NREG) {
		r->how[reg] = (uint8_t)how;
		r->val[reg] = val;
	}
}

/* Runs call frame instructions up to pc. init is the row after the CIE, for DW_CFA_restore. */
static bool run_cfa(const struct fde *f, const uint8_t *p, const uint8_t *end, uint64_t pc,
	struct row *r, const struct row *init)
{
	struct row saved[2];
	unsigned nsaved = 0;
	uint64_t at = f->start, reg;

	while (p < end) {
		uint8_t op = *p++, low = op & 0x3F;

		switch (op & 0xC0) {
		case 0x40: /* advance_loc */
			at += low * f->code_align;
			break;
		case 0x80: /* offset */
			set(r, low, AT_OFFSET, (int64_t)uleb(&p) * f->data_align);
			continue;
		case 0xC0: /* restore */
			if (init && low < NREG)
				set(r, low, init->how[low], init->val[low]);
			continue;
		default:
			switch (op) {
			case 0x00:
				continue;
			case 0x01:
				return false; /* set_loc: not met in .eh_frame */
			case 0x02:
				at += *p++ * f->code_align;
				break;
			case 0x03:
				at += FETCH(&p, uint16_t) * f->code_align;
				break;
			case 0x04:
				at += FETCH(&p, uint32_t) * f->code_align;
				break;
			case 0x05:
				reg = uleb(&p);
				set(r, reg, AT_OFFSET, (int64_t)uleb(&p) * f->data_align);
				continue;
			case 0x06:
				reg = uleb(&p);
				if (init && reg < NREG)
					set(r, reg, init->how[reg], init->val[reg]);
				continue;
			case 0x07:
				set(r, uleb(&p), UNDEF, 0);
				continue;
			case 0x08:
				set(r, uleb(&p), SAME, 0);
				continue;
			case 0x09:
				reg = uleb(&p);
				set(r, reg, IN_REG, (int64_t)uleb(&p));
				continue;
			case 0x0A:
				if (nsaved == COUNT(saved))
					return false;
				saved[nsaved++] = *r;
				continue;
			case 0x0B:
				if (!nsaved)
					return false;
				*r = saved[--nsaved];
				continue;
			case 0x0C:
				r->cfa_reg = (uint32_t)uleb(&p);
				r->cfa_off = (int64_t)uleb(&p);
				r->cfa_expr = NULL;
				continue;
			case 0x0D:
				r->cfa_reg = (uint32_t)uleb(&p);
				continue;
			case 0x0E:
				r->cfa_off = (int64_t)uleb(&p);
				continue;
			case 0x0F:
				r->cfa_expr = p;
				reg = uleb(&p);
				p += reg;
				continue;
			case 0x10:
			case 0x16: {
				const uint8_t *expr;
				uint64_t which = uleb(&p);

				expr = p;
				reg = uleb(&p);
				p += reg;
				set(r, which, op == 0x10 ? AT_EXPR : VAL_EXPR, (int64_t)expr);
				continue;
			}
			case 0x11:
				reg = uleb(&p);
				set(r, reg, AT_OFFSET, sleb(&p) * f->data_align);
				continue;
			case 0x12:
				r->cfa_reg = (uint32_t)uleb(&p);
				r->cfa_off = sleb(&p) * f->data_align;
				r->cfa_expr = NULL;
				continue;
			case 0x13:
				r->cfa_off = sleb(&p) * f->data_align;
				continue;
			case 0x14:
				reg = uleb(&p);
				set(r, reg, VAL_OFFSET, (int64_t)uleb(&p) * f->data_align);
				continue;
			case 0x2E:
				uleb(&p);
				continue; /* GNU_args_size */
			default:
				return false;
			}
		}
		if (at > pc)
			return true; /* a location beyond pc: done */
	}
	return true;
}

/* Registers of the caller, by the table. */
static enum stepped step_table(
	struct cursor *c, const struct fde *f, uint64_t pc, uint64_t *cfa_out)
{
	struct row r, init;
	struct cursor old = *c;
	uint64_t cfa, at;

	memset(&r, 0, sizeof r);
	if (!run_cfa(f, f->cie_code, f->cie_end, UINT64_MAX, &r, NULL))
		return LOST;
	init = r;
	if (!run_cfa(f, f->pc_code, f->pc_end, pc, &r, &init))
		return LOST;
	if (r.cfa_expr) {
		if (!eval(c, r.cfa_expr, 0, &cfa))
			return LOST;
	} else {
		if (r.cfa_reg >= NREG)
			return LOST;
		cfa = c->reg[r.cfa_reg] + (uint64_t)r.cfa_off;
	}
	*cfa_out = cfa;
	c->reg[RSP] = cfa;
	for (unsigned i = 0; i < NREG; i++) {
		uint64_t val = (uint64_t)r.val[i];

		switch ((enum how)r.how[i]) {
		case SAME:
			break;
		case UNDEF:
			if (i == RA)
				return OUTERMOST;
			break;
		case AT_OFFSET:
			if (!read_word(c, cfa + val, &c->reg[i]))
				return LOST;
			break;
		case VAL_OFFSET:
			c->reg[i] = cfa + val;
			break;
		case IN_REG:
			if (val >= NREG)
				return LOST;
			c->reg[i] = old.reg[val];
			break;
		case AT_EXPR:
			if (!eval(&old, (const uint8_t *)val, cfa, &at) ||
				!read_word(c, at, &c->reg[i]))
				return LOST;
			break;
		case VAL_EXPR:
			if (!eval(&old, (const uint8_t *)val, cfa, &c->reg[i]))
				return LOST;
			break;
		}
	}
	c->exact = f->signal;
	if (!c->reg[RA])
		return OUTERMOST;
	return cfa > old.reg[RSP] || f->signal ? STEPPED : LOST;
}

static enum stepped step(struct cursor *c, uint64_t *cfa_out)
{
	struct fde f;
	uint64_t pc = c->reg[RA] - !c->exact, next, rbp = c->reg[RBP];

	if (find_fde(pc, &f))
		return step_table(c, &f, pc, cfa_out);
	/* push %rbp; mov %rsp,%rbp */
	if (rbp < c->reg[RSP] || !read_word(c, rbp + 8, &next) || !read_word(c, rbp, &c->reg[RBP]))
		return LOST;
	c->exact = false;
	c->reg[RA] = next;
	c->reg[RSP] = *cfa_out = rbp + 16;
	return next ? STEPPED : OUTERMOST;
}

static void walk(struct cursor *c, uint64_t from, struct stack *st)
{
	const struct tls *t = &tvt__tls;
	bool started = !from;
	enum stepped how = STEPPED;

	c->lo = (c->reg[RSP] - 128) & ~(uint64_t)7; /* the red zone is below it */
	c->hi = t->stack_hi;
	c->foreign = c->reg[RSP] < t->stack_lo || c->reg[RSP] >= t->stack_hi;
	st->n = 0;
	/* a few frames more: those of the tracer before `from` */
	for (unsigned i = 0; how == STEPPED && st->n < TRACE_FRAMES && i < TRACE_FRAMES + 8; i++) {
		uint64_t pc = c->reg[RA], cfa = 0;

		how = step(c, &cfa);
		started |= pc == from;
		if (started) {
			st->pc[st->n] = pc;
			st->cfa[st->n++] = cfa;
		}
	}
	st->cut = how != OUTERMOST;
}

/* The stack of the caller, beginning with the frame whose return address is `from`. */
__attribute__((noinline)) void tvt__unwind(uint64_t from, struct stack *st)
{
	struct cursor c;

	memset(&c, 0, sizeof c);
	__asm__ volatile("movq %%rbx, %c[rbx](%[reg])\n\t"
			 "movq %%rbp, %c[rbp](%[reg])\n\t"
			 "movq %%rsp, %c[rsp](%[reg])\n\t"
			 "movq %%r12, %c[r12](%[reg])\n\t"
			 "movq %%r13, %c[r13](%[reg])\n\t"
			 "movq %%r14, %c[r14](%[reg])\n\t"
			 "movq %%r15, %c[r15](%[reg])\n\t"
			 "leaq 0f(%%rip), %%rax\n\t"
			 "movq %%rax, %c[ra](%[reg])\n"
			 "0:"
			 :
			 : [reg] "r"(c.reg), [rbx] "i"(8 * RBX), [rbp] "i"(8 * RBP),
			 [rsp] "i"(8 * RSP), [r12] "i"(8 * R12), [r13] "i"(8 * R12 + 8),
			 [r14] "i"(8 * R12 + 16), [r15] "i"(8 * R12 + 24), [ra] "i"(8 * RA)
			 : "rax", "memory");
	c.exact = true;
	walk(&c, from, st);
}

/* The stack that a signal interrupted; st->pc[0] is where it stood. */
void tvt__unwind_signal(const void *context, struct stack *st)
{
	static const int8_t from[NREG] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
		REG_RBP, REG_RSP, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14,
		REG_R15, REG_RIP};
	const ucontext_t *uc = context;
	struct cursor c;

	memset(&c, 0, sizeof c);
	for (unsigned i = 0; i < NREG; i++)
		c.reg[i] = (uint64_t)uc->uc_mcontext.gregs[from[i]];
	c.exact = true;
	walk(&c, 0, st);
}

/* First address of the function around pc, or 0. Sections that were split off count apart. */
uint64_t tvt__function_start(uint64_t pc)
{
	struct fde f;

	return find_fde(pc - 1, &f) ? f.start : 0;
}
