#ifndef SWIFT_ETCD_CCRYPT_SHIM_H
#define SWIFT_ETCD_CCRYPT_SHIM_H

#include <crypt.h>

// Swift does not import a struct with members that large.
enum { CRYPT_DATA_BYTES = sizeof(struct crypt_data) };

#endif
