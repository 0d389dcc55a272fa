#include <packbits.h>
#include <stdio.h>
int main(void) { printf("codec over %s\n", packbits_version()); return 0; }
