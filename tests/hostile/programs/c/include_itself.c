/*
 * Class: compile
 * Attacks: the preprocessor, by endless inclusion.
 * Invariant: a compile comes to an end.
 * Allowed: compile_error
 * Says: nested
 */
#include __FILE__
