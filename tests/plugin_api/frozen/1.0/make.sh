#!/bin/sh
# Made frozen.lateral.so, with gcc 12.2 on x86-64. It is kept as it was then: making it again would test today's compiler.
set -eu
cd "$(dirname "$0")"
gcc -std=c11 -O2 -g0 -fPIC -fvisibility=hidden -ftls-model=global-dynamic -Wall -Wextra -Iinclude frozen.c \
  -shared -s -o frozen.lateral.so -Wl,--version-script=../../../../cmake/lateral-plugin.map \
  -Wl,-z,defs -Wl,-z,now -Wl,-z,noexecstack -Wl,-Bsymbolic -Wl,--build-id=none
