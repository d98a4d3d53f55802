"""Integers, floats with exactly rounded results, decimals, strings, hashes: what is printed is the same on every
processor."""

import decimal
import fractions
import hashlib
import json
import math
import re
import struct
import zlib


def pi(digits):
    q, r, t, k, n, l = 1, 0, 1, 1, 3, 3
    out = []
    while len(out) < digits:
        if 4 * q + r - t < n * t:
            out.append(str(n))
            q, r, n = 10 * q, 10 * (r - n * t), (10 * (3 * q + r)) // t - 10 * n
        else:
            q, r, t, k, n, l = (q * k, (2 * q + r) * l, t * l, k + 1, (q * (7 * k + 2) + r * l) // (t * l), l + 2)
    return "".join(out)


def floats():
    x, total = 0.1, 0.0
    for i in range(1, 50001):
        x = math.sqrt(x * 3.7 + 1.0 / i) - math.floor(x)
        total += math.fma(x, 1, 0) if hasattr(math, "fma") else x
        if i % 5000 == 0:
            yield total.hex()
    for value in (5e-324, 2.2250738585072014e-308 / 3, 1.7976931348623157e308 * 0.7, float("inf"), -0.0):
        yield (value / 7).hex()
        yield struct.pack("<f", min(value, 3e38)).hex()
    yield math.fsum([0.1] * 10000).hex()
    yield [round(float(f), 9) for f in (2.675, 1e16 + 1, 123456.7890125)]
    yield [f"{f(0.7):.12f}" for f in (math.sin, math.cos, math.tan, math.exp, math.log, math.atan, math.gamma)]


def sieve(limit):
    flags = bytearray([1]) * limit
    for i in range(2, int(limit**0.5) + 1):
        if flags[i]:
            flags[i * i::i] = bytes(len(range(i * i, limit, i)))
    return sum(flags[2:])


print(pi(1000))
print(*floats())
print(sieve(1000000))
decimal.getcontext().prec = 200
print(decimal.Decimal(2).sqrt(), decimal.Decimal(1).exp())
print(sum(fractions.Fraction(1, n) for n in range(1, 300)))
print(pow(3, 10**5, 2**521 - 1), math.factorial(2000) % (10**9 + 7), hex(7**5000)[:60])
data = pi(300).encode() * 2000
for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b"):
    print(name, hashlib.new(name, data).hexdigest())
print(zlib.crc32(data), zlib.adler32(data), len(zlib.compress(data, 9)))
text = json.dumps({str(i): [i, i / 3, {"k": str(i) * 3}] for i in range(3000)})
print(hashlib.sha256(text.encode()).hexdigest(), json.loads(text)["2999"])
print(len(re.findall(r"(\d)(\d)\2\1", pi(1000))), re.sub(r"(\d{3})(?=(\d{3})+$)", r"\1,", "123456789012"))
words = sorted((hashlib.md5(str(i).encode()).hexdigest() for i in range(20000)), key=lambda w: (w[5], w))
print(words[0], words[9999], words[-1])
