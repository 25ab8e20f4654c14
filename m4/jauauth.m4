# SPDX-License-Identifier: Apache-2.0
# Macros that only this project needs: flags that are used when the compiler knows them, and the
# list of optional parts that the closing summary prints.

# JAUAUTH_COMPILER_FLAG(VARIABLE, FLAG)
# Appends FLAG to VARIABLE when the compiler accepts it without a word (clang only warns about
# flags that it does not know, hence -Werror).
AC_DEFUN([JAUAUTH_COMPILER_FLAG], [
  AS_VAR_PUSHDEF([cache], [jauauth_cv_cflag_$2])
  AC_CACHE_CHECK([whether $CC accepts $2], [cache], [
    jauauth_saved_cflags=$CFLAGS
    CFLAGS="$CFLAGS -Werror $2"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM()], [AS_VAR_SET([cache], [yes])],
                      [AS_VAR_SET([cache], [no])])
    CFLAGS=$jauauth_saved_cflags
  ])
  AS_VAR_IF([cache], [yes], [$1="$$1 $2"])
  AS_VAR_POPDEF([cache])
])

# JAUAUTH_LINKER_FLAG(VARIABLE, FLAG, [COMPILER-FLAGS])
# Appends FLAG to VARIABLE when a program links with it.
AC_DEFUN([JAUAUTH_LINKER_FLAG], [
  AS_VAR_PUSHDEF([cache], [jauauth_cv_ldflag_$2])
  AC_CACHE_CHECK([whether $CC links with $2], [cache], [
    jauauth_saved_cflags=$CFLAGS
    jauauth_saved_ldflags=$LDFLAGS
    CFLAGS="$CFLAGS $3"
    LDFLAGS="$LDFLAGS -Werror $2"
    AC_LINK_IFELSE([AC_LANG_PROGRAM()], [AS_VAR_SET([cache], [yes])],
                   [AS_VAR_SET([cache], [no])])
    CFLAGS=$jauauth_saved_cflags
    LDFLAGS=$jauauth_saved_ldflags
  ])
  AS_VAR_IF([cache], [yes], [$1="$$1 $2"])
  AS_VAR_POPDEF([cache])
])

# JAUAUTH_STATIC_PROGRAM(IF-LINKS, IF-NOT)
# Whether a program can be linked that needs nothing else where it runs.
AC_DEFUN([JAUAUTH_STATIC_PROGRAM], [
  AC_CACHE_CHECK([whether $CC links static programs], [jauauth_cv_static_program], [
    jauauth_saved_ldflags=$LDFLAGS
    LDFLAGS="$LDFLAGS -static"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <net/if.h>]], [[return if_nameindex() == 0;]])],
                   [jauauth_cv_static_program=yes], [jauauth_cv_static_program=no])
    LDFLAGS=$jauauth_saved_ldflags
  ])
  AS_VAR_IF([jauauth_cv_static_program], [yes], [$1], [$2])
])

# JAUAUTH_REQUIRE(VARIABLE-PREFIX, MODULES, DEBIAN-PACKAGE, PURPOSE)
# A library that the core cannot be built without.
AC_DEFUN([JAUAUTH_REQUIRE], [
  PKG_CHECK_MODULES([$1], [$2], [], [
    AC_MSG_ERROR([$2 is needed for $4; on Debian: apt-get install $3
$$1_PKG_ERRORS])
  ])
])

# JAUAUTH_PART(NAME, STATE, REASON)
# One line of the closing summary.
AC_DEFUN([JAUAUTH_PART], [
  AS_VAR_APPEND([jauauth_parts], ["$(printf '  %-20s %-4s %s' "$1" "$2" "$3")
"])
])
