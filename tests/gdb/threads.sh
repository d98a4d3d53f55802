#!/bin/sh
# gdb and three processors: a thread each, which stop together and step alone; breakpoints and watchpoints in any of
# them. The guest is tests/smp/guest.S.
# Usage: threads.sh GDB_HOST GUEST (without .bin, .elf)
here=$(dirname "$0")
. "$here/lib.sh"
address() { nm "$2.elf" | awk -v name="$1" '$3 == name { print "0x" $1 }'; }
work_start=$(address who_am_i "$2")
count_start=$(address count "$2")

bios=$2.bin
processors=3
start "$1" -
gdb_do 'info threads' 'thread 2' 'printf "second at %lx\n", $pc' 'thread 1' 'stepi' 'printf "first at %lx\n", $pc' \
  "break *$work_start" 'continue' 'continue' 'continue' 'info threads' 'monitor info cpus' 'delete' \
  "tbreak *$count_start" 'continue' 'set $one = $_thread' 'set $from = $pc' \
  'set scheduler-locking on' 'stepi' 'stepi' 'stepi' \
  'printf "alone %d moved %d\n", $_thread == $one, $pc != $from' \
  'thread apply all -q printf "thread %d pc %lx\n", $_thread, $pc' 'stepi' \
  'thread apply all -q printf "then %d pc %lx\n", $_thread, $pc' \
  'set scheduler-locking off' 'stepi' 'printf "together %d\n", $_thread == $one' \
  'watch *(int*)0x5014' 'continue' 'continue' 'printf "counter %d\n", *(int*)0x5014' 'delete' \
  'monitor stop-at 50000' 'continue' 'monitor count' 'kill'

expect '^\* 1 +Thread 1 .*CPU#0 \[running\]'
expect '^  2 +Thread 2 .*CPU#1 \[halted \]'
expect '^  3 +Thread 3 .*CPU#2'
expect '^second at fffffff0$'
expect '^first at f0000$'
for n in 1 2 3; do expect "^Thread $n hit Breakpoint 1"; done
expect 'CPU #2: running, p32'
expect '^alone 1 moved 1$'
expect '^together 1$'
expect '^counter [1-9]'
expect '^50000$'
# With the others locked only one thread has moved.
moved=0
for n in 1 2 3; do
  [ "$(grep "^thread $n pc" "$work/out" | cut -d' ' -f4)" = "$(grep "^then $n pc" "$work/out" | cut -d' ' -f4)" ] ||
    moved=$((moved + 1))
done
[ $moved = 1 ] || { echo "$moved threads moved"; cat "$work/out"; exit 1; }
