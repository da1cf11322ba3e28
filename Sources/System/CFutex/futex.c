#include "futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int futex_wait(const uint32_t *word, uint32_t expected, int64_t deadline_milliseconds) {
    struct timespec deadline = {
        .tv_sec = deadline_milliseconds / 1000,
        .tv_nsec = (deadline_milliseconds % 1000) * 1000000,
    };
    // FUTEX_WAIT_BITSET takes an absolute time of the monotonic clock.
    long result = syscall(
        SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
        deadline_milliseconds < 0 ? NULL : &deadline, NULL, FUTEX_BITSET_MATCH_ANY);
    return result != 0 && errno == ETIMEDOUT;
}

void futex_wake(const uint32_t *word) {
    syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0);
}
