#include <stdio.h>

int price(int cents) {
  return cents;
}

int main(void) {
  printf("%d cents\n", price(100));
  return 0;
}
