/// CRC-32C (Castagnoli), the checksum of etcd's log and snapshot files and of its hashes.

#ifndef SWIFT_ETCD_CRC32C_H
#define SWIFT_ETCD_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/// Extends a checksum by `count` bytes: the checksum of a concatenation is the second part's
/// update of the first part's checksum. Starts from 0; values equal those of hash/crc32.Update in
/// Go with the Castagnoli table. `bytes` may be null when `count` is 0.
///
/// Uses the processor's instruction (SSE 4.2, ARMv8 CRC) if available.
uint32_t crc32c_update(uint32_t crc, const void *bytes, size_t count);

/// The same with tables alone, for processors without the instruction and for tests.
uint32_t crc32c_update_by_table(uint32_t crc, const void *bytes, size_t count);

#endif
