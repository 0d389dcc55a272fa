/* Writes the card in front of a take: slate SEQUENCE SHOT TAKE */
#include <stdio.h>

int main(int count, char **words) {
    if (count != 4) {
        fprintf(stderr, "usage: slate SEQUENCE SHOT TAKE\n");
        return 2;
    }
    printf("%s_%s take %s\n", words[1], words[2], words[3]);
    return 0;
}
