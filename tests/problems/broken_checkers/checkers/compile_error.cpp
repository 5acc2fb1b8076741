#include "none_of_that_name.h"

int main(int argc, char **argv)
{
    registerTestlibCmd(argc, argv);
    quitf(_ok, "never said");
}
