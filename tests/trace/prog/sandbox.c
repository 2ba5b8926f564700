/* Goes into a sandbox that kills it at any system call that it does not make itself. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALLOW(n)                                                                                   \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##n, 0, 1),                                        \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static void enter_sandbox(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)), ALLOW(poll),
		ALLOW(clock_nanosleep), ALLOW(exit_group), ALLOW(rt_sigreturn),
		ALLOW(restart_syscall), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
	struct sock_fprog prog = {sizeof code / sizeof *code, code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) != 0)
		_exit(77);
}

static void on_turn(int turn)
{
	long n = 120000000;

	if (turn % 3 == 0)
		usleep(3000); /* EXPECT call usleep */
	if (turn == 5)
		__asm__ volatile("0: dec %0; jnz 0b" : "+r"(n)); /* EXPECT long-turn */
}

static void (*volatile turn_fn)(int) = on_turn;

int main(void)
{
	struct pollfd set[2];
	int fds[2];

	if (pipe(fds) != 0)
		return 1;
	set[0] = set[1] = (struct pollfd){fds[0], POLLIN, 0};
	enter_sandbox();
	for (int turn = 0; turn < 20; turn++) {
		poll(set, 2, 2);
		turn_fn(turn);
	}
	_exit(0);
}
