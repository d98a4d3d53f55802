"""Text of a given length that looks like text to a packer; with --sources N [FUNCTIONS], a make project of N C files. A
generator of its own numbers, so that the bytes do not depend on the version of Python."""

import sys


def numbers(state):
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield state >> 33


def text(length):
    random = numbers(1)
    words = ["".join(chr(97 + next(random) % 26) for _ in range(2 + next(random) % 9)) for _ in range(4000)]
    out, size = [], 0
    while size < length:
        # Small indexes are likelier, as in a language.
        index = min(next(random) % 4000, next(random) % 4000, next(random) % 4000)
        word = words[index] + (".\n" if next(random) % 12 == 0 else " ")
        out.append(word)
        size += len(word)
    return "".join(out)[:length]


def sources(count, functions=40):
    for number in range(count):
        random = numbers(number + 2)
        with open(f"part{number}.c", "w") as file:
            file.write("#include <stdio.h>\n#include <stdint.h>\n#include <string.h>\n")
            for function in range(functions):
                a, b, c = (next(random) for _ in range(3))
                file.write(f"""
static uint64_t f{function}(uint64_t x) {{
  uint64_t table[16]; double d = {a % 1000}.5;
  for (int i = 0; i < 16; i++) table[i] = x * {a}u + (x >> {b % 31 + 1}) + i * {c}u;
  for (int i = 0; i < {b % 50 + 10}; i++) {{
    switch (table[i % 16] % 7) {{
      case 0: table[i % 16] ^= {c}u; break;
      case 1: table[(i + 3) % 16] += x / {a % 97 + 1}; break;
      case 2: d = d * 1.5 + {b % 9}; break;
      case 3: x = (x << {c % 30 + 1}) | (x >> {64 - (c % 30 + 1)}); break;
      default: table[(i * 5) % 16] -= table[i % 16] * {b % 1000}u;
    }}
    if (d > 1e6) d /= 1024;
  }}
  for (int i = 0; i < 16; i++) x += table[i] * (i + 1);
  return x + (uint64_t)d;
}}
""")
            file.write(f"uint64_t part{number}(uint64_t x) {{\n")
            file.writelines(f"  x ^= f{function}(x);\n" for function in range(functions))
            file.write("  return x;\n}\n")
    with open("main.c", "w") as file:
        file.write("#include <stdio.h>\n#include <stdint.h>\n")
        file.writelines(f"uint64_t part{number}(uint64_t);\n" for number in range(count))
        file.write("int main(void) {\n  uint64_t x = 1;\n")
        file.writelines(f'  x = part{number}(x); printf("%016llx\\n", (unsigned long long)x);\n' for number in range(count))
        file.write("  return 0;\n}\n")
    objects = " ".join(f"part{number}.o" for number in range(count))
    with open("Makefile", "w") as file:
        file.write(f"CFLAGS = -O2\nall: main.o {objects}\n\t$(CC) -o $@ $^\n")


if sys.argv[1] == "--sources":
    sources(*map(int, sys.argv[2:]))
else:
    sys.stdout.write(text(int(sys.argv[1])))
