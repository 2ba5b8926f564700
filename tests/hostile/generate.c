/* generate.c - bad C, and odd files that stand where C is expected: the same for the same seed.
 *
 *     generate DIR SEED FIRST COUNT [REAL.c...]
 *
 * writes cases FIRST to FIRST+COUNT-1 and a compile_commands.json, in which good.c stands among
 * them. Prints one line a case: its number, its class, and what it is. Real files are what the
 * classes "cut", "mutated" and "program" begin with.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static uint64_t state;
static char **reals;
static int nreal;
static char say[200]; /* what the case is */
static FILE *db;

/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators") */
static uint64_t rnd(uint64_t n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * UINT64_C(2685821657736338717) >> 16) % n;
}

static void die(const char *what)
{
	fprintf(stderr, "generate: %s: %s\n", what, strerror(errno));
	exit(2);
}

static FILE *make(const char *name)
{
	FILE *f = fopen(name, "w");

	if (!f)
		die(name);
	return f;
}

static void done(FILE *f, const char *name)
{
	if (fclose(f))
		die(name);
}

static void repeat(FILE *f, const char *s, unsigned n)
{
	while (n--)
		fputs(s, f);
}

/* ---- nesting: HEAD, OPEN n times, MIDDLE, CLOSE n times, TAIL ---- */

static const struct nest {
	const char *name, *head, *open, *middle, *close, *tail;
} nests[] = {
	{"parentheses", "int f(int x) { return ", "(", "x", ")", "; }\n"},
	{"braces", "void f(void) ", "{", ";", "}", "\n"},
	{"initialisers", "int a[] = ", "{", "1", "}", ";\n"},
	{"else-ifs", "void f(int x) { if (x) ;", " else if (x) ;", "", "", " }\n"},
	{"ifs", "void f(int x) { ", "if (x) ", ";", "", " }\n"},
	{"fors", "void f(int x) { ", "for (;x;) ", ";", "", " }\n"},
	{"whiles", "void f(int x) { ", "while (x) ", ";", "", " }\n"},
	{"dos", "void f(int x) { ", "do ", ";", " while (x);", " }\n"},
	{"switches", "void f(int x) { ", "switch (x) case 1: ", ";", "", " }\n"},
	{"pointers", "int ", "*", "p", "", ";\n"},
	{"arrays", "int a", "[1]", "", "", ";\n"},
	{"casts", "int f(int x) { return ", "(int)", "x", "", "; }\n"},
	{"sizeofs", "int f(int x) { return ", "sizeof ", "x", "", "; }\n"},
	{"nots", "int f(int x) { return ", "!", "x", "", "; }\n"},
	{"minuses", "int f(int x) { return ", "- ", "x", "", "; }\n"},
	{"addresses", "int f(int *x) { return ", "*&", "x", "", " != 0; }\n"},
	{"ternaries", "int f(int x) { return ", "x ? 1 : ", "x", "", "; }\n"},
	{"middle ternaries", "int f(int x) { return ", "x ? ", "x", " : 1", "; }\n"},
	{"sums", "int f(int x) { return x", " + x", "", "", "; }\n"},
	{"ands", "int f(int x) { return x", " && x", "", "", "; }\n"},
	{"commas", "int f(int x) { return x", ", x", "", "", "; }\n"},
	{"assignments", "void f(int x) { ", "x = ", "x", "", "; }\n"},
	{"subscripts", "int f(int *x) { return ", "x[", "0", "]", "; }\n"},
	{"calls", "int g(int); int f(int x) { return ", "g(", "x", ")", "; }\n"},
	{"members", "struct s { struct s *n; }; void *f(struct s *p) { return p", "->n", "", "",
		"; }\n"},
	{"structs", "", "struct { ", "int x;", "} m;", "\n"},
	{"statement expressions", "int f(int x) { return ", "({ ", "x;", "; })", "; }\n"},
	{"generics", "int f(int x) { return ", "_Generic(x, int: ", "x", ")", "; }\n"},
	{"strings", "const char *s = ", "\"x\" ", "\"\"", "", ";\n"},
	{"labels", "void f(void) { ", "{ __label__ l; l: ", ";", "}", "}\n"},
	{"attributes", "", "__attribute__((unused)) ", "int x", "", ";\n"},
	{"function types", "int ", "(*", "f", ")(void)", ";\n"},
	{"redeclarations", "", "int f(void);\n", "", "", ""},
	{"conditionals", "", "#if 1\n", "int x;\n", "#endif\n", ""},
	{"unclosed braces", "void f(void) ", "{", "", "", ""},
	{"unclosed parentheses", "int x = ", "(", "", "", ""},
	{"pragmas", "", "#pragma pack(push, 1)\n", "int x;\n", "", ""},
	{"compound literals", "int f(void) { return ", "(int){", "1", "}", "; }\n"},
	{"designators", "struct s { struct s *p; } a = {", ".p = &(struct s){", "0", "}", "};\n"},
	{"typeofs", "int x; ", "__typeof__(", "x", ")", " y;\n"},
};

static void nesting(FILE *f, unsigned largest)
{
	const struct nest *n = &nests[rnd(COUNT(nests))];
	unsigned depth = 10;

	for (uint64_t k = rnd(6); k && depth < largest; k--)
		depth *= 10;
	fputs(n->head, f);
	repeat(f, n->open, depth);
	fputs(n->middle, f);
	repeat(f, n->close, depth);
	fputs(n->tail, f);
	snprintf(say, sizeof say, "%u %s", depth, n->name);
}

/* ---- real text, damaged ---- */

static char *real_text(size_t *n)
{
	static const char plain[] = "#include <unistd.h>\n"
				    "struct s { int fd; void (*cb)(struct s *); };\n"
				    "static int f(struct s *p, int n)\n{\n"
				    "\tfor (int i = 0; i < n; i++)\n\t\tif (read(p->fd, &n, 1) < 0)\n"
				    "\t\t\treturn -1;\n\tp->cb(p);\n\treturn 0;\n}\n"
				    "int main(void) { struct s s = {0}; return f(&s, 3); }\n";
	char *text;
	FILE *f;

	if (!nreal) {
		*n = sizeof plain - 1;
		return strdup(plain);
	}
	const char *name = reals[rnd((uint64_t)nreal)];
	f = fopen(name, "r");
	if (!f)
		die(name);
	text = malloc(1 << 20);
	if (!text)
		die("memory");
	*n = fread(text, 1, 1 << 20, f);
	fclose(f);
	snprintf(say, sizeof say, "%s", strrchr(name, '/') ? strrchr(name, '/') + 1 : name);
	return text;
}

static void cut(FILE *f)
{
	size_t n;
	char *text = real_text(&n);

	n = n ? rnd(n) : 0;
	fwrite(text, 1, n, f);
	snprintf(say + strlen(say), sizeof say - strlen(say), ", cut at %zu", n);
	free(text);
}

static void mutated(FILE *f)
{
	static const char *const put[] = {"{", "}", "(", ")", ";", "*", "#", "\\\n", "\"", "'", "/*", "*/",
		"[", "]", "##", "...", "goto ", "case 1:", "default:", "break;", "typedef ", "struct ",
		"#if 0\n", "#endif\n", "#else\n", "#include __FILE__\n", "_Generic(", "__attribute__((",
		"\0", "\xff", "\xe2\x80\xae", "0x", "1e999999999", "-", "?", ":", ",", "=", "return "};
	size_t n, at = 0;
	char *text = real_text(&n);
	unsigned changes = 1 + (unsigned)rnd(8);

	for (unsigned c = 0; c < changes && at < n; c++) {
		size_t to = at + rnd(n - at);
		const char *p = put[rnd(COUNT(put))];

		fwrite(text + at, 1, to - at, f);
		fwrite(p, 1, *p ? strlen(p) : 1, f);
		at = to + rnd(4); /* what follows is kept, or loses up to three bytes */
	}
	if (at < n)
		fwrite(text + at, 1, n - at, f);
	snprintf(say + strlen(say), sizeof say - strlen(say), ", %u changes", changes);
	free(text);
}

/* As it is: csmith's programs, if the caller has some. */
static void program(FILE *f)
{
	size_t n;
	char *text = real_text(&n);

	fwrite(text, 1, n, f);
	free(text);
}

static void binary(FILE *f)
{
	unsigned n = 1u << rnd(16), kind = (unsigned)rnd(3);
	static const char *const what[] = {"any", "no NUL", "high"};

	for (unsigned i = 0; i < n; i++)
		fputc((int)(kind == 2 ? 128 + rnd(128) : kind == 1 ? 1 + rnd(255) : rnd(256)), f);
	snprintf(say, sizeof say, "%u bytes, %s", n, what[kind]);
}

/* ---- bombs ---- */

static void bomb(FILE *f, const char *self)
{
	unsigned n = 10 + (unsigned)rnd(30), kind = (unsigned)rnd(5);

	switch (kind) {
	case 0: /* doubles n times */
		fputs("#define X0 x,\n", f);
		for (unsigned i = 1; i <= n; i++)
			fprintf(f, "#define X%u X%u X%u\n", i, i - 1, i - 1);
		fprintf(f, "int a[] = { X%u };\n", n);
		break;
	case 1: /* reads itself twice, n deep */
		fprintf(f, "#ifndef D\n#define D 0\n#endif\n#if __INCLUDE_LEVEL__ < %u\n"
			   "#include \"%s\"\n#include \"%s\"\n#endif\n", n, self, self);
		break;
	case 2: /* reads itself for ever */
		fprintf(f, "#include \"%s\"\nint x;\n", self);
		break;
	case 3: /* arguments that double */
		fputs("#define D(x) x x\n", f);
		fputs("int f(int a) { return ", f);
		repeat(f, "D(", n);
		fputs("+a", f);
		repeat(f, ")", n);
		fputs("; }\n", f);
		break;
	default: /* pasted to a name of 2^n characters */
		fputs("#define P0 xxxxxxxx\n#define C(a, b) a##b\n#define E(a, b) C(a, b)\n", f);
		for (unsigned i = 1; i <= n; i++)
			fprintf(f, "#define P%u E(P%u, P%u)\n", i, i - 1, i - 1);
		fprintf(f, "int P%u;\n", n);
	}
	snprintf(say, sizeof say, "kind %u, %u", kind, n);
}

static void big(FILE *f, unsigned largest)
{
	static const char *const what[] = {"one line", "functions", "globals", "macros", "a range", "_BitInt",
		"a number", "cases", "a name", "locals", "a comment", "arguments", "empty lines"};
	unsigned n = 1000, kind = (unsigned)rnd(COUNT(what));

	for (uint64_t k = rnd(4); k && n < largest; k--)
		n *= 10;
	switch (kind) {
	case 0:
		repeat(f, "int x; ", n);
		break;
	case 1:
		for (unsigned i = 0; i < n / 10; i++)
			fprintf(f, "int f%u(int x) { return x ? f%u(x - 1) : 0; }\n", i, i ? i - 1 : 0);
		break;
	case 2:
		for (unsigned i = 0; i < n; i++)
			fprintf(f, "int v%u;\n", i);
		break;
	case 3:
		for (unsigned i = 0; i < n; i++)
			fprintf(f, "#define M%u M%u\n", i, i + 1);
		fputs("int M0;\n", f);
		break;
	case 4:
		fprintf(f, "int a[] = { [0 ... %u] = 1 };\n", n * 100);
		break;
	case 5:
		fprintf(f, "_BitInt(%u) x = 1;\n", n * 8);
		break;
	case 6:
		fputs("long x = ", f);
		repeat(f, "9", n);
		fputs(";\n", f);
		break;
	case 7:
		fputs("int f(int x) { switch (x) {\n", f);
		for (unsigned i = 0; i < n; i++)
			fprintf(f, "case %u: x++;\n", i);
		fputs("} return x; }\n", f);
		break;
	case 8:
		fputs("int ", f);
		repeat(f, "x", n);
		fputs(";\n", f);
		break;
	case 9:
		fputs("void f(void) {\n", f);
		for (unsigned i = 0; i < n / 10; i++)
			fprintf(f, "int v%u = %u;\n", i, i);
		fputs("}\n", f);
		break;
	case 10:
		fputs("/*", f);
		repeat(f, "* / ", n);
		break;
	case 11:
		fputs("int f(); int g(int x) { return f(0", f);
		repeat(f, ", x", n / 10);
		fputs("); }\n", f);
		break;
	default:
		repeat(f, "\n", n);
	}
	snprintf(say, sizeof say, "%u: %s", n, what[kind]);
}

/* ---- text that means something to whoever prints it ---- */

static const char *const bad[] = {"\x1b[31mred", "\x1b]0;title\x07", "\xe2\x80\xae txet", "\xe2\x81\xa6",
	"<script>alert(1)<|script>", "<img src=x onerror=alert(1)>", "]]>", "&quot;", "'; DROP TABLE findings; --",
	"::error file=x::owned", "%0A::warning::owned", "${{ secrets.X }}", "[x](javascript:alert(1))",
	"@everyone", "=cmd|'|c calc'!A1", "\r::set-output name=x::y", "{{7*7}}", "!!python|object:x", "\x9b\x33m",
	"x\n::error::owned", "a: b\n- c", "x\tblocking-call-in-task\t1", "</b>&lt;", "--><i>", "a\xff\xfe", "%s%n%1000000d"};

/* One of them: '|' stands for a slash where there is no path, and nothing that ends a quoted string in C. */
static const char *a_bad(char *into, size_t n, bool in_path)
{
	char *p = into;

	for (const char *s = bad[rnd(COUNT(bad))]; *s && p < into + n - 1; s++) {
		if (in_path && *s == '/')
			continue;
		*p++ = (char)(*s != '|' || in_path ? *s : '/');
	}
	*p = '\0';
	return into;
}

/* Puts it in comments, literals, names of the linker, names of files in #line, and annotations. */
static void injection(FILE *f, const char *b)
{
	const char *line = strpbrk(b, "\r\n") ? "x" : b; /* where a new line would only be an error */

	fprintf(f, "#include <unistd.h>\n#include <sys/epoll.h>\n/* tvt: allow(%s) %s */\n", b, b);
	fprintf(f, "// tvt: allow(blocking-call-in-task) %s\n", line);
	fprintf(f, "const char *s = \"%s\";\n#warning %s\n", line, line);
	fprintf(f, "void other(void) __asm__(\"%s\");\n", line);
	fprintf(f, "__attribute__((annotate(\"tvt: %s\"))) static void $work\u00e4(void);\n", line);
	if (rnd(3) == 0)
		fprintf(f, "#line 7 \"%s\"\n", line);
	fprintf(f, "static void $work\u00e4(void) { sleep(1); other(); /* %s */ }\n", line);
	fprintf(f, "int main(void) { struct epoll_event e[8]; int ep = epoll_create1(0);\n"
		   "for (;;) { int n = epoll_wait(ep, e, 8, -1); for (int i = 0; i < n; i++) $work\u00e4(); /* %s */ } }\n", line);
	snprintf(say, sizeof say, "%zu bytes of it", strlen(b));
}

/* ---- what is no file, or hides behind an include ---- */

static void odd(const char *name, unsigned i)
{
	static const char *const targets[] = {"/dev/zero", "/dev/stdin", "/dev/null", "/proc/self/maps",
		"/dev/urandom", "/proc/kmsg", "/etc/shadow", "/nowhere", "/proc/self/mem", "/dev/tty"};
	unsigned kind = (unsigned)rnd(8);
	bool include = rnd(2);
	char odd_name[100];
	FILE *f;

	if (include)
		snprintf(odd_name, sizeof odd_name, "odd%u.h", i);
	else
		snprintf(odd_name, sizeof odd_name, "%s", name);
	unlink(odd_name);
	switch (kind) {
	case 0:
		if (mkfifo(odd_name, 0600))
			die(odd_name);
		snprintf(say, sizeof say, "a FIFO");
		break;
	case 1:
		if (mkdir(odd_name, 0700))
			die(odd_name);
		snprintf(say, sizeof say, "a directory");
		break;
	case 2:
		if (symlink(odd_name, odd_name))
			die(odd_name);
		snprintf(say, sizeof say, "a link to itself");
		break;
	case 3:
		snprintf(say, sizeof say, "not there");
		break;
	case 4:
		f = make(odd_name);
		done(f, odd_name);
		chmod(odd_name, 0);
		snprintf(say, sizeof say, "not readable");
		break;
	default: {
		const char *to = targets[rnd(COUNT(targets))];

		if (symlink(to, odd_name))
			die(odd_name);
		snprintf(say, sizeof say, "a link to %s", to);
	}
	}
	if (!include)
		return;
	snprintf(say + strlen(say), sizeof say - strlen(say), ", included");
	f = make(name);
	fprintf(f, "#include \"%s\"\nint x%u;\n", odd_name, i);
	done(f, name);
}

/* ---- arguments ---- */

static const char *argument(void)
{
	static const char *const args[] = {"-o owned", "-MD -MF owned", "-MJ owned", "-save-temps", "-fplugin=./owned.so",
		"-Xclang -load -Xclang ./owned.so", "-Xclang -dependency-file -Xclang owned", "@loop.rsp", "@/dev/zero",
		"-include /dev/zero", "-imacros /dev/stdin", "-ivfsoverlay owned", "-fmodules -fmodules-cache-path=owned",
		"-emit-ast -o owned", "-serialize-diagnostics owned", "-Wp,-MD,owned", "-B.", "-specs=owned",
		"-wrapper ./owned.sh", "-fcrash-diagnostics-dir=owned", "-ftime-trace=owned", "-fprofile-generate=owned",
		"-x ir", "-x c++", "--config=owned", "-isysroot /proc/self/root", "-ftemplate-depth=1", "-std=c99999",
		"-D$(touch${IFS}owned)", "-D`touch owned`", "-I/dev/fd/0", "-fbracket-depth=100000000",
		"-fconstexpr-steps=4000000000", "-print-file-name=owned", "-###", "-E", "--help", "-gsplit-dwarf", "-dD",
		"-index-store-path owned", "-header-include-file owned", "-fdebug-compilation-dir=owned", "-cc1", "-"};

	return args[rnd(COUNT(args))];
}

/* ---- cases ---- */

enum class { NESTING, CUT, MUTATED, BINARY, BOMB, BIG, INJECTION, ODD, ARGUMENT, PROGRAM, PATH, CLASSES };
static const char *const class_name[CLASSES] = {
	"nesting", "cut", "mutated", "binary", "bomb", "big", "injection", "odd", "argument",
	"program", "path"};

static void json_string(const char *s)
{
	putc('"', db);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			putc('\\', db);
		if ((unsigned char)*s < ' ')
			fprintf(db, "\\u%04x", (unsigned char)*s);
		else
			putc(*s, db);
	}
	putc('"', db);
}

static void entry(const char *name, const char *args, bool first)
{
	char cwd[4096], command[8192];

	if (!getcwd(cwd, sizeof cwd))
		die(".");
	snprintf(command, sizeof command, "cc %s -c '%s'", args, strchr(name, '\'') ? "x.c" : name);
	fprintf(db, "%s{\"directory\": ", first ? "" : ",\n");
	json_string(cwd);
	fputs(", \"file\": ", db);
	json_string(name);
	fputs(", \"command\": ", db);
	json_string(command);
	fputs("}", db);
}

static void one(uint64_t seed, unsigned i, unsigned largest)
{
	char name[100], b[64];
	const char *args = "-I.";
	enum class c;
	FILE *f;

	state = (seed * UINT64_C(1000003) + i) * UINT64_C(2654435769) | 1;
	for (int k = 0; k < 8; k++)
		rnd(2);
	c = (enum class)(i % CLASSES);
	*say = '\0';
	snprintf(name, sizeof name, "c%06u.c", i);
	if (c == PATH)
		snprintf(name, sizeof name, "c%06u%s.c", i, a_bad(b, sizeof b, true));
	if (c == ODD) {
		odd(name, i);
	} else {
		f = make(name);
		switch (c) {
		case NESTING:
			nesting(f, largest);
			break;
		case CUT:
			cut(f);
			break;
		case MUTATED:
			mutated(f);
			break;
		case BINARY:
			binary(f);
			break;
		case BOMB:
			bomb(f, name);
			break;
		case BIG:
			big(f, largest);
			break;
		case INJECTION:
			injection(f, a_bad(b, sizeof b, false));
			break;
		case PATH:
			injection(f, "x");
			break;
		case PROGRAM:
			program(f);
			break;
		default:
			args = argument();
			snprintf(say, sizeof say, "%s", args);
			fprintf(f, "int x%u;\n", i);
		}
		done(f, name);
	}
	entry(name, args, false);
	printf("%06u\t%s\t%s\n", i, class_name[c], say);
}

int main(int argc, char **argv)
{
	static const char good[] = "#include <sys/epoll.h>\n#include <unistd.h>\n"
				   "static void work(int fd) { sleep(1); }\n"
				   "int main(void)\n{\n\tint ep = epoll_create1(0);\n"
				   "\tfor (;;) {\n\t\tstruct epoll_event e[8];\n"
				   "\t\tint n = epoll_wait(ep, e, 8, -1);\n"
				   "\t\tfor (int i = 0; i < n; i++)\n\t\t\twork(e[i].data.fd);\n\t}\n}\n";
	const char *most = getenv("LARGEST");
	unsigned first, count;
	FILE *f;

	if (argc < 5) {
		fputs("usage: generate DIR SEED FIRST COUNT [REAL.c...]\n", stderr);
		return 2;
	}
	first = (unsigned)strtoul(argv[3], NULL, 10);
	count = (unsigned)strtoul(argv[4], NULL, 10);
	reals = argv + 5;
	nreal = argc - 5;
	if (chdir(argv[1]))
		die(argv[1]);
	f = make("good.c");
	fputs(good, f);
	done(f, "good.c");
	f = make("loop.rsp");
	fputs("@loop.rsp @loop.rsp\n", f);
	done(f, "loop.rsp");
	db = make("compile_commands.json");
	fputs("[", db);
	entry("good.c", "", true);
	for (unsigned i = first; i < first + count; i++)
		one(strtoull(argv[2], NULL, 10), i, most ? (unsigned)strtoul(most, NULL, 10) : 1000000);
	fputs("]\n", db);
	done(db, "compile_commands.json");
	return 0;
}
