/* SPDX-License-Identifier: MIT */
/*
 * What checkers and interactors written against testlib's documented interface need, anew: the
 * streams inf, ouf, ans and tout, quit and its kin, the helpers for text and numbers. Validators
 * and generators are no programs of a judge's: their part is not here, and `rnd` draws other
 * numbers than testlib's. docs/reference/checkers.md says what there is.
 */
#ifndef CODEBAE_TESTLIB_H
#define CODEBAE_TESTLIB_H

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <climits>
#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "testlib/text.h"

#include "testlib/pattern.h"

#include "testlib/stream.h"

#include "testlib/quit.h"

#include "testlib/read.h"

#include "testlib/random.h"

#include "testlib/register.h"

#endif
