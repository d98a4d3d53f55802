// Runs a program where executable memory is refused: no_exec memfd|mmap|gain PROGRAM [ARGUMENT...]
// memfd, mmap: seccomp filters (seccomp(2)) that let memfd_create, or mmap of shared executable memory, fail;
// gain: PR_SET_MDWE (prctl(2)), under which memory that is or was writable never becomes executable.
// Status 77: this kernel has it not.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define DENY BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES)
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static int filter(struct sock_filter* code, unsigned short length) {
  struct sock_fprog program = {length, code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  int failed = 2;
  if (strcmp(argv[1], "memfd") == 0) {
    struct sock_filter code[] = {LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_memfd_create, 0, 1), DENY,
                                 ALLOW};
    failed = filter(code, sizeof code / sizeof *code);
  } else if (strcmp(argv[1], "mmap") == 0) {
    struct sock_filter code[] = {LOAD(nr),      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mmap, 0, 5),
                                 LOAD(args[2]), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 3),
                                 LOAD(args[3]), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_SHARED, 0, 1),
                                 DENY,          ALLOW};
    failed = filter(code, sizeof code / sizeof *code);
  } else if (strcmp(argv[1], "gain") == 0) {
    enum { kSetMdwe = 65, kRefuseExecGain = 1 };
    failed = prctl(kSetMdwe, kRefuseExecGain, 0, 0, 0);
  }
  if (failed) {
    perror(argv[1]);
    return 77;
  }
  execv(argv[2], argv + 2);
  perror(argv[2]);
  return 2;
}
