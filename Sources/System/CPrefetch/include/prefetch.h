#ifndef SWIFT_ETCD_PREFETCH_H
#define SWIFT_ETCD_PREFETCH_H

/// Prefetches the cache line of an address that will be read. Never faults, whatever the address.
static inline void prefetch(const void *address) {
    __builtin_prefetch(address, 0, 3);
}

#endif
