/*
 * Class: compile
 * Attacks: the run's folder, read while compiling.
 * Invariant: the compile and the run have each a folder of its own and share none.
 * Allowed: compile_error
 * Says: denied
 */
#include "/work/include_run_folder.c"
