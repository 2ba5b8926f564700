/* sandbox.c - what a process that parses may no longer do.
 *
 * libclang is a million lines that read what strangers wrote. Three fences, each of use without the
 * others: no new privileges, Landlock (no file is made, changed, removed or executed; TCP where the
 * kernel knows it), and a filter of system calls for what Landlock does not see: sockets, programs,
 * other processes, names and modes of files. A call that is refused fails with EPERM; nothing dies.
 */
#include "front/worker.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define FOREIGN 0x40000000u /* numbers of the x32 ABI begin here */
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#define FOREIGN 0xffffffffu
#endif

/* Of a later kernel's header than Debian 12 has. */
#define NET_BIND_TCP (UINT64_C(1) << 0)
#define NET_CONNECT_TCP (UINT64_C(1) << 1)

struct ruleset {
	uint64_t fs, net;
};

static const uint64_t no_change =
	LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
	LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
	LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
	LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

/* Version of Landlock in the running kernel; 0: none. */
static int landlock_version(void)
{
	long v = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return v < 0 ? 0 : (int)v;
}

static void landlock(void)
{
	int version = landlock_version(), fd;
	struct ruleset r = {.fs = no_change, .net = NET_BIND_TCP | NET_CONNECT_TCP};

	if (!version)
		return;
	fd = (int)syscall(SYS_landlock_create_ruleset, &r,
		version >= 4 ? sizeof r : offsetof(struct ruleset, net), 0);
	if (fd < 0)
		return;
	(void)syscall(SYS_landlock_restrict_self, fd, 0);
	close(fd);
}

#ifdef ARCH
static const int refused[] = {
	/* the network */
	SYS_socket, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4,
	/* other programs and processes */
	SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kill,
	SYS_pidfd_open, SYS_pidfd_getfd, SYS_pidfd_send_signal,
	/* names, modes, owners and sizes of files */
	SYS_unlinkat, SYS_renameat2, SYS_linkat, SYS_symlinkat, SYS_mkdirat, SYS_mknodat, SYS_truncate,
	SYS_fchmod, SYS_fchmodat, SYS_fchown, SYS_fchownat, SYS_utimensat, SYS_setxattr,
	SYS_lsetxattr, SYS_fsetxattr, SYS_removexattr,
	/* the system */
	SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns, SYS_bpf,
	SYS_userfaultfd, SYS_perf_event_open, SYS_io_uring_setup, SYS_keyctl, SYS_add_key,
	SYS_request_key, SYS_shmget, SYS_shmat, SYS_msgget, SYS_semget,
#ifdef __x86_64__
	SYS_unlink, SYS_rmdir, SYS_rename, SYS_renameat, SYS_link, SYS_symlink, SYS_mkdir, SYS_mknod,
	SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat, SYS_creat, SYS_fork,
	SYS_vfork,
#endif
};

/* Each number is compared in turn: some sixty comparisons a call, which parsing does not notice. */
static void filter_calls(void)
{
	enum { HEAD = 5, N = COUNT(refused) };
	struct sock_filter code[HEAD + 2 * N + 1] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FOREIGN, 0, 0),
	};
	struct sock_fprog prog = {.len = COUNT(code), .filter = code};
	size_t n = HEAD;

	for (size_t i = 0; i < N; i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)refused[i], 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(
			BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	}
	code[n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	/* a foreign number goes to the first refusal */
	code[HEAD - 1].jt = 1;
	(void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}
#else
static void filter_calls(void)
{
}
#endif

void sandbox_enter(void)
{
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	landlock();
	filter_calls();
}

void front_sandbox(struct sb *out)
{
	int version = landlock_version();

	if (version)
		sb_printf(out, "Landlock %d, ", version);
#ifdef ARCH
	/* no filter, but the question whether there could be one */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) < 0 && errno == EFAULT)
		sb_puts(out, "seccomp, ");
#endif
	sb_puts(out, "limits of memory, time and file size");
}
