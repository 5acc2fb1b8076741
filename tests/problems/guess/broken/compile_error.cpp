#include "testlib.h"

int main(int argc, char **argv)
{
    registerInteraction(argc, argv);
}
