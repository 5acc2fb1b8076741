/*
 * Class: compile, output
 * Attacks: the preprocessor, by inclusion that doubles with each of 200 levels, and an error at
 *   the end of each.
 * Invariant: a compile has limits as a run has.
 * Allowed: compile_error/cpu compile_error/wall compile_error/memory compile_error/output
 * Says: nested
 */
#include __FILE__
#include __FILE__
