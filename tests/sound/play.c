/* In a Linux guest: a second of a triangle, RATE / 100 Hz on the left and twice that on the right, through
 * /dev/dsp at full volume. usage: play RATE */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/soundcard.h>
#include <unistd.h>

static short triangle(int i, int period) {
  i %= period;
  int half = period / 2, x = i < half ? i : period - i;
  return (short)(12000 * (4 * x - period) / period);
}

int main(int argc, char** argv) {
  int rate = argc > 1 ? atoi(argv[1]) : 48000, format = AFMT_S16_LE, channels = 2;
  int loud = 100 | 100 << 8;
  int mixer = open("/dev/mixer", O_RDWR), dsp = open("/dev/dsp", O_WRONLY);
  if (mixer < 0 || dsp < 0) {
    perror("/dev/mixer, /dev/dsp");
    return 1;
  }
  /* The converter's unity is below its loudest. */
  int unity = 74 | 74 << 8;
  ioctl(mixer, SOUND_MIXER_WRITE_VOLUME, &loud);
  ioctl(mixer, SOUND_MIXER_WRITE_PCM, &unity);
  if (ioctl(dsp, SNDCTL_DSP_SETFMT, &format) != 0 || ioctl(dsp, SNDCTL_DSP_CHANNELS, &channels) != 0 ||
      ioctl(dsp, SNDCTL_DSP_SPEED, &rate) != 0) {
    perror("settings");
    return 1;
  }
  short* samples = malloc((size_t)rate * 4);
  for (int i = 0; i < rate; ++i) {
    samples[2 * i] = triangle(i, 100);
    samples[2 * i + 1] = triangle(i, 50);
  }
  const char* at = (const char*)samples;
  for (int left = rate * 4; left > 0;) {
    ssize_t n = write(dsp, at, (size_t)left);
    if (n <= 0) {
      perror("write");
      return 1;
    }
    at += n;
    left -= (int)n;
  }
  ioctl(dsp, SNDCTL_DSP_SYNC, 0);
  printf("played at %d\n", rate);
  return 0;
}
