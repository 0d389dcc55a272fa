#include <shout.h>
#include <stdio.h>

int main(int count, char **words) {
    char text[100];
    snprintf(text, sizeof text, "good morning, %s", count > 1 ? words[1] : "nobody");
    shout(text);
    puts(text);
    return 0;
}
