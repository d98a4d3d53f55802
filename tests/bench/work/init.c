// The guest's first process: mounts what the benchmark needs, says on the UART that userland
// is reached, runs the benchmark with the words of /arguments if there are any, says that it is done.
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char* line) {
  if (write(1, line, strlen(line)) < 0) return;
}

int main(void) {
  static char text[4096];
  char* words[128] = {"/bench"};
  int count = 1;
  mkdir("/proc", 0755);
  mkdir("/dev", 0755);
  mkdir("/tmp", 0777);
  mount("proc", "/proc", "proc", 0, 0);
  mount("devtmpfs", "/dev", "devtmpfs", 0, 0);
  mount("tmpfs", "/tmp", "tmpfs", 0, 0);
  int console = open("/dev/ttyS0", O_RDWR);
  for (int i = 0; console >= 0 && i < 3; i++) dup2(console, i);
  say("bench: userland\n");
  int file = open("/arguments", O_RDONLY);
  if (file >= 0 && read(file, text, sizeof text - 1) > 0) {
    for (char* word = strtok(text, " \n"); word && count < 127; word = strtok(0, " \n"))
      words[count++] = word;
    pid_t child = fork();
    if (child == 0) {
      execv(words[0], words);
      _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    say(status ? "bench: failed\n" : "bench: done\n");
  } else {
    say("bench: done\n");
  }
  sync();
  sleep(1);
  reboot(RB_POWER_OFF);
  return 0;
}
