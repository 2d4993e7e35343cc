#!/usr/bin/env bash
# `mpirun -n 2 npx PROGRAM`, as one starts the programs of a package. One guesses that npx hands on what its
# launcher gave it. Open MPI's launcher gives an address; MPICH's gives the number of an open file (PMI_FD), and
# Node starts child processes with the three standard files alone. So MPI_Init fails behind npx, npm exec and
# child_process.spawn ("Bad file descriptor"), where the same program runs as two ranks without them, and as two
# ranks through the shell or behind npx under Open MPI. Who is hurt: those who document one line for both.
# `mpirun -n 2 node FILE` is the way that both take.
# Seen 2026-11-30 with MPICH 4.0.2, Open MPI 4.1.4 (Debian 12) and Node 20. Fails if it gives something else.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
if ! command -v mpicc.mpich >/dev/null || ! command -v mpicc.openmpi >/dev/null; then
  apt-get install -y -qq gcc 'mpich=4.0.2-3*' 'libmpich-dev=4.0.2-3*' 'openmpi-bin=4.1.4-3*' 'libopenmpi-dev=4.1.4-3*' >/dev/null
fi
mpirun.mpich --version | grep -q 'Version: *4.0.2'
mpirun.openmpi --version | grep -q '4.1.4'
cat > ranks.c <<'C'
#include <mpi.h>
#include <stdio.h>
int main(int count, char **words) {
  int ranks;
  MPI_Init(&count, &words);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  printf("one of %d\n", ranks);
  MPI_Finalize();
  return 0;
}
C
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
see() { # TITLE COMMAND: its lines, or that it failed and why
  echo "$1"
  shift
  if "$@" >out 2>err </dev/null; then cat out; else
    echo "fails: $(cat out err | grep -o 'Bad file descriptor' | sort -u)"
  fi
}
for mpi in mpich openmpi; do
  "mpicc.$mpi" ranks.c -o "ranks-$mpi"
  see "$mpi" "mpirun.$mpi" -n 2 "./ranks-$mpi"
  see "$mpi, through a shell" "mpirun.$mpi" -n 2 sh -c "./ranks-$mpi; exit 0"
  see "$mpi, behind npx" "mpirun.$mpi" -n 2 npx -c "./ranks-$mpi"
done 2>&1 | tee found
cat > expected <<'TEXT'
mpich
one of 2
one of 2
mpich, through a shell
one of 2
one of 2
mpich, behind npx
fails: Bad file descriptor
openmpi
one of 2
one of 2
openmpi, through a shell
one of 2
one of 2
openmpi, behind npx
one of 2
one of 2
TEXT
diff expected found
