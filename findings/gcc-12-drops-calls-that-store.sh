#!/usr/bin/env bash
# A C function multiplies two small matrices that lie in one piece of memory, as compilers of tensor programs lay
# out their memory. With -O1 -ftree-loop-vectorize GCC 12.2 takes the function for one that only reads and leaves
# its call out: the result stays 0. Its dumps show how: the pass ivopts writes an address as one that begins at 0
# with the rest in the index; the analysis of pure functions then sees an access through a null pointer and stops
# looking there. The sanitizers for addresses and for undefined behaviour find nothing in the program, -O2 and -O3
# of the same compiler compute it right here, and so does -fno-delete-null-pointer-checks. Who is hurt: those who
# generate kernels and compile them with such options: a kernel that does nothing, without a word.
# Seen 2026-11-30 with GCC 12.2.0 (Debian 12.2.0-14, x86-64). Fails if it gives something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
if [ "$(gcc-12 -dumpfullversion 2>/dev/null)" != 12.2.0 ]; then
  apt-get install -y -qq gcc-12=12.2.0-14* libc6-dev >/dev/null
fi
cat > product.c <<'C'
#include <stdio.h>
#include <stdlib.h>
static __attribute__((noinline)) void product(char *base) {
  const float *rows = (const float *)(base + 2304), *columns = (const float *)(base + 3072);
  float *result = (float *)(base + 2048);
  for (long i = 0; i < 4; i++) {
    float sums[8];
    for (long l = 0; l < 8; l++) sums[l] = 0;
    for (long k = 0; k < 5; k++) {
      const float factor = columns[i + k * 4];
      for (long l = 0; l < 8; l++) sums[l] += rows[l + k * 8] * factor;
    }
    for (long l = 0; l < 8; l++) result[l + i * 8] = sums[l];
  }
}
int main(void) {
  // Allocated memory has no type of its own: what is stored there decides.
  char *memory = calloc(4096, 1);
  if (memory == NULL) return 1;
  float *rows = (float *)(memory + 2304), *columns = (float *)(memory + 3072);
  for (int k = 0; k < 40; k++) rows[k] = 1;
  for (int k = 0; k < 20; k++) columns[k] = 2;
  product(memory);
  printf("%g\n", *(float *)(memory + 2048));
  free(memory);
}
C
seen() {
  gcc-12 -o product "$@" product.c
  echo "$*: $(./product)"
}
{
  seen -O1
  seen -O2
  seen -O3
  seen -O1 -ftree-loop-vectorize
  seen -O1 -ftree-loop-vectorize -fno-strict-aliasing
  seen -O1 -ftree-loop-vectorize -fno-ivopts
  seen -O1 -ftree-loop-vectorize -fno-delete-null-pointer-checks
  seen -O1 -ftree-loop-vectorize -fsanitize=address,undefined
} | tee found
cat > expected <<'TEXT'
-O1: 10
-O2: 10
-O3: 10
-O1 -ftree-loop-vectorize: 0
-O1 -ftree-loop-vectorize -fno-strict-aliasing: 0
-O1 -ftree-loop-vectorize -fno-ivopts: 10
-O1 -ftree-loop-vectorize -fno-delete-null-pointer-checks: 10
-O1 -ftree-loop-vectorize -fsanitize=address,undefined: 10
TEXT
diff expected found
