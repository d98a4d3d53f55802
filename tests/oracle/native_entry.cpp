// Offsets are those of Control (native_entry.h), whose static_assert holds them.
#include "oracle/native_entry.h"

static_assert(ilse::oracle::kControlAddress == 0x7e0000000000);

asm(R"(
.text
.globl ilse_native_enter, ilse_native_resume, ilse_native_signal

ilse_native_enter:
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  movabs $0x7e0000000000, %rdi
  mov %rsp, 0(%rdi)
  rdfsbase %rax
  mov %rax, 8(%rdi)
  rdgsbase %rax
  mov %rax, 16(%rdi)
  mov 40(%rdi), %eax
  xor %edx, %edx
  xrstor64 320(%rdi)
  mov 56(%rdi), %es
  mov 58(%rdi), %ds
  mov 60(%rdi), %fs
  mov 62(%rdi), %gs
  cmpq $0, 48(%rdi)
  je 1f
  mov 64(%rdi), %rax
  wrfsbase %rax
  mov 72(%rdi), %rax
  wrgsbase %rax
1:
  pushq $2
  popfq
  lea 256(%rdi), %rsp
  mov -128(%rsp), %rax
  mov -120(%rsp), %rcx
  mov -112(%rsp), %rdx
  mov -104(%rsp), %rbx
  mov -88(%rsp), %rbp
  mov -80(%rsp), %rsi
  mov -72(%rsp), %rdi
  mov -64(%rsp), %r8
  mov -56(%rsp), %r9
  mov -48(%rsp), %r10
  mov -40(%rsp), %r11
  mov -32(%rsp), %r12
  mov -24(%rsp), %r13
  mov -16(%rsp), %r14
  mov -8(%rsp), %r15
  iretq

ilse_native_resume:
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  movabs $0x7e0000000000, %rdi
  mov %rsp, 0(%rdi)
  mov 80(%rdi), %es
  mov 82(%rdi), %ds
  mov 84(%rdi), %fs
  mov 86(%rdi), %gs
  mov 88(%rdi), %rax
  wrfsbase %rax
  mov 96(%rdi), %rax
  wrgsbase %rax
  mov 32(%rdi), %rsp
  mov $15, %eax          # rt_sigreturn, which finds the frame below the stack pointer
  syscall
  hlt

ilse_native_signal:
  pushq $2               # AC and NT are still the guest's
  popfq
  movabs $0x7e0000000000, %r8
  mov %es, 80(%r8)
  mov %ds, 82(%r8)
  mov %fs, 84(%r8)
  mov %gs, 86(%r8)
  rdfsbase %rax
  mov %rax, 88(%r8)
  rdgsbase %rax
  mov %rax, 96(%r8)
  xor %eax, %eax
  mov %eax, %es
  mov %eax, %ds
  mov %eax, %fs
  mov %eax, %gs
  mov 8(%r8), %rax
  wrfsbase %rax
  mov 16(%r8), %rax
  wrgsbase %rax
  mov %rsi, 24(%r8)
  mov %rdx, 32(%r8)
  mov 0(%r8), %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret
)");
