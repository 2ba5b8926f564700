/* Files and paths, in a directory of their own. */
#include "base/base.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char dir[64];
static char said[512];

static void listen_to(void *ctx, const char *level, const char *msg)
{
	snprintf(said, sizeof said, "%s", msg);
}

static int setup(void **state)
{
	strcpy(dir, "/tmp/tvt-test-XXXXXX");
	said[0] = '\0';
	diag_redirect(listen_to, NULL);
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char cmd[80];

	diag_redirect(NULL, NULL);
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	return system(cmd);
}

static const char *in_dir(const char *name)
{
	static char path[4][200];
	static int which;

	which = (which + 1) % 4;
	snprintf(path[which], sizeof path[which], "%s/%s", dir, name);
	return path[which];
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void has_text(const char *path, const char *text)
{
	char *data;
	size_t size;

	assert_int_equal(fs_read(path, &data, &size), 0);
	assert_int_equal(size, strlen(text));
	assert_string_equal(data, text);
	free(data);
}

static int count_files(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	while ((e = readdir(d)))
		n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	closedir(d);
	return n;
}

/* Every way to open a path refuses it, with this reason, and does not hang. */
static void refused(const char *path, const char *why, int err)
{
	char want[400], *data;
	const char *map;
	size_t size;

	alarm(10);
	snprintf(want, sizeof want, "cannot read '%s': %s", path, why);
	assert_int_equal(fs_read(path, &data, &size), -1);
	assert_string_equal(said, want);
	said[0] = '\0';
	assert_int_equal(fs_read_quiet(path, &data, &size), -1);
	assert_int_equal(errno, err);
	assert_string_equal(said, "");
	assert_int_equal(fs_map(path, &map, &size), -1);
	assert_string_equal(said, want);
	assert_false(fs_is_file(path));
	alarm(0);
}

static void reading(void **state)
{
	put(in_dir("a"), "hello\n");
	has_text(in_dir("a"), "hello\n");
	put(in_dir("empty"), "");
	has_text(in_dir("empty"), "");
	assert_true(fs_is_file(in_dir("a")));
	assert_false(fs_is_dir(in_dir("a")));
	assert_true(fs_is_dir(dir));
}

static void size_of_a_file_may_be_a_lie(void **state)
{
	char *data;
	size_t size;

	/* st_size is 0 here */
	assert_int_equal(fs_read("/proc/self/status", &data, &size), 0);
	assert_true(size > 100);
	assert_int_equal(strlen(data), size);
	free(data);
}

static void what_is_not_a_file_is_refused(void **state)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
	refused(in_dir("fifo"), "not a regular file", EINVAL);
	assert_int_equal(symlink("fifo", in_dir("link")), 0);
	refused(in_dir("link"), "not a regular file", EINVAL);
	refused(dir, "is a directory", EISDIR);
	refused("/dev/zero", "not a regular file", EINVAL);
	snprintf(un.sun_path, sizeof un.sun_path, "%s", in_dir("sock"));
	assert_int_equal(bind(s, (struct sockaddr *)&un, sizeof un), 0);
	refused(in_dir("sock"), "not a regular file", EINVAL);
	close(s);
	refused(in_dir("none"), "No such file or directory", ENOENT);
	assert_int_equal(symlink("loop", in_dir("loop")), 0);
	refused(in_dir("loop"), "Too many levels of symbolic links", ELOOP);
}

static void absurd_size_is_an_error(void **state)
{
	int fd = open(in_dir("sparse"), O_WRONLY | O_CREAT, 0600);
	char *data;
	size_t size;

	if (ftruncate(fd, (off_t)1 << 40) < 0)
		skip();
	close(fd);
	assert_int_equal(fs_read_quiet(in_dir("sparse"), &data, &size), -1);
	assert_int_equal(errno, EFBIG);
}

static void mapping(void **state)
{
	const char *data;
	size_t size;

	put(in_dir("a"), "hello");
	assert_int_equal(fs_map(in_dir("a"), &data, &size), 0);
	assert_int_equal(size, 5);
	assert_memory_equal(data, "hello", 5);
	assert_int_equal((uintptr_t)data % 8, 0);
	fs_unmap(data, size);
	put(in_dir("empty"), "");
	assert_int_equal(fs_map(in_dir("empty"), &data, &size), 0);
	assert_int_equal(size, 0);
	assert_string_equal(data, "");
	fs_unmap(data, size);
}

static void writing(void **state)
{
	struct stat st;

	umask(022);
	assert_int_equal(fs_write_atomic(in_dir("new"), "one", 3), 0);
	has_text(in_dir("new"), "one");
	assert_int_equal(stat(in_dir("new"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	chmod(in_dir("new"), 0600);
	assert_int_equal(fs_write_atomic(in_dir("new"), "two", 3), 0);
	has_text(in_dir("new"), "two");
	assert_int_equal(stat(in_dir("new"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(fs_write_atomic(in_dir("new"), "", 0), 0);
	has_text(in_dir("new"), "");
	assert_int_equal(count_files(), 1);
}

static void writing_goes_through_links_but_not_to_devices(void **state)
{
	struct stat st;

	put(in_dir("real"), "old");
	assert_int_equal(symlink("real", in_dir("link")), 0);
	assert_int_equal(fs_write_atomic(in_dir("link"), "new", 3), 0);
	has_text(in_dir("real"), "new");
	assert_int_equal(lstat(in_dir("link"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
	assert_int_equal(fs_write_atomic(in_dir("fifo"), "x", 1), -1);
	assert_int_equal(lstat(in_dir("fifo"), &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(fs_write_atomic(dir, "x", 1), -1);
	assert_int_equal(fs_write_atomic(in_dir("no/such"), "x", 1), -1);
	assert_non_null(strstr(said, "No such file or directory"));
}

/* The disk is full in the middle: the old file stays, and nothing else. */
static void failed_write_leaves_no_half_file(void **state)
{
	struct rlimit old, small;
	char *big = xcalloc(1, 1 << 20);

	put(in_dir("a"), "old");
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = 100 * 1024;
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(fs_write_atomic(in_dir("a"), big, 1 << 20), -1);
	assert_int_equal(fs_write_atomic(in_dir("b"), big, 1 << 20), -1);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_non_null(strstr(said, "File too large"));
	has_text(in_dir("a"), "old");
	assert_int_equal(count_files(), 1);
	free(big);
}

/* Killed at any time: the old file or the new one, whole. */
static void killed_writer_leaves_no_half_file(void **state)
{
	enum { SIZE = 1 << 20 };
	char *old = memset(xmalloc(SIZE), 'o', SIZE), *new = memset(xmalloc(SIZE), 'n', SIZE);
	int left = 0;

	assert_int_equal(fs_write_atomic(in_dir("a"), old, SIZE), 0);
	for (int i = 0; i < 20; i++) {
		pid_t child = fork();
		char *data;
		size_t size;

		if (!child)
			for (;;)
				fs_write_atomic(in_dir("a"), new, SIZE);
		usleep((useconds_t)(500 + i * 700));
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		assert_int_equal(fs_read(in_dir("a"), &data, &size), 0);
		assert_int_equal(size, SIZE);
		assert_true(!memcmp(data, old, SIZE) || !memcmp(data, new, SIZE));
		free(data);
		left += count_files() - 1;
	}
	/* only between getting its name and its place can a file be left */
	assert_true(left < 20);
	free(old);
	free(new);
}

/* ---- paths ---- */

static void normal(void **state)
{
	static const struct {
		const char *path, *want;
	} cases[] = {
		{"", "."}, {".", "."}, {"./", "."}, {"/", "/"}, {"//", "/"}, {"/..", "/"}, {"/../a", "/a"},
		{"a", "a"}, {"a/", "a"}, {"./a//b/./c", "a/b/c"}, {"a/../b", "b"}, {"a/..", "."},
		{"..", ".."}, {"../..", "../.."}, {"a/../..", ".."}, {"../a/..", ".."}, {"../a/../..", "../.."},
		{"/a/b/../c/", "/a/c"}, {"/a/b/../../..", "/"}, {"/a/.../b", "/a/.../b"}, {"a/b/..c", "a/b/..c"},
		{"../../a/b/../c", "../../a/c"},
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_string_equal(path_normal(a, cases[i].path), cases[i].want);
		assert_string_equal(path_normal(a, cases[i].want), cases[i].want);
	}
	arena_free(a);
}

static void join_base_dir_under(void **state)
{
	struct arena *a = arena_new();

	assert_string_equal(path_join(a, "/a/b", "../c.h"), "/a/c.h");
	assert_string_equal(path_join(a, "/a/b", "/c.h"), "/c.h");
	assert_string_equal(path_join(a, "", "c.h"), "c.h");
	assert_string_equal(path_join(a, ".", "c.h"), "c.h");
	assert_string_equal(path_base("/a/b.c"), "b.c");
	assert_string_equal(path_base("b.c"), "b.c");
	assert_string_equal(path_base("a/"), "");
	assert_string_equal(path_dir(a, "/a/b.c"), "/a");
	assert_string_equal(path_dir(a, "/a"), "/");
	assert_string_equal(path_dir(a, "/"), "/");
	assert_string_equal(path_dir(a, "a"), ".");
	assert_string_equal(path_dir(a, "a//b"), "a");
	assert_string_equal(path_under("/a", "/a/b/c"), "b/c");
	assert_string_equal(path_under("/a", "/ab/c"), "/ab/c");
	assert_string_equal(path_under("/a", "/a"), "/a");
	assert_string_equal(path_under("/", "/a/b"), "a/b");
	assert_string_equal(path_under("/a", "b"), "b");
	arena_free(a);
}

static void current_directory(void **state)
{
	struct arena *a = arena_new();
	char *old = path_cwd(a);

	assert_int_equal(chdir(dir), 0);
	assert_string_equal(path_base(path_cwd(a)), path_base(dir));
	assert_int_equal(mkdir("gone", 0700), 0);
	assert_int_equal(chdir("gone"), 0);
	assert_int_equal(rmdir(in_dir("gone")), 0);
	assert_string_equal(path_cwd(a), ".");
	assert_non_null(strstr(said, "cannot tell the current directory"));
	assert_int_equal(chdir(old), 0);
	arena_free(a);
}

static void data_directory(void **state)
{
	setenv("TVT_LINT_DATA", dir, 1);
	assert_null(data_dir());
	assert_non_null(strstr(said, "has no directory 'models'"));
	assert_int_equal(mkdir(in_dir("models"), 0700), 0);
	assert_non_null(data_dir());
	assert_string_equal(path_base(data_dir()), path_base(dir));
	unsetenv("TVT_LINT_DATA");
}

/* A copy of this program at that place says where its data is. */
static void finds_data(const char *exe, const char *want)
{
	char *data, cmd[300], line[300] = "";
	size_t size;
	FILE *f;

	assert_int_equal(fs_read("/proc/self/exe", &data, &size), 0);
	assert_int_equal(fs_write_atomic(exe, data, size), 0);
	free(data);
	chmod(exe, 0700);
	snprintf(cmd, sizeof cmd, "%s --data-dir 2>&1", exe);
	f = popen(cmd, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof line, f));
	pclose(f);
	line[strcspn(line, "\n")] = '\0';
	assert_string_equal(line, want);
}

static void data_is_found_from_the_program(void **state)
{
	struct arena *a = arena_new();
	static const char *const dirs[] = {"inst", "inst/bin", "inst/share", "inst/share/tvt-lint",
		"inst/share/tvt-lint/models", "build", "build/data", "build/data/models", "src", "src/rules", "src/rules/models", "src/out", "src/out/deep"};

	unsetenv("TVT_LINT_DATA");
	finds_data(in_dir("lost"), arena_printf(a, "tvt-lint: error: cannot find the models beside '%s'; "
						   "set TVT_LINT_DATA", dir));
	for (size_t i = 0; i < COUNT(dirs); i++)
		assert_int_equal(mkdir(in_dir(dirs[i]), 0700), 0);
	finds_data(in_dir("inst/bin/x"), in_dir("inst/share/tvt-lint"));
	finds_data(in_dir("build/x"), in_dir("build/data"));
	finds_data(in_dir("src/out/deep/x"), in_dir("src/rules"));
	arena_free(a);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--data-dir")) {
		const char *data = data_dir();

		if (data)
			puts(data);
		return !data;
	}

	const struct CMUnitTest tests[] = {
		TEST(reading),
		TEST(size_of_a_file_may_be_a_lie),
		TEST(what_is_not_a_file_is_refused),
		TEST(absurd_size_is_an_error),
		TEST(mapping),
		TEST(writing),
		TEST(writing_goes_through_links_but_not_to_devices),
		TEST(failed_write_leaves_no_half_file),
		TEST(killed_writer_leaves_no_half_file),
		TEST(normal),
		TEST(join_base_dir_under),
		TEST(current_directory),
		TEST(data_directory),
		TEST(data_is_found_from_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
