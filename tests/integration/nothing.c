/*
 * The shortest program: it ends, with 0, in a tenth of a millisecond.
 * Compiled without a library and without a loader.
 */
void _start(void)
{
#if defined(__x86_64__)
	__asm__ volatile("mov $60, %eax; xor %edi, %edi; syscall");
#else
	__asm__ volatile("mov x8, #93; mov x0, #0; svc #0");
#endif
}
