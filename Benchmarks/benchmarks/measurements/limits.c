// Lower bounds of the machine for the parts of a request: a durable write of a batch, a round trip
// over the loopback, a copy. Prints a line for each: name, microseconds of time, microseconds of
// CPU time.
//
// Usage: limits DIRECTORY, on the disk to be measured.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    FILE_BYTES = 16 << 20,
    RECORD_BYTES = 360,  // a put of 256 bytes in the log
    BATCH_RECORDS = 200,
    SYNCHRONIZATIONS = 1000,
    MESSAGES = 20000,
    COPIED_BYTES = 64 << 20,
};

static void check(int isTrue, const char *what) {
    if (!isTrue) {
        perror(what);
        exit(1);
    }
}

static double now(clockid_t clock) {
    struct timespec time;
    check(clock_gettime(clock, &time) == 0, "clock_gettime");
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void report(const char *name, double passed, double cpu) {
    printf("%s\t%.2f\t%.2f\n", name, passed, cpu);
    fflush(stdout);
}

static int ascending(const void *one, const void *other) {
    double difference = *(const double *)one - *(const double *)other;
    return difference < 0 ? -1 : difference > 0;
}

// Overwrites allocated blocks, as the log does.
static void durable(const char *directory, const char *name, size_t bytes) {
    char path[4096];
    check(snprintf(path, sizeof path, "%s/limits.dat", directory) < (int)sizeof path, "path");
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    check(file >= 0, path);
    unlink(path);
    char *zeros = calloc(1, FILE_BYTES);
    check(write(file, zeros, FILE_BYTES) == FILE_BYTES && fsync(file) == 0, "write");
    static double times[SYNCHRONIZATIONS];
    double cpu = 0;
    off_t offset = 0;
    for (int round = 0; round < SYNCHRONIZATIONS; round++) {
        usleep(500);
        if (offset + (off_t)bytes > FILE_BYTES) offset = 0;
        double began = now(CLOCK_MONOTONIC), used = now(CLOCK_PROCESS_CPUTIME_ID);
        check(pwrite(file, zeros, bytes, offset) == (ssize_t)bytes, "pwrite");
        check(fdatasync(file) == 0, "fdatasync");
        cpu += now(CLOCK_PROCESS_CPUTIME_ID) - used;
        times[round] = now(CLOCK_MONOTONIC) - began;
        offset += bytes;
    }
    qsort(times, SYNCHRONIZATIONS, sizeof *times, ascending);
    report(name, times[SYNCHRONIZATIONS / 2], cpu / SYNCHRONIZATIONS);
    free(zeros);
    close(file);
}

static int connected(int listener, int isServer) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    check(getsockname(listener, (struct sockaddr *)&address, &length) == 0, "getsockname");
    int one = 1, end;
    if (isServer) {
        end = accept(listener, NULL, NULL);
        check(end >= 0, "accept");
    } else {
        end = socket(AF_INET, SOCK_STREAM, 0);
        check(connect(end, (struct sockaddr *)&address, length) == 0, "connect");
    }
    check(setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0, "setsockopt");
    return end;
}

// Requests and responses between two processes, each of which waits for the other.
static void messages(const char *name) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    check(bind(listener, (struct sockaddr *)&address, sizeof address) == 0, "bind");
    check(listen(listener, 1) == 0, "listen");
    pid_t child = fork();
    check(child >= 0, "fork");
    int isServer = child == 0, end = connected(listener, isServer), poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    check(epoll_ctl(poll, EPOLL_CTL_ADD, end, &event) == 0, "epoll_ctl");
    char buffer[4096] = {0};
    double began = now(CLOCK_MONOTONIC);
    for (int round = 0; round < MESSAGES; round++) {
        if (!isServer) check(write(end, buffer, RECORD_BYTES) == RECORD_BYTES, "write");
        check(epoll_wait(poll, &event, 1, -1) == 1, "epoll_wait");
        check(read(end, buffer, sizeof buffer) > 0, "read");
        if (isServer) check(write(end, buffer, 60) == 60, "write");
    }
    if (isServer) _exit(0);
    double passed = now(CLOCK_MONOTONIC) - began;
    check(waitpid(child, NULL, 0) == child, "waitpid");
    struct rusage others;
    getrusage(RUSAGE_CHILDREN, &others);
    double cpu = others.ru_utime.tv_sec * 1e6 + others.ru_utime.tv_usec +
                 others.ru_stime.tv_sec * 1e6 + others.ru_stime.tv_usec;
    report(name, passed / MESSAGES, cpu / MESSAGES);
}

static void copies(const char *name) {
    // A volatile pointer, so that the compiler cannot remove the unused copy.
    void *(*volatile copy)(void *, const void *, size_t) = memcpy;
    char *from = malloc(COPIED_BYTES), *to = malloc(COPIED_BYTES);
    check(from && to, "malloc");
    memset(from, 1, COPIED_BYTES);
    memset(to, 2, COPIED_BYTES);
    double began = now(CLOCK_MONOTONIC), used = now(CLOCK_PROCESS_CPUTIME_ID);
    copy(to, from, COPIED_BYTES);
    double pieces = (double)COPIED_BYTES / (256 << 10);
    report(name, (now(CLOCK_MONOTONIC) - began) / pieces,
           (now(CLOCK_PROCESS_CPUTIME_ID) - used) / pieces);
    free(from);
    free(to);
}

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: limits DIRECTORY\n");
        return 2;
    }
    durable(arguments[1], "durable write of a record of 360 B", RECORD_BYTES);
    durable(arguments[1], "durable write of 200 records", RECORD_BYTES * BATCH_RECORDS);
    messages("round trip over the loopback");
    copies("copy of 256 KB, not cached");
    return 0;
}
