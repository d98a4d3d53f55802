// Integer loops: arithmetic, a dhrystone-like mix of records and strings, sieve, quicksort,
// division, an LZ77-like compressor, locked operations.
#include "bench.h"

// A chain in which each operation needs the one before it, as most integer code is.
uint64_t unit_alu(void) {
  uint32_t x = 2463534242u, sum = 0;
  for (uint32_t i = 0; i < 1500000; i++) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    sum += x & 0xffff;
    x = x * 5 - (sum ^ i);
    x = (x << 7 | x >> 25) + i;
    if (x & 1) sum = sum * 69069 + 1;
  }
  return mix(x, sum);
}

typedef struct Record {
  struct Record* next;
  int kind;
  int number;
  char text[31];
} Record;

static Record records[2];
static int global_number;
static char global_letter;
static int table[50];
static int square[50][50];

static NOINLINE void copy_text(char* to, const char* from) {
  while ((*to++ = *from++)) continue;
}

static NOINLINE int compare_text(const char* a, const char* b) {
  while (*a && *a == *b) a++, b++;
  return (unsigned char)*a - (unsigned char)*b;
}

static NOINLINE char first_difference(char a, char b) {
  if (a != b) return a;
  global_letter = a;
  return 'A';
}

static NOINLINE int texts_ordered(const char* a, const char* b) {
  int i = 2;
  char letter = 'B';
  while (i <= 2) {
    letter = first_difference(a[i], b[i + 1]);
    i++;
  }
  if (letter >= 'W' && letter < 'Z') i = 7;
  return compare_text(a, b) > 0 ? i + 7 : i;
}

static NOINLINE void store_in_tables(int* row, int (*grid)[50], int index, int value) {
  int k = index + 5;
  row[k] = value;
  row[k + 1] = row[k];
  row[k + 30] = k;
  for (int i = k; i <= k + 1; i++) grid[k][i] = k;
  grid[k][k - 1]++;
  grid[k + 20 > 49 ? 49 : k + 20][k] = row[k];
}

static NOINLINE void update_record(Record* record) {
  Record* next = record->next;
  *next = *record;
  next->number = record->number + 5;
  next->kind = global_number & 3;
  if (next->kind == 0) {
    next->number = 6;
  } else {
    record->kind = next->kind;
  }
}

uint64_t unit_dhrystone(void) {
  uint64_t hash = 0;
  char text[31];
  global_number = 0;
  for (int i = 0; i < 50; i++) {
    table[i] = 0;
    for (int j = 0; j < 50; j++) square[i][j] = 0;
  }
  records[0] = (Record){&records[1], 2, 40, ""};
  records[1] = records[0];
  copy_text(records[0].text, "SOME PROGRAM, SOME TEXT HERE");
  for (int i = 0; i < 100000; i++) {
    copy_text(text, i & 1 ? "SOME PROGRAM, 1ST TEXT HERE" : "SOME PROGRAM, 2ND TEXT HERE");
    int order = texts_ordered(records[0].text, text);
    store_in_tables(table, square, i & 7, order + i);
    update_record(&records[0]);
    global_number += records[1].number / (1 + (i & 15)) - order;
  }
  hash = mix(hash, (uint32_t)global_number);
  for (int i = 0; i < 50; i++) hash = mix(mix(hash, (uint32_t)table[i]), (uint32_t)square[i][i]);
  return hash;
}

uint64_t unit_sieve(void) {
  enum { kLimit = 1 << 19 };
  static uint8_t composite[kLimit];
  uint64_t sum = 0;
  for (int repeat = 0; repeat < 4; repeat++) {
    for (uint32_t i = 0; i < kLimit; i++) composite[i] = 0;
    for (uint32_t i = 2; i < kLimit; i++) {
      if (composite[i]) continue;
      sum += i;
      for (uint32_t j = 2 * i; j < kLimit; j += i) composite[j] = 1;
    }
  }
  return sum;
}

enum { kSortCount = 100000 };
static uint32_t unsorted[kSortCount], sorted[kSortCount];

void setup_sort(void) {
  uint32_t seed = 7;
  for (int i = 0; i < kSortCount; i++) unsorted[i] = next_random(&seed);
}

static NOINLINE void quicksort(uint32_t* a, int left, int right) {
  uint32_t pivot = a[left + (right - left) / 2];
  int i = left, j = right;
  while (i <= j) {
    while (a[i] < pivot) i++;
    while (a[j] > pivot) j--;
    if (i > j) break;
    uint32_t swap = a[i];
    a[i++] = a[j];
    a[j--] = swap;
  }
  if (left < j) quicksort(a, left, j);
  if (i < right) quicksort(a, i, right);
}

uint64_t unit_quicksort(void) {
  uint64_t hash = 0;
  for (int i = 0; i < kSortCount; i++) sorted[i] = unsorted[i];
  quicksort(sorted, 0, kSortCount - 1);
  for (int i = 0; i < kSortCount; i += 97) hash = mix(hash, sorted[i]);
  return hash;
}

uint64_t unit_divide(void) {
  uint32_t seed = 11, sum = 0;
  for (int i = 0; i < 1000000; i++) {
    uint32_t a = next_random(&seed) << 8, b = (next_random(&seed) & 0xffff) + 1;
    sum += a / b ^ a % b;
    sum += (uint32_t)((int32_t)sum / (int32_t)b);
  }
  return sum;
}

enum { kTextSize = 256 * 1024, kHashBits = 14 };
static uint8_t text_in[kTextSize];

void setup_compress(void) {
  uint32_t seed = 5;
  for (int i = 0; i < kTextSize; i++) {
    uint32_t r = next_random(&seed);
    int back = (int)(r & 0xfff) + 1;
    text_in[i] = (uint8_t)(i > back && (r >> 12 & 7) ? text_in[i - back] : 'a' + (r >> 16 & 15));
    if (i > 600 && (r >> 12 & 7)) {  // a repeat of something near
      int length = (int)(r >> 18 & 31);
      for (; length && i + 1 < kTextSize; length--, i++) text_in[i + 1] = text_in[i + 1 - (back & 511) - 1];
    }
  }
}

uint64_t unit_compress(void) {
  static uint32_t last_seen[1 << kHashBits];
  uint64_t hash = 0;
  for (int i = 0; i < 1 << kHashBits; i++) last_seen[i] = 0;
  for (uint32_t at = 1; at + 4 < kTextSize;) {
    uint32_t key = text_in[at] | (uint32_t)text_in[at + 1] << 8 | (uint32_t)text_in[at + 2] << 16;
    uint32_t slot = key * 2654435761u >> (32 - kHashBits);
    uint32_t before = last_seen[slot];
    last_seen[slot] = at;
    uint32_t length = 0;
    while (before && at + length < kTextSize && length < 255 &&
           text_in[before + length] == text_in[at + length])
      length++;
    if (length >= 3) {
      hash = mix(hash, (uint64_t)(at - before) << 8 | length);
      at += length;
    } else {
      hash = mix(hash, text_in[at++]);
    }
  }
  return hash;
}

uint64_t unit_atomic(void) {
  static uint32_t counter, word;
  counter = word = 0;
  for (uint32_t i = 0; i < 300000; i++) {
    uint32_t old = __atomic_fetch_add(&counter, i, __ATOMIC_SEQ_CST);
    uint32_t expected = word;
    __atomic_compare_exchange_n(&word, &expected, old ^ i, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    __atomic_or_fetch(&counter, 1, __ATOMIC_SEQ_CST);
  }
  return mix(counter, word);
}
