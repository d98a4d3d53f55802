// What Ilse's exit status means to who scripts against it. isa-debug-exit gives odd numbers, so what is ours
// is even, but for 1, which is an error as it is with QEMU. A signal that ends Ilse gives 128 + its number.
#pragma once

namespace ilse::ui {

enum ExitStatus : int {
  kExitPowerOff = 0,      // the guest powered off, rebooted with -no-reboot, or the user ended it
  kExitBadInput = 1,      // an option, a file, or the host's environment
  kExitTripleFault = 4,   // with -no-reboot
  kExitPanic = 6,         // the guest said so through pvpanic
  kExitInstructions = 8,  // --max-instructions
  kExitSeconds = 10,      // --max-seconds
  kExitAsleep = 12,       // halted, and nothing can wake it
  kExitInternal = 14,
  kExitSignal = 128,
};

}  // namespace ilse::ui
