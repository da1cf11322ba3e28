#ifndef SWIFT_ETCD_FUTEX_H
#define SWIFT_ETCD_FUTEX_H

#include <stdint.h>

/// Sleeps while `*word` is `expected`, until `futex_wake`, or until a time of the monotonic clock
/// in milliseconds; a negative one waits without a limit. May return early. Within one process.
///
/// Returns whether the time was reached.
int futex_wait(const uint32_t *word, uint32_t expected, int64_t deadline_milliseconds);

/// Wakes one thread that sleeps on `word`.
void futex_wake(const uint32_t *word);

/// Stores a word that other threads sleep on.
static inline void futex_store(uint32_t *word, uint32_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

#endif
