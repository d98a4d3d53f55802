/* A multiboot guest that plays a tune on each of the PC's sound devices: loudspeaker, Sound Blaster 16 (8 bits, DMA
 * with auto-initialize and single blocks; 16 bits, stereo), OPL3, AC'97. Port E9h tells what is heard when:
 *
 *     note DEVICE LEFT_MILLIHERTZ RIGHT_MILLIHERTZ FROM_NS TO_NS
 *
 * It ends through isa-debug-exit at F4h; a device that does not answer is "missing". */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned u32;
typedef unsigned long long u64;

__asm__(
    ".section .multiboot, \"a\"\n"
    ".balign 4\n"
    ".long 0x1BADB002, 0, -0x1BADB002\n"
    ".text\n"
    ".globl _start\n"
    "_start: mov $stack_top, %esp\n"
    "call main\n"
    ".bss\n"
    ".balign 16\n"
    ".skip 8192\n"
    "stack_top:\n"
    ".text\n");

static void out8(u16 port, u8 v) { __asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port)); }
static void out16(u16 port, u16 v) { __asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port)); }
static void out32(u16 port, u32 v) { __asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port)); }
static u8 in8(u16 port) {
  u8 v;
  __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
  return v;
}
static u16 in16(u16 port) {
  u16 v;
  __asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
  return v;
}
static u32 in32(u16 port) {
  u32 v;
  __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
  return v;
}

/* The time-stamp counter counts nanoseconds. */
static u64 now(void) {
  u32 low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
  return (u64)high << 32 | low;
}
enum { kMs = 1000000 };

static void text(const char* s) {
  while (*s) out8(0xE9, (u8)*s++);
}
static void number(u64 v) {
  char digits[24];
  int n = 0;
  do {
    /* There is no library to divide 64 bits. */
    u64 quotient = 0, rest = 0;
    for (int bit = 63; bit >= 0; --bit) {
      rest = rest << 1 | (v >> bit & 1);
      if (rest >= 10) {
        rest -= 10;
        quotient |= 1ull << bit;
      }
    }
    digits[n++] = (char)('0' + rest);
    v = quotient;
  } while (v != 0);
  while (n > 0) out8(0xE9, (u8)digits[--n]);
}
static void note(const char* device, u32 left, u32 right, u64 from, u64 to) {
  text("note ");
  text(device);
  u64 values[] = {left, right, from, to};
  for (int i = 0; i < 4; ++i) {
    text(" ");
    number(values[i]);
  }
  text("\n");
}
static void until(u64 t) {
  while (now() < t) __asm__ volatile("pause");
}
static void pause_ms(u32 ms) { until(now() + (u64)ms * kMs); }

/* --- Loudspeaker */

static void speaker(void) {
  static const u16 counts[] = {2712, 2153, 1810, 1356}; /* 440, 554, 659, 880 Hz */
  for (int i = 0; i < 4; ++i) {
    u64 from = now();
    out8(0x43, 0xB6);
    out8(0x42, (u8)counts[i]);
    out8(0x42, (u8)(counts[i] >> 8));
    out8(0x61, in8(0x61) | 3);
    until(from + 150 * kMs);
    u64 to = now();
    out8(0x61, in8(0x61) & ~3);
    u32 hz = 1193182000u / counts[i];
    note("speaker", hz, hz, from, to);
    pause_ms(50);
  }
}

/* --- Sound Blaster 16 */

enum { kPeriod8 = 32, kBytes8 = 4096, kPeriod16 = 64, kFrames16 = 4096 };
static u8 buffer8[kBytes8] __attribute__((aligned(4096)));
static u16 buffer16[2 * kFrames16] __attribute__((aligned(32768)));

static int triangle(u32 i, u32 period, int height) {
  i %= period;
  int half = (int)period / 2, x = (int)i < half ? (int)i : (int)period - (int)i;
  return height * (4 * x - (int)period) / (int)period;
}

static void dsp(u8 v) {
  while ((in8(0x22C) & 0x80) != 0) {
  }
  out8(0x22C, v);
}
static int sb16_reset(void) {
  out8(0x226, 1);
  pause_ms(1);
  out8(0x226, 0);
  for (int i = 0; i < 100000; ++i) {
    if ((in8(0x22E) & 0x80) != 0) return in8(0x22A) == 0xAA;
  }
  return 0;
}
static u8 mixer(u8 index) {
  out8(0x224, index);
  return in8(0x225);
}
static void set_mixer(u8 index, u8 v) {
  out8(0x224, index);
  out8(0x225, v);
}

static void dma8(u8 mode, u32 bytes) {
  u32 at = (u32)buffer8;
  out8(0x0A, 5);
  out8(0x0C, 0);
  out8(0x0B, mode | 1);
  out8(0x02, (u8)at);
  out8(0x02, (u8)(at >> 8));
  out8(0x83, (u8)(at >> 16));
  out8(0x03, (u8)(bytes - 1));
  out8(0x03, (u8)((bytes - 1) >> 8));
  out8(0x0A, 1);
}
static void dma16(void) {
  u32 at = (u32)buffer16, words = 2 * kFrames16;
  out8(0xD4, 5);
  out8(0xD8, 0);
  out8(0xD6, 0x59);
  out8(0xC4, (u8)(at >> 1));
  out8(0xC4, (u8)(at >> 9));
  out8(0x8B, (u8)(at >> 16));
  out8(0xC6, (u8)(words - 1));
  out8(0xC6, (u8)((words - 1) >> 8));
  out8(0xD4, 1);
}

/* Interrupts are polled: bit `which` of the mixer's status. */
static u32 play_until(u64 end, u8 which, u16 acknowledge) {
  u32 count = 0;
  while (now() < end) {
    if ((mixer(0x82) & which) == 0) continue;
    in8(acknowledge);
    ++count;
  }
  return count;
}

static void sb16(void) {
  static const u16 rates[] = {11025, 16000, 22050};
  if (!sb16_reset()) {
    text("missing sb16\n");
    return;
  }
  dsp(0xE1);
  u8 major = in8(0x22A), minor = in8(0x22A);
  text("sb16 version ");
  number(major);
  text(".");
  number(minor);
  text("\n");
  set_mixer(0x30, 0xF8);
  set_mixer(0x31, 0xF8);
  set_mixer(0x32, 0xF8);
  set_mixer(0x33, 0xF8);
  set_mixer(0x34, 0xF8);
  set_mixer(0x35, 0xF8);
  out8(0xD6, 0xC0);
  out8(0xD4, 0);
  dsp(0xD1);

  for (u32 i = 0; i < kBytes8; ++i) buffer8[i] = (u8)(128 + triangle(i, kPeriod8, 60));
  for (int i = 0; i < 3; ++i) {
    dma8(0x58, kBytes8);
    dsp(0x41);
    dsp((u8)(rates[i] >> 8));
    dsp((u8)rates[i]);
    u64 from = now();
    dsp(0xC6);
    dsp(0x00);
    dsp((512 - 1) & 0xFF);
    dsp((512 - 1) >> 8);
    u32 interrupts = play_until(from + 200 * kMs, 1, 0x22E);
    u64 to = now();
    sb16_reset();
    u32 hz = rates[i] * 1000u / kPeriod8;
    note("sb16-8bit", hz, hz, from, to);
    text("interrupts ");
    number(interrupts);
    text(" of ");
    number(rates[i] / 5 / 512);
    text("\n");
    pause_ms(50);
  }

  /* Single blocks, each started in answer to the interrupt of the one before. */
  {
    dsp(0x40);
    dsp(256 - 1000000 / 20000);
    u64 from = now(), to = from;
    for (int block = 0; block < 20; ++block) {
      dma8(0x48, 256);
      dsp(0x14);
      dsp(255);
      dsp(0);
      while ((mixer(0x82) & 1) == 0) {
      }
      to = now();
      in8(0x22E);
    }
    sb16_reset();
    note("sb16-single", 625000, 625000, from, to);
    pause_ms(50);
  }

  for (u32 i = 0; i < kFrames16; ++i) {
    buffer16[2 * i] = (u16)triangle(i, kPeriod16, 15000);
    buffer16[2 * i + 1] = (u16)triangle(i, kPeriod16 / 2, 15000);
  }
  static const u16 rates16[] = {22050, 32000, 44100};
  for (int i = 0; i < 3; ++i) {
    dma16();
    dsp(0x41);
    dsp((u8)(rates16[i] >> 8));
    dsp((u8)rates16[i]);
    u64 from = now();
    dsp(0xB6);
    dsp(0x30);
    dsp((2048 - 1) & 0xFF);
    dsp((2048 - 1) >> 8);
    play_until(from + 200 * kMs, 2, 0x22F);
    u64 to = now();
    sb16_reset();
    note("sb16-16bit", rates16[i] * 1000u / kPeriod16, rates16[i] * 1000u / (kPeriod16 / 2), from, to);
    pause_ms(50);
  }
}

/* --- OPL3 */

static void opl(u8 reg, u8 v) {
  out8(0x388, reg);
  out8(0x389, v);
}
static void opl3(void) {
  opl(0x04, 0x60);
  opl(0x04, 0x80);
  u8 before = in8(0x388);
  opl(0x02, 0xFF);
  opl(0x04, 0x21);
  pause_ms(1);
  u8 after = in8(0x388);
  opl(0x04, 0x60);
  opl(0x04, 0x80);
  if ((before & 0xE0) != 0 || (after & 0xE0) != 0xC0) {
    text("missing opl3\n");
    return;
  }
  /* The modulator silent, the carrier a sine with a quick attack that is held. */
  opl(0x20, 0x21);
  opl(0x40, 0x3F);
  opl(0x23, 0x21);
  opl(0x43, 0x00);
  opl(0x63, 0xF0);
  opl(0x83, 0x0F);
  opl(0xC0, 0x30);
  static const u16 numbers[] = {580, 730, 869}; /* block 4: number * 49716 / 2^16 Hz */
  for (int i = 0; i < 3; ++i) {
    u64 from = now();
    opl(0xA0, (u8)numbers[i]);
    opl(0xB0, (u8)(0x20 | 4 << 2 | numbers[i] >> 8));
    until(from + 200 * kMs);
    u64 to = now();
    opl(0xB0, (u8)(4 << 2 | numbers[i] >> 8));
    u32 hz = numbers[i] * 758605u / 1000u; /* 49716000 / 65536 = 758.605 */
    note("opl3", hz, hz, from, to);
    pause_ms(50);
  }
}

/* --- AC'97 */

enum { kPeriod97 = 64, kFrames97 = 512 };
static u16 samples97[2 * kFrames97] __attribute__((aligned(8)));
static u32 ring97[64] __attribute__((aligned(8)));

static u32 pci(u32 slot, u32 reg) {
  out32(0xCF8, 0x80000000u | slot << 11 | reg);
  return in32(0xCFC);
}

static void ac97(void) {
  u32 slot = 0;
  while (slot < 32 && pci(slot, 0) != 0x24158086u) ++slot;
  if (slot == 32) {
    text("missing ac97\n");
    return;
  }
  u16 codec = pci(slot, 0x10) & 0xFFFC, master = pci(slot, 0x14) & 0xFFFC;
  pci(slot, 4);
  out16(0xCFC, 5);
  out32(master + 0x2C, 2);
  while ((in32(master + 0x30) & 0x100) == 0) {
  }
  out16(codec + 0x02, 0x0000);
  out16(codec + 0x18, 0x0808);
  out16(codec + 0x2A, 1);
  for (u32 i = 0; i < kFrames97; ++i) {
    samples97[2 * i] = (u16)triangle(i, kPeriod97, 15000);
    samples97[2 * i + 1] = (u16)triangle(i, kPeriod97 / 2, 15000);
  }
  for (int i = 0; i < 32; ++i) {
    ring97[2 * i] = (u32)samples97;
    ring97[2 * i + 1] = 2 * kFrames97 | 0x80000000u;
  }
  static const u16 rates[] = {22050, 44100, 48000};
  for (int i = 0; i < 3; ++i) {
    out16(codec + 0x2C, rates[i]);
    if (in16(codec + 0x2C) != rates[i]) text("missing ac97 rate\n");
    out8(master + 0x1B, 2);
    out32(master + 0x10, (u32)ring97);
    out8(master + 0x15, 31);
    u64 from = now();
    out8(master + 0x1B, 0x11);
    /* The ring goes on as long as the last valid index keeps ahead. */
    while (now() < from + 200 * kMs) {
      if ((in16(master + 0x16) & 8) == 0) continue;
      out16(master + 0x16, 0x1C);
      out8(master + 0x15, (u8)(in8(master + 0x14) - 1) & 31);
    }
    u64 to = now();
    out8(master + 0x1B, 0);
    note("ac97", rates[i] * 1000u / kPeriod97, rates[i] * 1000u / (kPeriod97 / 2), from, to);
    pause_ms(50);
  }
}

void main(void) {
  pause_ms(50);
  speaker();
  sb16();
  opl3();
  ac97();
  text("end ");
  number(now());
  text("\n");
  out32(0xF4, 0);
  for (;;) __asm__ volatile("hlt");
}
