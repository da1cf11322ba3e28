#include "crc32c.h"

#include <string.h>

#include "crc32c_table.h"

// The register holds the complement of the checksum while bytes are shifted in.

uint32_t crc32c_update_by_table(uint32_t crc, const void *bytes, size_t count) {
    const uint8_t *at = bytes;
    uint32_t state = ~crc;
    // Eight bytes at a time, with one table for each distance to the end of the eight.
    for (; count >= 8; at += 8, count -= 8) {
        uint32_t low = state ^ ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
                                (uint32_t)at[3] << 24);
        state = crc32c_table[7][low & 0xFF] ^ crc32c_table[6][low >> 8 & 0xFF] ^
                crc32c_table[5][low >> 16 & 0xFF] ^ crc32c_table[4][low >> 24] ^
                crc32c_table[3][at[4]] ^ crc32c_table[2][at[5]] ^ crc32c_table[1][at[6]] ^
                crc32c_table[0][at[7]];
    }
    for (; count > 0; at++, count--) {
        state = state >> 8 ^ crc32c_table[0][(state ^ *at) & 0xFF];
    }
    return ~state;
}

#if defined(__x86_64__)

#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t
crc32c_update_by_instruction(uint32_t crc, const void *bytes, size_t count) {
    const uint8_t *at = bytes;
    uint64_t state = (uint32_t)~crc;
    for (; count >= 8; at += 8, count -= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        state = _mm_crc32_u64(state, word);
    }
    uint32_t rest = (uint32_t)state;
    for (; count > 0; at++, count--) {
        rest = _mm_crc32_u8(rest, *at);
    }
    return ~rest;
}

static int has_instruction(void) { return __builtin_cpu_supports("sse4.2"); }

#elif defined(__aarch64__) && defined(__linux__)

#include <arm_acle.h>
#include <sys/auxv.h>

#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif

__attribute__((target("crc"))) static uint32_t
crc32c_update_by_instruction(uint32_t crc, const void *bytes, size_t count) {
    const uint8_t *at = bytes;
    uint32_t state = ~crc;
    for (; count >= 8; at += 8, count -= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        state = __crc32cd(state, word);
    }
    for (; count > 0; at++, count--) {
        state = __crc32cb(state, *at);
    }
    return ~state;
}

static int has_instruction(void) { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }

#else

static uint32_t crc32c_update_by_instruction(uint32_t crc, const void *bytes, size_t count) {
    return crc32c_update_by_table(crc, bytes, count);
}

static int has_instruction(void) { return 0; }

#endif

uint32_t crc32c_update(uint32_t crc, const void *bytes, size_t count) {
    // Detected once. Racing threads compute the same value, so a relaxed access is sufficient.
    static int cached = -1;
    int known = __atomic_load_n(&cached, __ATOMIC_RELAXED);
    if (known < 0) {
        known = has_instruction();
        __atomic_store_n(&cached, known, __ATOMIC_RELAXED);
    }
    return known ? crc32c_update_by_instruction(crc, bytes, count)
                 : crc32c_update_by_table(crc, bytes, count);
}
