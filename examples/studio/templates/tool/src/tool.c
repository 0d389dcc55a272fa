/* A tool. */
int main(void) { return 0; }
