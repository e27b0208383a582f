/*
 * Shows a program a processor without AVX-512, VNNI and AMX, so that one machine can tell what an older one would do: to be
 * loaded with LD_PRELOAD. Linux on x86-64, where the processor can trap CPUID (`cpuid_fault` in /proc/cpuinfo).
 *
 *   cc -O2 -shared -fPIC -o avx2.so avx2.c -ldl
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <cpuid.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

typedef int (*setter)(int, const struct sigaction *, struct sigaction *);

/* What the program itself wants to do about SIGSEGV: V8 and Python have handlers of their own. */
static struct sigaction wanted = {.sa_handler = SIG_DFL};
static setter real_sigaction;

static long trap_cpuid(int is_on) { return syscall(SYS_arch_prctl, ARCH_SET_CPUID, !is_on); }

static uint32_t bits(int count, const int *positions) {
  uint32_t all = 0;
  for (int at = 0; at < count; at++) all |= 1u << positions[at];
  return all;
}
#define BITS(...) bits(sizeof((int[]){__VA_ARGS__}) / sizeof(int), (int[]){__VA_ARGS__})

/* By Intel's manual, volume 2, CPUID leaf 7. */
static void hide(uint32_t leaf, uint32_t sub, uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d) {
  if (leaf != 7) return;
  if (sub == 0) {
    *b &= ~BITS(16, 17, 21, 26, 27, 28, 30, 31);       /* AVX-512 F, DQ, IFMA, PF, ER, CD, BW, VL */
    *c &= ~BITS(1, 6, 11, 12, 14);                     /* VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ */
    *d &= ~BITS(2, 3, 8, 22, 23, 24, 25);              /* 4VNNIW, 4FMAPS, VP2INTERSECT, AMX, FP16 */
  } else if (sub == 1) {
    *a &= ~BITS(4, 5, 21, 23);                         /* AVX-VNNI, BF16, AMX-FP16, AVX-IFMA */
    *d &= ~BITS(4, 5, 8, 10, 19);                      /* AVX-VNNI-INT8, NE-CONVERT, AMX-COMPLEX, VNNI-INT16, AVX10 */
  }
}

static void on_fault(int signal, siginfo_t *info, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  const uint8_t *at = (const uint8_t *)registers[REG_RIP];
  if (info->si_code > 0 && at[0] == 0x0f && at[1] == 0xa2) {
    uint32_t leaf = registers[REG_RAX], sub = registers[REG_RCX], a, b, c, d;
    trap_cpuid(0);
    __cpuid_count(leaf, sub, a, b, c, d);
    trap_cpuid(1);
    hide(leaf, sub, &a, &b, &c, &d);
    registers[REG_RAX] = a, registers[REG_RBX] = b, registers[REG_RCX] = c, registers[REG_RDX] = d;
    registers[REG_RIP] += 2;
    return;
  }
  if (wanted.sa_flags & SA_SIGINFO) return wanted.sa_sigaction(signal, info, context);
  if (wanted.sa_handler != SIG_DFL && wanted.sa_handler != SIG_IGN) return wanted.sa_handler(signal);
  struct sigaction usual = {.sa_handler = SIG_DFL};
  real_sigaction(SIGSEGV, &usual, NULL); /* The fault comes again, and ends the program. */
}

int sigaction(int signal, const struct sigaction *next, struct sigaction *before) {
  if (!real_sigaction) real_sigaction = (setter)dlsym(RTLD_NEXT, "sigaction");
  if (signal != SIGSEGV) return real_sigaction(signal, next, before);
  if (before) *before = wanted;
  if (next) wanted = *next;
  return 0;
}

__attribute__((constructor)) static void begin(void) {
  real_sigaction = (setter)dlsym(RTLD_NEXT, "sigaction");
  struct sigaction ours = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  real_sigaction(SIGSEGV, &ours, NULL);
  if (trap_cpuid(1) != 0) {
    fputs("avx2.so: this processor cannot trap CPUID (cpuid_fault)\n", stderr);
    exit(70);
  }
}
