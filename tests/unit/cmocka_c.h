/* cmocka_c.h — cmocka and what it wants included before it. */
#ifndef AURALIS_TESTS_CMOCKA_C_H
#define AURALIS_TESTS_CMOCKA_C_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#endif
