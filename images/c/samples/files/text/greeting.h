#ifndef GREETING_H
#define GREETING_H

void greet(const char *name);

#endif
