/**
 * Threads that run a program in step, as a part of its file: each does its share of every kernel's units,
 * and barriers (compile/barriers.ts) stand between kernels. How work is cut into units does not depend on
 * the number of threads, so the bits do not either.
 */
import { barriers } from "../../compile/barriers.ts";
import type { Program } from "../../compile/program.ts";
import { at } from "../../core/at.ts";
import type { CompiledKernel } from "./functions.ts";
import { faultBytes, teamWord } from "./memory.ts";

/** What stands before all else: names of ours could be in the way of theirs. */
export const teamHeaders = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
`;

/**
 * Threads wait by looking for a while, about 0.1 ms, then asleep: waking up takes as long as many kernels.
 * Between commands they touch nothing but the team, which is theirs: the program's memory is JavaScript's
 * and may go away. Where the team has all processors, everyone has one of their own, the first thread
 * while a command lasts, until others want these processors, too: who is made to wait had better be free to
 * go elsewhere (measured with 14 others on 2 processors: steps took 3 times as long). A team ends when it is told to, and with the thread that has started it, such as
 * a worker that is terminated; the library stays for that.
 */
export const teamText = `
typedef struct team {
  u64 command, stop, quit, sleeping;
  int status, spins, pinned;
  i32 from, to;
  long size;
  char *A;
  struct team *next;
  pthread_mutex_t lock;
  pthread_cond_t changed;
#if defined(__linux__)
  cpu_set_t all, first;
  long preempted, checked;
#endif
  u64 arrived __attribute__((aligned(64)));
  u64 opened __attribute__((aligned(64)));
  struct member { struct team *team; long number; pthread_t thread; } members[];
} team;
typedef struct member member;
#define team_of(A) (*(team **)(A - ${faultBytes - teamWord}))
inlined u64 seen(const u64 *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }
inlined void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory");
#endif
}
static void await_change(team *t, u64 *word, u64 old) {
  for (int i = t->spins; i > 0; i--) {
    if (seen(word) != old) return;
    relax();
  }
  pthread_mutex_lock(&t->lock);
  __atomic_fetch_add(&t->sleeping, 1, __ATOMIC_SEQ_CST);
  while (seen(word) == old) pthread_cond_wait(&t->changed, &t->lock);
  __atomic_fetch_sub(&t->sleeping, 1, __ATOMIC_SEQ_CST);
  pthread_mutex_unlock(&t->lock);
}
static void publish(team *t, u64 *word, u64 value) {
  __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
  if (!seen(&t->sleeping)) return;
  pthread_mutex_lock(&t->lock);
  pthread_cond_broadcast(&t->changed);
  pthread_mutex_unlock(&t->lock);
}
/* The barrier; whether the command has been given up. Barriers have numbers: who leaves the one before late
   is not to leave for good, since all have to come to this one. */
static int meet(team *t) {
  const u64 opened = seen(&t->opened);
  if (__atomic_add_fetch(&t->arrived, 1, __ATOMIC_SEQ_CST) == (u64)t->size) {
    __atomic_store_n(&t->arrived, 0, __ATOMIC_SEQ_CST);
    publish(t, &t->opened, opened + 1);
  } else await_change(t, &t->opened, opened);
  return seen(&t->stop) == opened + 1;
}
/* All leave behind the next barrier, to which this thread has yet to come. */
static void give_up(team *t) { __atomic_store_n(&t->stop, seen(&t->opened) + 1, __ATOMIC_SEQ_CST); }
static void together(char *A, team *t, long number, i32 from, i32 to);
static void *live(void *given) {
  const member *const m = given;
  team *const t = m->team;
  for (u64 command = 0;;) {
    await_change(t, &t->command, command);
    command = seen(&t->command);
    if (seen(&t->quit)) return 0;
    together(t->A, t, m->number, t->from, t->to);
  }
}
#if defined(__linux__)
/* Looks every 50 ms how often we were made to wait: more than 5 times, and all are free to go. */
static void pin(team *t, int on) {
  if (!t->pinned) return;
  pthread_setaffinity_np(pthread_self(), sizeof t->all, on ? &t->first : &t->all);
  if (on) return;
  struct timespec now;
  struct rusage use;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const long ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
  if (ms - t->checked < 50 || getrusage(RUSAGE_SELF, &use)) return;
  if (t->checked && use.ru_nivcsw - t->preempted > 5) {
    t->pinned = 0;
    for (long k = 1; k < t->size; k++)
      pthread_setaffinity_np(t->members[k].thread, sizeof t->all, &t->all);
  }
  t->checked = ms;
  t->preempted = use.ru_nivcsw;
}
#else
#define pin(t, on)
#endif
static int steps_of_all(char *A, team *t, i32 from, i32 to) {
  t->A = A; t->from = from; t->to = to; t->status = 0;
  pin(t, 1);
  publish(t, &t->command, t->command + 1);
  together(A, t, 0, from, to);
  pin(t, 0);
  return t->status;
}
static pthread_key_t teams;
static pthread_once_t teams_once = PTHREAD_ONCE_INIT;
/* Sends the first so many workers home and waits until they are there. */
static void dissolve(team *t, long workers) {
  __atomic_store_n(&t->quit, 1, __ATOMIC_SEQ_CST);
  publish(t, &t->command, t->command + 1);
  for (long k = 1; k <= workers; k++) pthread_join(t->members[k].thread, 0);
  pthread_mutex_destroy(&t->lock);
  pthread_cond_destroy(&t->changed);
  free(t);
}
static void dissolve_all(void *given) {
  for (team *t = given, *next; t; t = next) {
    next = t->next;
    dissolve(t, t->size - 1);
  }
}
static void prepare(void) {
  pthread_key_create(&teams, dissolve_all);
  Dl_info own;
  if (dladdr((void *)dissolve_all, &own)) dlopen(own.dli_fname, RTLD_NOW | RTLD_NODELETE);
}
/* A team of so many threads, this one included; 0 where the system starts no more. */
exported u64 start(char *A, i32 size) {
  pthread_once(&teams_once, prepare);
  team *t = 0;
  const unsigned long bytes = (sizeof(team) + size * sizeof(member) + 63) / 64 * 64;
  if (posix_memalign((void **)&t, 64, bytes)) return 0;
  __builtin_memset(t, 0, bytes);
  t->size = size;
  pthread_mutex_init(&t->lock, 0);
  pthread_cond_init(&t->changed, 0);
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
#if defined(__linux__)
  if (!pthread_getaffinity_np(pthread_self(), sizeof t->all, &t->all)) {
    processors = CPU_COUNT(&t->all);
    t->pinned = processors == size;
  }
  int place = 0;
#endif
  t->spins = size <= processors ? 3000 : 0;
  /* Signals are the concern of those who were there before. */
  sigset_t every, before;
  sigfillset(&every);
  pthread_sigmask(SIG_SETMASK, &every, &before);
  long k = 1;
  for (; k < size; k++) {
    t->members[k].team = t;
    t->members[k].number = k;
    if (pthread_create(&t->members[k].thread, 0, live, &t->members[k])) break;
#if defined(__linux__)
    pthread_setname_np(t->members[k].thread, "chainrule");
#endif
  }
  pthread_sigmask(SIG_SETMASK, &before, 0);
  if (k < size) {
    dissolve(t, k - 1);
    return 0;
  }
#if defined(__linux__)
  for (k = 0; t->pinned && k < size; place++) {
    if (!CPU_ISSET(place, &t->all)) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(place, &one);
    if (k == 0) t->first = one;
    else pthread_setaffinity_np(t->members[k].thread, sizeof one, &one);
    k++;
  }
#endif
  t->next = pthread_getspecific(teams);
  pthread_setspecific(teams, t);
  team_of(A) = t;
  return (u64)t;
}
/* Only by the thread that has started it. */
exported void leave(u64 given) {
  team *const t = (team *)given, *before = pthread_getspecific(teams);
  if (before == t) pthread_setspecific(teams, t->next);
  else {
    while (before && before->next != t) before = before->next;
    if (before) before->next = t->next;
  }
  dissolve(t, t->size - 1);
}`;

/** The program's run by one of `t->size` threads, which leaves where the command is given up. */
export function teamLines(
  { kernels, offsets }: Program,
  calls: readonly CompiledKernel[],
): string[] {
  const waits = barriers(kernels, offsets, (_, i) => at(calls, i).alone);
  const end = "if (meet(t)) return;";
  return [
    ...calls.flatMap(({ call, units, alone, checks }, i) => [
      ...(waits[i] ? [end] : []),
      ...(!alone
        ? [call(`${units} * number / size`, `${units} * (number + 1) / size`)]
        : ["if (number == 0) {", call("0", `${units}`)]),
      ...(checks ? ["if (broken(A)) { t->status = 2; give_up(t); meet(t); return; }"] : []),
      ...(alone ? ["}"] : []),
    ]),
    end,
  ];
}
