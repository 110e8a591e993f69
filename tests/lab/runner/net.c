// A program of a step that does what net.h says: `net WHO ask|get …`.
#define _GNU_SOURCE
#include "net.h"

int main(int count, char **args) {
  return count > 2 && use_network(args[1], args + 2, count - 2) ? 0 : 2;
}
