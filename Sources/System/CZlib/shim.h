#ifndef SWIFT_ETCD_CZLIB_SHIM_H
#define SWIFT_ETCD_CZLIB_SHIM_H

#include <zlib.h>

#endif
