/* Callbacks on a stack of their own, with nonsense where the return address of the first function
 * would be. */
#include <poll.h>
#include <sys/mman.h>

#include "inject.h"

__attribute__((used)) static void *main_sp;

__attribute__((noinline)) static void spin(void)
{
	long n = 150000000;

	__asm__ volatile("0: dec %0; jnz 0b" : "+r"(n)); /* EXPECT long-turn */
}

__attribute__((noinline)) static void sleep_there(void)
{
	usleep(3000); /* EXPECT call usleep */
}

__attribute__((noinline, used)) static void on_turn(void)
{
	sleep_there();
	spin();
}

/* Calls on_turn with the stack pointer at sp, below two words that lead nowhere. */
__attribute__((naked, noinline)) static void call_on(void *sp)
{
	__asm__("push %rbx\n\tpush %rbp\n\tpush %r12\n\tpush %r13\n\tpush %r14\n\tpush %r15\n\t"
		"mov %rsp, main_sp(%rip)\n\t"
		"mov %rdi, %rsp\n\t"
		"movabs $0xdeaddeaddeaddead, %rax\n\t"
		"push %rax\n\tpush %rax\n\t"
		"xor %ebp, %ebp\n\t"
		"call on_turn\n\t"
		"mov main_sp(%rip), %rsp\n\t"
		"pop %r15\n\tpop %r14\n\tpop %r13\n\tpop %r12\n\tpop %rbp\n\tpop %rbx\n\t"
		"ret");
}

int main(void)
{
	size_t size = 65536;
	char *stack =
		mmap(NULL, size + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct pollfd set[2];
	int fds[2];

	/* nothing may be read above the top */
	if (stack == MAP_FAILED || mprotect(stack + size, 4096, PROT_NONE) != 0 || pipe(fds) != 0)
		return 1;
	set[0] = set[1] = (struct pollfd){fds[0], POLLIN, 0};
	for (int turn = 0; turn < 4; turn++) {
		poll(set, 2, 2);
		call_on(stack + size);
	}
	return 0;
}
