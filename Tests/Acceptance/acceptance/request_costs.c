// Counts the heap allocations and system calls of a program; request_costs.py loads it into a
// member with LD_PRELOAD and reads the counters while the member runs.
//
// This library maps the counters from the file $REQUEST_COSTS. The file begins with pairs of name
// and count. With $REQUEST_COSTS_STACKS set, a table of the allocating stacks follows.
//
// System calls are counted where the program calls the C library. Internal system calls of the C
// library are not counted: futex for a contended mutex, mmap for a large allocation.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define COUNTERS(each) \
    each(malloc) each(calloc) each(realloc) each(aligned_alloc) each(posix_memalign) \
    each(allocated_bytes) \
    each(read) each(write) each(readv) each(writev) each(recv) each(recvfrom) each(recvmsg) \
    each(recvmmsg) each(send) each(sendto) each(sendmsg) each(sendmmsg) each(pread) each(pread64) \
    each(pwrite) each(pwrite64) each(preadv) each(pwritev) each(fdatasync) each(fsync) \
    each(fallocate) each(sync_file_range) each(posix_fadvise) \
    each(epoll_wait) each(epoll_pwait) each(epoll_ctl) each(timerfd_settime) \
    each(eventfd_read) each(eventfd_write) each(poll) \
    each(futex) each(syscall) each(sched_yield) each(nanosleep) each(clock_nanosleep) \
    each(mmap) each(munmap) each(madvise) each(mincore) each(msync) \
    each(setsockopt) each(getsockopt) each(accept4) each(close)

enum {
#define NUMBER(name) COUNT_##name,
    COUNTERS(NUMBER)
    COUNTER_COUNT
};

struct counter {
    char name[24];
    uint64_t count;
};

#define DEPTH_MAX 40
#define STACK_COUNT (1 << 14)

struct stack {
    uint64_t hash;  // 0: unused
    uint64_t count;
    uint64_t depth;  // 0: the addresses are not written
    uint64_t addresses[DEPTH_MAX];
};

static struct counter early[COUNTER_COUNT];
static struct counter *counters = early;
static struct stack *stacks;
static __thread int is_walking;

static void count(int counter, uint64_t amount) {
    __atomic_fetch_add(&counters[counter].count, amount, __ATOMIC_RELAXED);
}

static void count_stack(void) {
    void *addresses[DEPTH_MAX];
    is_walking = 1;  // the first backtrace allocates
    int depth = backtrace(addresses, DEPTH_MAX);
    is_walking = 0;
    uint64_t hash = 14695981039346656037u;
    for (int i = 0; i < depth; i++) hash = (hash ^ (uint64_t)addresses[i]) * 1099511628211u;
    hash |= 1;
    for (uint64_t probe = 0; probe < STACK_COUNT; probe++) {
        struct stack *stack = &stacks[((hash >> 20) + probe) % STACK_COUNT];
        uint64_t found = 0;
        if (__atomic_compare_exchange_n(
                &stack->hash, &found, hash, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
            for (int i = 0; i < depth; i++) stack->addresses[i] = (uint64_t)addresses[i];
            __atomic_store_n(&stack->depth, depth, __ATOMIC_RELEASE);
            found = hash;
        }
        if (found == hash) {
            __atomic_fetch_add(&stack->count, 1, __ATOMIC_RELAXED);
            return;
        }
    }
}

static void count_allocation(int counter, size_t size) {
    int error = errno;
    count(counter, 1);
    count(COUNT_allocated_bytes, size);
    if (stacks && !is_walking) count_stack();
    errno = error;
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("REQUEST_COSTS");
    if (!path) return;
    size_t size = sizeof early + STACK_COUNT * sizeof(struct stack);
    int file = open(path, O_RDWR | O_CREAT, 0600);
    if (file < 0 || ftruncate(file, size)) abort();
    struct counter *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) abort();
#define NAME(counter) strncpy(mapped[COUNT_##counter].name, #counter, sizeof mapped->name - 1);
    COUNTERS(NAME)
    counters = mapped;
    if (getenv("REQUEST_COSTS_STACKS")) stacks = (struct stack *)(mapped + COUNTER_COUNT);
}

// The C library's allocator.
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *pointer, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
    count_allocation(COUNT_malloc, size);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count_allocation(COUNT_calloc, number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *pointer, size_t size) {
    count_allocation(COUNT_realloc, size);
    return __libc_realloc(pointer, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count_allocation(COUNT_aligned_alloc, size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **pointer, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) || alignment & (alignment - 1) || !alignment) return EINVAL;
    count_allocation(COUNT_posix_memalign, size);
    void *memory = __libc_memalign(alignment, size);
    if (!memory) return ENOMEM;
    *pointer = memory;
    return 0;
}

#define WRAP(result, name, parameters, arguments) \
    result name parameters { \
        static result(*next) parameters; \
        if (!next) next = (result(*) parameters)dlsym(RTLD_NEXT, #name); \
        count(COUNT_##name, 1); \
        return next arguments; \
    }

WRAP(ssize_t, read, (int file, void *data, size_t size), (file, data, size))
WRAP(ssize_t, write, (int file, const void *data, size_t size), (file, data, size))
WRAP(ssize_t, readv, (int file, const struct iovec *parts, int number), (file, parts, number))
WRAP(ssize_t, writev, (int file, const struct iovec *parts, int number), (file, parts, number))
WRAP(ssize_t, recv, (int file, void *data, size_t size, int flags), (file, data, size, flags))
WRAP(
    ssize_t, recvfrom,
    (int file, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *length),
    (file, data, size, flags, from, length))
WRAP(ssize_t, recvmsg, (int file, struct msghdr *message, int flags), (file, message, flags))
WRAP(
    int, recvmmsg,
    (int file, struct mmsghdr *messages, unsigned number, int flags, struct timespec *limit),
    (file, messages, number, flags, limit))
WRAP(ssize_t, send, (int file, const void *data, size_t size, int flags), (file, data, size, flags))
WRAP(
    ssize_t, sendto,
    (int file, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length),
    (file, data, size, flags, to, length))
WRAP(ssize_t, sendmsg, (int file, const struct msghdr *message, int flags), (file, message, flags))
WRAP(
    int, sendmmsg, (int file, struct mmsghdr *messages, unsigned number, int flags),
    (file, messages, number, flags))
WRAP(
    ssize_t, pread, (int file, void *data, size_t size, off_t offset), (file, data, size, offset))
WRAP(
    ssize_t, pread64, (int file, void *data, size_t size, off64_t offset),
    (file, data, size, offset))
WRAP(
    ssize_t, pwrite, (int file, const void *data, size_t size, off_t offset),
    (file, data, size, offset))
WRAP(
    ssize_t, pwrite64, (int file, const void *data, size_t size, off64_t offset),
    (file, data, size, offset))
WRAP(
    ssize_t, preadv, (int file, const struct iovec *parts, int number, off_t offset),
    (file, parts, number, offset))
WRAP(
    ssize_t, pwritev, (int file, const struct iovec *parts, int number, off_t offset),
    (file, parts, number, offset))
WRAP(int, fdatasync, (int file), (file))
WRAP(int, fsync, (int file), (file))
WRAP(
    int, fallocate, (int file, int mode, off_t offset, off_t size), (file, mode, offset, size))
WRAP(
    int, sync_file_range, (int file, off64_t offset, off64_t size, unsigned flags),
    (file, offset, size, flags))
WRAP(
    int, posix_fadvise, (int file, off_t offset, off_t size, int advice),
    (file, offset, size, advice))
WRAP(
    int, epoll_wait, (int file, struct epoll_event *events, int number, int wait),
    (file, events, number, wait))
WRAP(
    int, epoll_pwait,
    (int file, struct epoll_event *events, int number, int wait, const sigset_t *signals),
    (file, events, number, wait, signals))
WRAP(
    int, epoll_ctl, (int file, int operation, int other, struct epoll_event *event),
    (file, operation, other, event))
WRAP(
    int, timerfd_settime,
    (int file, int flags, const struct itimerspec *time, struct itimerspec *old),
    (file, flags, time, old))
WRAP(int, eventfd_read, (int file, eventfd_t *value), (file, value))
WRAP(int, eventfd_write, (int file, eventfd_t value), (file, value))
WRAP(int, poll, (struct pollfd *files, nfds_t number, int wait), (files, number, wait))
WRAP(int, sched_yield, (void), ())
WRAP(int, nanosleep, (const struct timespec *time, struct timespec *rest), (time, rest))
WRAP(
    int, clock_nanosleep,
    (clockid_t clock, int flags, const struct timespec *time, struct timespec *rest),
    (clock, flags, time, rest))
WRAP(
    void *, mmap,
    (void *address, size_t size, int protection, int flags, int file, off_t offset),
    (address, size, protection, flags, file, offset))
WRAP(int, munmap, (void *address, size_t size), (address, size))
WRAP(int, madvise, (void *address, size_t size, int advice), (address, size, advice))
WRAP(int, mincore, (void *address, size_t size, unsigned char *pages), (address, size, pages))
WRAP(int, msync, (void *address, size_t size, int flags), (address, size, flags))
WRAP(
    int, setsockopt, (int file, int level, int name, const void *value, socklen_t size),
    (file, level, name, value, size))
WRAP(
    int, getsockopt, (int file, int level, int name, void *restrict value, socklen_t *restrict size),
    (file, level, name, value, size))
WRAP(
    int, accept4, (int file, struct sockaddr *address, socklen_t *length, int flags),
    (file, address, length, flags))
WRAP(int, close, (int file), (file))

long syscall(long number, ...) {
    static long (*next)(long, ...);
    if (!next) next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    count(number == SYS_futex ? COUNT_futex : COUNT_syscall, 1);
    va_list rest;
    va_start(rest, number);
    long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long);
    long d = va_arg(rest, long), e = va_arg(rest, long), f = va_arg(rest, long);
    va_end(rest);
    return next(number, a, b, c, d, e, f);
}
