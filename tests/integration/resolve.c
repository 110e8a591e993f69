/* resolve NAME: its addresses, by this C library's resolver; resolve -x ADDRESS: its name. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static int reverse(const char *text)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *list;
	char name[NI_MAXHOST];
	if (getaddrinfo(text, NULL, &hints, &list))
		return 2;
	if (getnameinfo(list->ai_addr, list->ai_addrlen, name, sizeof name,
			NULL, 0, NI_NAMEREQD))
		return 1;
	puts(name);
	return 0;
}

int main(int count, char **words)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	char address[NI_MAXHOST];
	if (count == 3 && !strcmp(words[1], "-x"))
		return reverse(words[2]);
	if (getaddrinfo(words[1], NULL, &hints, &list))
		return 1;
	for (; list; list = list->ai_next) {
		getnameinfo(list->ai_addr, list->ai_addrlen, address,
			    sizeof address, NULL, 0, NI_NUMERICHOST);
		puts(address);
	}
	return 0;
}
