// What the machine itself takes for the parts of a request that no program can leave out: a batch
// made durable, a message and its answer over the loopback, a copy. Prints one line for each:
// a name, microseconds that pass, microseconds of CPU time.
//
// Usage: limits DIRECTORY, on the disk that is asked about.
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
    RECORD_BYTES = 360,  // a put of 256 bytes as the log has it
    BATCH_RECORDS = 200,
    SYNCHRONIZATIONS = 1000,
    MESSAGES = 20000,
    COPIED_BYTES = 64 << 20,
};

static void check(int isRight, const char *what) {
    if (!isRight) {
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

// Appends to blocks that are written already, as the log does.
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
    off_t place = 0;
    for (int turn = 0; turn < SYNCHRONIZATIONS; turn++) {
        usleep(500);
        if (place + (off_t)bytes > FILE_BYTES) place = 0;
        double began = now(CLOCK_MONOTONIC), used = now(CLOCK_PROCESS_CPUTIME_ID);
        check(pwrite(file, zeros, bytes, place) == (ssize_t)bytes, "pwrite");
        check(fdatasync(file) == 0, "fdatasync");
        cpu += now(CLOCK_PROCESS_CPUTIME_ID) - used;
        times[turn] = now(CLOCK_MONOTONIC) - began;
        place += bytes;
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

// One process asks, another answers, each woken by the other.
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
    for (int turn = 0; turn < MESSAGES; turn++) {
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
    // Called through a variable, so that the compiler cannot see that nobody reads the copy.
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
    durable(arguments[1], "a record of 360 B written and made durable", RECORD_BYTES);
    durable(arguments[1], "200 of them together", RECORD_BYTES * BATCH_RECORDS);
    messages("a message taken and answered over the loopback");
    copies("256 KB copied that no cache holds");
    return 0;
}
