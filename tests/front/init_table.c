//: --all
struct cmd {
	const char *name;
	int (*run)(int argc, char **argv);
	unsigned flags;
	const struct cmd *sub;
};
static int cmd_add(int argc, char **argv) { return argc; }
static int cmd_rm(int argc, char **argv) { return 0; }
extern int cmd_far(int argc, char **argv);
enum { NEEDS_DB = 1, HIDDEN = 2 };

static const struct cmd sub[] = {
	{"far", cmd_far, NEEDS_DB | HIDDEN, 0},
};
const struct cmd commands[] = {
	{"add", cmd_add, NEEDS_DB},
	{.name = "rm", .run = &cmd_rm, .sub = sub},
	{"flat", (int (*)(int, char **))cmd_far, 0, &sub[0]},
	[5] = {.flags = ~0u},
};
int (*const by_number[])(int, char **) = {cmd_add, 0, [4] = cmd_rm, [6 ... 9] = cmd_far};
static int counter = 3, zero = 0;
int *alias = &counter, *inside = &((int[]){1, 2, 3})[1];
double ratio = 1.5;
char text[] = "text";
union {
	int i;
	const char *s;
} u = {.s = "member"};

int *local_table(void)
{
	static int calls = 1;
	static int *const where[] = {&calls, &counter};

	return where[calls++];
}
