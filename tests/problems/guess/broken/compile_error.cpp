#include "none_of_that_name.h"

int main(int argc, char **argv)
{
    registerInteraction(argc, argv);
}
