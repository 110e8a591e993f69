/*
 * What processes do that a process source must hear of right.
 *
 *   process_acts spin COUNT PROGRAM        runs it COUNT times, its argument 1
 *                                          counting
 *   process_acts daemon PROGRAM            forks twice, and says the pid of the
 *                                          second, which runs PROGRAM 60 after the
 *                                          first has ended
 *   process_acts thread PROGRAM ARGS...    executes it from a second thread
 *   process_acts large COUNT PROGRAM       with COUNT arguments of 128 KiB
 *   process_acts memory PROGRAM            a copy of it that is in no directory
 *   process_acts nameless PROGRAM          by its descriptor
 *   process_acts deleted PROGRAM           a copy, which it deletes first
 *   process_acts last CODE                 ends its first thread, then exits
 *   process_acts signal NUMBER             ends by it
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENT_BYTES (128 * 1024)

static char **arguments;
static char *const no_environment[] = { NULL };

static int run_once(char *program, char *argument)
{
	char *args[] = { program, argument, NULL };
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execv(program, args);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static int spin(int count, char *program)
{
	for (int index = 0; index < count; index++) {
		char number[16];

		sprintf(number, "%d", index);
		if (!run_once(program, number))
			return 1;
	}
	return 0;
}

static int make_daemon(char *program)
{
	int pipes[2];
	char byte;

	if (pipe(pipes) != 0)
		return 1;
	if (fork() == 0) {
		setsid();
		pid_t pid = fork();
		if (pid > 0) {
			printf("%d\n", pid);
			exit(0);
		}
		close(pipes[1]);
		close(1);
		/* Only goes on when the process above it has ended. */
		if (read(pipes[0], &byte, 1) != 0)
			_exit(1);
		execl(program, program, "60", NULL);
		_exit(127);
	}
	wait(NULL);
	return 0;
}

static void *execute(void *unused)
{
	(void)unused;
	execv(arguments[0], arguments);
	_exit(127);
}

static int execute_in_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, execute, NULL);
	pause();
	return 1;
}

static int execute_large(int count, char *program)
{
	char *argument = malloc(ARGUMENT_BYTES);
	char **args = calloc(count + 2, sizeof *args);

	memset(argument, 'x', ARGUMENT_BYTES);
	argument[ARGUMENT_BYTES - 1] = 0;
	args[0] = program;
	for (int index = 1; index <= count; index++)
		args[index] = argument;
	execv(program, args);
	return 127;
}

static void copy(char *from, int to)
{
	struct stat found;
	int fd = open(from, O_RDONLY);

	if (fstat(fd, &found) != 0 || sendfile(to, fd, NULL, found.st_size) < 0)
		exit(1);
	close(fd);
}

static int execute_fd(int fd, char *name)
{
	char *args[] = { name, NULL };

	syscall(SYS_execveat, fd, "", args, no_environment, AT_EMPTY_PATH);
	return 127;
}

static int execute_deleted(char *program)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof path, "%s.gone", program);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	copy(program, fd);
	close(fd);
	fd = open(path, O_PATH | O_CLOEXEC);
	unlink(path);
	return execute_fd(fd, "gone");
}

static int exit_code;

static void *exit_last(void *first)
{
	pthread_join(*(pthread_t *)first, NULL);
	exit(exit_code);
}

static void end_first_thread(int code)
{
	static pthread_t first;
	pthread_t thread;

	first = pthread_self();
	exit_code = code;
	pthread_create(&thread, NULL, exit_last, &first);
	pthread_exit(NULL);
}

int main(int count, char **args)
{
	char *act = count > 2 ? args[1] : "";
	struct rlimit none = { 0, 0 };

	if (strcmp(act, "spin") == 0)
		return spin(atoi(args[2]), args[3]);
	if (strcmp(act, "daemon") == 0)
		return make_daemon(args[2]);
	arguments = args + 2;
	if (strcmp(act, "thread") == 0)
		return execute_in_thread();
	if (strcmp(act, "large") == 0)
		return execute_large(atoi(args[2]), args[3]);
	if (strcmp(act, "memory") == 0) {
		int fd = memfd_create("nowhere", MFD_CLOEXEC);

		copy(args[2], fd);
		return execute_fd(fd, "memory");
	}
	if (strcmp(act, "nameless") == 0)
		return execute_fd(open(args[2], O_PATH | O_CLOEXEC), "nameless");
	if (strcmp(act, "deleted") == 0)
		return execute_deleted(args[2]);
	if (strcmp(act, "last") == 0)
		end_first_thread(atoi(args[2]));
	if (strcmp(act, "signal") == 0) {
		setrlimit(RLIMIT_CORE, &none);
		kill(getpid(), atoi(args[2]));
	}
	return 2;
}
